"""Which distribution? Every candidate fitted to the same lifetimes, side by side."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import LAWS, Distribution, PiecewiseExponential, RoystonParmar
from survjax.errors import NoFiniteMaximum, NotConverged
from survjax.fitting.causes import is_labelled
from survjax.models import NAMED_MODELS, Model, WeibullMixture
from survjax.models.arguments import as_lifetimes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

WIDTH = 118
WORKERS = 2  # compiling is most of a first comparison, and it runs beside itself
# of the laws those are left out that need settings of their own
ALL = tuple(law.__name__ for law in LAWS if law not in (PiecewiseExponential, RoystonParmar))
BY_NAME = {name: NAMED_MODELS[name] for name in ALL} | {"WeibullMixture": WeibullMixture}


@dataclass
class Comparison:
    """The fits of several candidates to the same lifetimes.

    Attributes
    ----------
    life : the lifetimes.
    models : the fitted candidates by name, lowest AIC first.
    left_out : why the others have no fit, by name.
    table : one row a candidate, by AIC: ``log_likelihood``, ``n_parameters`` learned, ``aic``, ``aicc`` and ``bic`` (n is the number of
        units), ``delta_aic`` to the best, ``parameters`` written out, and ``left_out``, empty for what was fitted.
    """

    life: Lifetimes
    models: dict[str, Model]
    left_out: dict[str, str]

    @property
    def best(self) -> Model:
        """The candidate of the lowest AIC."""
        if not self.models:
            raise ValueError("no candidate could be fitted; see left_out.")
        return next(iter(self.models.values()))

    @property
    def table(self) -> pd.DataFrame:
        import pandas as pd

        n = self.life.n_units
        rows = {}
        for name, model in self.models.items():
            p = model._fitted.n_learned
            rows[name] = {
                "log_likelihood": model.log_likelihood_,
                "n_parameters": p,
                "aic": model.aic_,
                # Hurvich & Tsai (1989); without meaning where there are no more units than parameters
                "aicc": model.aic_ + 2 * p * (p + 1) / (n - p - 1) if n > p + 1 else np.inf,
                "bic": model.bic_,
                "parameters": ", ".join(f"{label}={value:.5g}" for label, value in model.parameters_.items()),
                "left_out": "",
            }
        table = pd.DataFrame.from_dict(rows, orient="index")
        if len(table):
            table.insert(5, "delta_aic", table["aic"] - table["aic"].min())
        missing = pd.DataFrame({"left_out": self.left_out}, dtype=object)
        both = pd.concat([table, missing]) if len(missing) else table
        return both.astype({"n_parameters": "Int64"}) if len(table) else both

    def _repr_html_(self) -> str:
        reasons = "".join(f"<li>{escape(name)}: {escape(reason)}</li>" for name, reason in self.left_out.items())
        table = self._of_the_fitted().to_html(float_format=lambda value: f"{value:.2f}")
        return table + (f"<p>Left out:</p><ul>{reasons}</ul>" if reasons else "")

    def __repr__(self) -> str:
        """The table in 120 columns, and below it, since they are sentences, the reasons for which candidates were left out."""
        lines = []
        if self.models:
            shown = self._of_the_fitted()
            others = shown.drop(columns="parameters").to_string(float_format=lambda value: f"{value:.2f}").split("\n")
            room = WIDTH - len(others[0]) - 2
            written = ["parameters", *shown["parameters"]]
            lines += [
                f"{row}  {textwrap.shorten(said, max(room, 30), placeholder=' …')}" for row, said in zip(others, written, strict=True)
            ]
        lines += ["left out:"] if self.left_out else []
        for name, reason in self.left_out.items():
            lines += textwrap.wrap(f"{name}: {reason}", WIDTH, initial_indent="  ", subsequent_indent="    ")
        return "\n".join(lines)

    def _of_the_fitted(self) -> pd.DataFrame:
        shown = self.table.loc[list(self.models)].drop(columns="left_out")
        return shown.rename(columns={"n_parameters": "n_par"})

    def plot(self, most: int = 4, *, ax: Axes | None = None, label: str | None = None, color: Any = None) -> Axes:
        """The survival curves of the best candidates over Kaplan–Meier.

        label, color : what the legend says before each candidate, and one colour for all, told apart by their styles, or a list.
        """
        from survjax.plotting import plot_candidates

        return plot_candidates(dict(list(self.models.items())[:most]), self.life, ax=ax, label=label, color=color)


def compare(
    candidates: Literal["all"] | Sequence[Model | Distribution | str] | Mapping[str, Model | Distribution],
    durations: Any,
    event_observed: Any = None,
    *,
    entry: Any = None,
    weights: Any = None,
    progress: bool = True,
) -> Comparison:
    """Fit several candidates to the same lifetimes and put them side by side.

    Parameters
    ----------
    candidates : ``"all"`` for every distribution with parameters of its own, or a list of learners, of distributions
        or of their names, or a dictionary of them by any name. Learners are fitted as copies; those given stay as they are.
    durations, event_observed, entry, weights : a ``Lifetimes``, or (n,) columns as for ``Model.fit``.
    progress : whether to show a bar on standard error once it takes longer than a second.

    Criteria compare distributions fitted to the same lifetimes only; differences in AIC below about 2 mean little, and the best of
    several poor candidates is still poor: look at the picture.

    Raises
    ------
    TypeError : a candidate that is no learner of a distribution; for regressions there is ``sj.cross_validate``.
    ValueError : no candidates, an unknown name, two candidates of one name; candidates by cause beside others, where
        causes are told; what ``Model.fit`` says of the data themselves.

    A candidate that the data cannot be fitted with is left out, with the reason.
    """
    learners = _named(candidates)
    life = as_lifetimes(durations, event_observed, entry, weights)
    _refuse_labels_beside_none(learners, life)
    fitted: dict[str, Model] = {}
    left_out: dict[str, ValueError | NotConverged] = {}
    with ThreadPoolExecutor(WORKERS) as pool, _bar(len(learners), progress) as bar:
        waiting = {pool.submit(_fit, learner, life): name for name, learner in learners.items()}
        try:
            for done in as_completed(waiting):
                name = waiting[done]
                try:
                    fitted[name] = done.result()
                except (NoFiniteMaximum, NotConverged, ValueError) as error:
                    left_out[name] = error
                bar.update()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)  # leaving the pool would first fit all that wait
            raise
    if not fitted and not any(isinstance(error, (NoFiniteMaximum, NotConverged)) for error in left_out.values()):
        raise next(iter(left_out.values()))  # it is the data that are wrong, whatever the candidate
    order = sorted(fitted, key=lambda name: (fitted[name].aic_, name))
    return Comparison(life, {name: fitted[name] for name in order}, {name: str(left_out[name]) for name in learners if name in left_out})


def _fit(learner: Model, life: Lifetimes) -> Model:
    return type(learner)(**learner.get_params(deep=False)).fit(life)


def _named(candidates: Any) -> dict[str, Model]:
    candidates = _learned(candidates)
    if isinstance(candidates, str):
        if candidates != "all":
            raise ValueError(f'candidates must be "all", or a list of learners; got {candidates!r}.')
        candidates = ALL
    if isinstance(candidates, Mapping):
        for name, learner in candidates.items():
            _refuse_no_learner(learner, f"candidate {name!r}", "a learner, such as sj.Weibull()")
        return dict(candidates)
    named: dict[str, Model] = {}
    for candidate in candidates:
        learner = _by_name(candidate) if isinstance(candidate, str) else candidate
        _refuse_no_learner(learner, "a candidate", "a learner, such as sj.Weibull(), or its name")
        name = _called(learner)
        if name in named:
            raise ValueError(f"two candidates are called {name}; pass a dictionary to name them yourself.")
        named[name] = learner
    if not named:
        raise ValueError('there are no candidates; pass "all" or a list of learners.')
    return named


def _refuse_no_learner(learner: Any, who: str, expected: str) -> None:
    if hasattr(learner, "predict_survival"):
        raise TypeError(
            f"{who} is a {type(learner).__name__}, and criteria compare distributions of all units alike. Regressions are compared by what "
            "they say of units held out, distributions beside them: sj.cross_validate([model, sj.Weibull(), ...], X, life)."
        )
    if not isinstance(learner, Model):
        raise TypeError(f"{who} must be {expected}; got {learner!r:.60}.")


def _learned(candidates: Any) -> Any:
    """The same candidates, with the learner of each that is a distribution."""
    if isinstance(candidates, str):
        return candidates
    if isinstance(candidates, Mapping):
        return {name: Model(one) if isinstance(one, Distribution) else one for name, one in candidates.items()}
    return [Model(one) if isinstance(one, Distribution) else one for one in candidates]


def _called(learner: Model) -> str:
    """A learner's call without empty brackets; of a distribution without a learner of its own, that of the distribution."""
    call = learner.constructor()
    if type(learner) is Model:
        call = call.removeprefix("Model(distribution=").removesuffix(")")
    return call.removesuffix("()")


def _by_name(name: str) -> Model:
    found = {known.lower(): learner for known, learner in BY_NAME.items()}.get(name.lower())
    if found is None:
        raise ValueError(f"no distribution goes by the name {name!r} alone; pass a learner, or one of {', '.join(BY_NAME)}.")
    return found()


def _refuse_labels_beside_none(learners: Mapping[str, Model], life: Lifetimes) -> None:
    """Refuse to rank likelihoods of ages with those of ages and causes."""
    labelled = [is_labelled(learner._template()) for learner in learners.values()]
    if life.cause is not None and any(labelled) and not all(labelled):
        names = ", ".join(name for name, told in zip(learners, labelled, strict=True) if told)
        raise ValueError(
            f"{names} describes ages and causes, the other candidates ages alone: their likelihoods are of different data, and no "
            "criterion compares them. Compare candidates with causes among themselves, and those without (CompetingRisks of a list) "
            "among themselves."
        )


def _bar(total: int, shown: bool) -> Any:
    from tqdm import tqdm  # not tqdm.auto, which warns in every notebook that has no widgets, even of a bar not shown

    return tqdm(total=total, desc="candidates fitted", delay=1.0, leave=False, file=sys.stderr, disable=None if shown else True)
