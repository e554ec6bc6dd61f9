"""From lifetimes and what is known of units to a trained, calibrated ensemble."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution
from survjax.fitting.estimation import Fit
from survjax.models.outcome import refuse_outcome_in
from survjax.models.predictions import PREDICTIONS
from survjax.neural.conformal import held_out, nothing
from survjax.neural.inputs import Table, WindowsBeside, learn_inputs
from survjax.neural.members import Members, draw
from survjax.neural.network import create
from survjax.neural.neural_fit import REFUTED, NeuralFit, calibrated, in_unit, law_of_one, levels_of
from survjax.neural.rows import log_probabilities, network_loss, rows_of, told_by
from survjax.training import Trained, TrainingSettings, train_members

FEW = 0.05  # of lives, beyond the last age seen
SPREAD = (
    "interval() is of what another draw of units and another training would change, no confidence interval of the truth: networks stopped "
    "early lean towards the average unit. In a simulation limits at 95 % held the true survival 68 to 90 % of the time."
)

if TYPE_CHECKING:
    import pandas as pd

    from survjax.neural.neural_regression import NeuralRegression


def train_ensemble(
    model: NeuralRegression,
    settings: TrainingSettings,
    template: Distribution,
    univariate: Fit,
    X: Any,
    life: Lifetimes,
    codes: np.ndarray,
    scale: float,
    progress: bool,
) -> NeuralFit:
    """The ensemble that the arguments of ``model`` ask for.

    Parameters
    ----------
    univariate : the fit to the lifetimes alone, at which networks begin.
    codes : (n,) unit of each row. scale : the unit of time inside.

    Raises
    ------
    TypeError, ValueError : X that cannot be read; too few units. NotConverged : a network diverged at once.
    """
    counts, told = life.counts(), told_by(life)
    inputs = learn_inputs(X, model.formula, model.network != "perceptron", counts)
    if isinstance(inputs, Table):
        refuse_outcome_in(inputs.design, inputs.design.matrix(X), life)
    if isinstance(inputs, WindowsBeside):
        refuse_outcome_in(inputs.table.design, inputs.table.design.matrix(X.known), life)
    inside = inputs.inside(X)
    members = draw(codes, np.isfinite(life.upper), told, model.members, model.resample, model.seed)
    p = template.n_coordinates()
    networks = create(model.network, inputs.shape, p, tuple(model.hidden), model.dropout, model.seed, model.members)
    trained_as = model._trained_as(template).rescaled(1.0 / scale)
    loss = jax.tree_util.Partial(network_loss, trained_as, in_unit(template, univariate.coordinates, 1.0 / scale))
    trained = train_members(
        loss,
        networks,
        rows_of(life, scale) | {"x": inside},
        training=members.training,
        held_out=members.held_out,
        settings=settings,
        weights=counts,
        seed=model.seed,
        progress=progress,
    )
    fit = NeuralFit(
        inputs=inputs,
        template=template,
        start=univariate.coordinates,
        networks=jax.tree.map(lambda *arrays: np.stack(arrays), *[one.parameters for one in trained]),
        level=0.0,
        curve=_curve(trained, members, np.log(scale) * life.event_observed, counts),
        log_likelihood=0.0,
        n_units=life.n_units,
        n_failed=life.n_failed,
        last=float(np.where(np.isfinite(life.upper), life.upper, life.lower).max()),
        told=nothing("none was asked for"),
        notes=_notes(trained, model),
    )
    _learn_from_held_out(fit, model, inside, life, members, codes)
    kept = np.flatnonzero(told)
    own = fit.log_probabilities(model._law_of, inside[kept], rows_of(life[kept], 1.0))
    fit.log_likelihood = float(counts[kept] @ own)
    fit.notes += _beyond(fit, model, inside[kept], counts[kept])
    return fit


def _curve(trained: list[Trained], members: Members, moved: np.ndarray, counts: np.ndarray) -> pd.DataFrame:
    """All curves, in the user's unit of time; ``moved`` (n,): what a row's loss is more there than in the unit of training."""
    import pandas as pd

    curves = []
    for number, one in enumerate(trained):
        rows = {"training_loss": members.training[number], "validation_loss": members.held_out[number]}
        losses = {name: one.curve[name] + np.average(moved[own], weights=counts[own]) for name, own in rows.items()}
        curves.append(one.curve.assign(member=number, **losses))
    together = pd.concat(curves, ignore_index=True)
    return together[["member", *[name for name in together.columns if name != "member"]]]


def _notes(trained: list[Trained], model: NeuralRegression) -> list[str]:
    epochs = ", ".join(str(one.best_epoch) for one in trained)
    held = "units of a fold that it did not learn from" if model.resample == "folds" else "units that its bootstrap did not draw"
    notes = [f"{len(trained)} networks in single precision, each kept at the epoch of the least loss of {held}: {epochs}."]
    for number, one in enumerate(trained):
        if one.diverged:
            notes.append(f"network {number} {one.reason}.")
        elif one.best_epoch == 0:
            notes.append(f"network {number} was never better than at its start, the distribution fitted to the lifetimes alone.")
        elif not one.reason.startswith("no better"):
            notes.append(f"network {number} was still stopped by the number of epochs ({one.reason}): more may bring more.")
    return notes + ([SPREAD] if model.resample == "bootstrap" else [])


def _beyond(fit: NeuralFit, model: NeuralRegression, inside: np.ndarray, counts: np.ndarray) -> list[str]:
    """What is to be said of lives that reach where nobody was seen."""
    last = [np.full((len(inside), 1), fit.last)]
    share = float(counts @ fit.predict(model._law_of, PREDICTIONS["survival"].value, inside, last)[:, 0] / counts.sum())
    if share < FEW:
        return []
    return [
        f"{100 * share:.0f} % of such lives reach beyond {fit.last:g}, the last age seen, where {model._tail}: expected lives rest on "
        "that. With a horizon, predict_rul(X, age, horizon=...), they need not."
    ]


def _learn_from_held_out(
    fit: NeuralFit, model: NeuralRegression, inside: np.ndarray, life: Lifetimes, members: Members, codes: np.ndarray
) -> None:
    """Calibrate the fit, and keep what conformal intervals need, by the predictions of each network for units that it did not see."""
    own = np.concatenate([fit.coordinates_of_member(member, inside[rows]) for member, rows in enumerate(members.held_out)])
    rows = np.concatenate(members.held_out)
    times = np.bincount(rows, minlength=len(life))[rows]
    seen = life[rows]
    seen = seen._with(weights=seen.counts() / times)
    columns = rows_of(seen, 1.0)
    if model.calibrate:
        level, refuted = calibrated(fit.template, own, columns, seen.counts(), codes[rows])
        if refuted > REFUTED:
            fit.level = level
            own = own + level * levels_of(fit.template)
            fit.notes.append(
                f"calibrated: units held out failed at {np.exp(level):.3g} times the rates predicted for them (chi-squared {refuted:.1f}), "
                "and all predictions are corrected by that."
            )
        else:
            fit.notes.append(
                f"units held out do not refute the level of the predicted rates (chi-squared {refuted:.1f} for a factor of "
                f"{np.exp(level):.3g}), so that none is applied."
            )
    if _are_stretches(life, codes):
        fit.told = nothing("rows are stretches of one life, which end where the next begins")
        return
    entered = rows_of(seen._with(upper=np.full(len(seen), np.inf)), 1.0)
    fit.told = held_out(seen, -np.expm1(log_probabilities(law_of_one, fit.template, own, entered)))


def _are_stretches(life: Lifetimes, codes: np.ndarray) -> bool:
    """Whether some row ends, unfailed, where another of its unit begins."""
    if life.entry is None:
        return False
    begins = set(zip(codes.tolist(), life.entry.tolist(), strict=True))
    running = np.isinf(life.upper)
    return any(end in begins for end in zip(codes[running].tolist(), life.lower[running].tolist(), strict=True))
