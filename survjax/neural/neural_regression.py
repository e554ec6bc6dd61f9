"""The one learner of networks: fit, predictions for each unit, intervals, a file."""

from __future__ import annotations

import math
from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from survjax.covariates.histories import taken_apart
from survjax.covariates.labels import take_labels
from survjax.covariates.table import read_table
from survjax.data.columns import ROWS_COUNT_FROM, refuse_different_indexes
from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution
from survjax.errors import BadRow
from survjax.fitting.estimation import unit_of_time
from survjax.fitting.existence import check_anything_failed, check_support
from survjax.fitting.fit import fit_distribution
from survjax.models.arguments import as_target, check_level, check_whole_number, taken_as_failed
from survjax.models.estimator import Estimator
from survjax.models.fit_in_words import rests_on
from survjax.models.habits import in_survjax_words
from survjax.models.intervals import limits_of_link
from survjax.models.kept_fit import KeptFit
from survjax.models.model import Model
from survjax.models.precision import in_double_precision
from survjax.models.predictions import PREDICTIONS, arguments_of, prediction_of
from survjax.models.regression import Regression
from survjax.models.regression_intervals import index_of_units
from survjax.models.unit_laws import unit_arguments
from survjax.models.unit_predictions import UnitPredictions
from survjax.neural.conformal import probabilities
from survjax.neural.members import codes_of
from survjax.neural.network import KINDS
from survjax.neural.neural_fit import NeuralFit, law_of_one
from survjax.neural.rows import rows_of
from survjax.numerics.pytrees import in_plain_numbers
from survjax.training import TrainingSettings

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

ENOUGH_MEMBERS = 10  # to tell their spread
BATCHES = 64  # an epoch, about, where there are rows enough


class NeuralRegression(UnitPredictions, KeptFit[NeuralFit], Estimator):
    """What every network over a lifetime distribution can do; each kind says which distribution, and what an ensemble makes of it."""

    formula: str | None
    network: str
    hidden: tuple[int, ...]
    dropout: float
    members: int
    resample: str
    optimiser: Any
    learning_rate: float | None
    weight_decay: float
    batch_size: int | None
    epochs: int
    patience: int
    calibrate: bool
    seed: int
    _kind: ClassVar[type[Distribution]]
    _tail: ClassVar[str]
    labels_of_landmarks = "unit"

    def _template(self, life: Lifetimes) -> Distribution:
        raise TypeError(f"{type(self).__name__} owes _template(life): the law whose coordinates the network gives.")

    def _trained_as(self, template: Any) -> Any:
        """The law, of the same coordinates, with which networks are trained."""
        return template

    @staticmethod
    def _law_of(template: Any, coordinates: Any) -> Any:
        raise TypeError("a kind of network owes _law_of(template, coordinates): the law that an ensemble (k, p) gives to a unit.")

    @staticmethod
    def _shown(law: Any) -> Distribution:
        """The law of an ensemble as it is known by name."""
        return law

    # ---- learning

    @in_survjax_words
    @in_double_precision
    def fit(self, X: Any, y: Any = None, *, unit: Any = None, progress: bool = False) -> Self:
        """Train the networks, each stopped by units that it does not learn from.

        Parameters
        ----------
        X : (n, m) what is known of each unit: data frame, array, or mapping of columns. For a recurrent or convolutional network an array
            (n, window, channels) of the last readings of each row, the latest last; or, with what is known of each row beside them, a
            ``ReadingWindows``.
        y : a ``Lifetimes`` with n rows, or a structured array (event, time); failures within intervals, late entry and weights are taken.
        unit : (n,) labels of the units that rows belong to, or the name of a column of X, which is then no covariate: rows of one unit are
            held out together. A row says what happened from its ``entry`` on to a unit known by its row of X. ``Landmarks`` bring X, y
            and unit: ``fit(landmarks)``.
        progress : whether to show a bar on standard error.

        Raises
        ------
        TypeError, ValueError : malformed data or settings; missing or constant columns; rows of X and y that do not match; too few units.
        BadRow : right truncation.
        NoFiniteMaximum : the lifetimes alone have no fit to begin from.
        NotConverged : a network diverged before it was better than at the start. One that diverges later is kept as it was at its best,
            and a note says so.

        A fit that raises leaves the model as it was.
        """
        from survjax.neural.ensemble import train_ensemble

        life = as_target(X, y)
        X, (unit,) = take_labels(X, (), unit=unit)
        settings = self._settings(len(life))
        template = self._template(life)
        check_support(template, life)
        check_anything_failed(life)
        n = X.shape[0] if np.ndim(X) == 3 else read_table(X).n
        if n != len(life):
            raise ValueError(f"X has {n} rows and y {len(life)}; they must be of the same units in the same order.")
        rows_of(life, 1.0)
        codes = codes_of(unit, n)
        univariate = fit_distribution(template, life, seed=self.seed)
        fit = train_ensemble(self, settings, template, univariate, X, life, codes, unit_of_time(template, life), progress)
        fit.notes[:0] = taken_as_failed(y)
        self._fit = fit
        return self

    def _settings(self, n: int) -> TrainingSettings:
        """The settings of the training, once all arguments are found to make sense."""
        if self.network not in KINDS:
            raise ValueError(f"network must be one of {', '.join(map(repr, KINDS))}; got {self.network!r}.")
        if not isinstance(self.hidden, (tuple, list)):
            raise ValueError(f"hidden must be the sizes of the hidden layers, for instance (32,) or (); got {self.hidden!r}.")
        for size in self.hidden:
            check_whole_number(size, "each size of hidden", 1)
        if self.network != "perceptron" and not self.hidden:
            raise ValueError(f"a {self.network} network needs a hidden layer: hidden=(16,).")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be a share from 0 to below 1; got {self.dropout!r}.")
        check_whole_number(self.members, "members", 1)
        if self.resample not in ("folds", "bootstrap"):
            raise ValueError(f'resample must be "folds" or "bootstrap"; got {self.resample!r}.')
        batch = min(max(32, 2 ** round(math.log2(max(n / BATCHES, 1.0)))), 256) if self.batch_size is None else self.batch_size
        patience = check_whole_number(self.patience, "patience", 1)
        return TrainingSettings(self.optimiser, self.learning_rate, self.weight_decay, batch, self.epochs, patience)

    # ---- what was learned

    def __repr__(self) -> str:
        """The constructor's call; once fitted also what the fit rests on. Weights of networks are not for reading."""
        fit = self._fit
        if fit is None:
            return self.constructor()
        networks = f", {fit.n_members} networks" if fit.n_members > 1 else ", 1 network"
        return f"{self.constructor()} {rests_on(self._counted(fit.n_units, fit.n_failed), fit.log_likelihood, networks)}"

    @property
    def learning_curve_(self) -> pd.DataFrame:
        """A row a network and epoch: ``member``, ``epoch``, ``training_loss`` and ``validation_loss`` (minus the log-likelihood a row, or
        unit of weight, densities being per unit of the user's time: minus ``score``), ``seconds``. Epoch 0 is the start, the distribution
        fitted to the lifetimes alone.
        """
        return self._fitted.curve.copy()

    @property
    def log_likelihood_(self) -> float:
        """Of the lifetimes learned from, under the ensemble as it predicts."""
        return self._fitted.log_likelihood

    @property
    def notes_(self) -> list[str]:
        """What the reader of this fit should know, in sentences."""
        return list(self._fitted.notes)

    def plot_learning_curve(self, *, ax: Axes | None = None, label: str | None = None, color: Any = None) -> Axes:
        """The loss of each epoch, of rows learned from and of units held out; a dot marks the epoch kept: with ``matplotlib``."""
        from survjax.plotting import plot_learning_curve

        said = "minus log-likelihood a row"
        return plot_learning_curve(self._fitted.curve, said=said, ax=ax, label=label, color=color)

    # ---- predictions

    @in_double_precision
    def _predict(self, name: str, X: Any, **arguments: Any) -> np.ndarray:
        refuse_different_indexes(X=X, age=arguments.get("age"))
        fit = self._fitted
        inside = fit.inputs.inside(X)
        columns, shape = unit_arguments(len(inside), 0.0, **arguments)
        answer = fit.predict(self._law_of, PREDICTIONS[name].value, inside, columns)
        lost = np.flatnonzero(np.isnan(answer.reshape(len(inside), -1)).any(axis=1))
        if lost.size:
            remedy = "Look at these rows for a wrong unit or a typing error, or leave them out."
            raise BadRow(
                f"row {lost[0]} of X lies so far from all that the networks have learned from that its hazard is no number "
                f"({lost.size:,} such rows; {ROWS_COUNT_FROM}). {remedy}",
                rows=lost,
                remedy=remedy,
            )
        return answer.reshape(shape)

    @in_double_precision
    def of(self, X: Any) -> Model:
        """The distribution of one unit, X of one row, as a model with everything known: for its curves and pictures.

        Raises
        ------
        ValueError : X has not one row; the model learned from landmarks with a horizon.
        """
        import jax

        self._refuse_without_end("the distribution of one unit")

        fit = self._fitted
        inside = fit.inputs.inside(X)
        if len(inside) != 1:
            raise ValueError(f"of(X) is of one unit, and X has {len(inside)} rows: pass one, for instance X.iloc[[3]].")
        law = self._law_of(fit.template, jax.numpy.asarray(fit.coordinates(inside)[0]))
        return Model(in_plain_numbers(self._shown(law)))

    @in_double_precision
    def predict_rul_interval(self, X: Any, age: Any = 0.0, level: float = 0.95, method: str = "model") -> pd.DataFrame:
        """An interval for the remaining life of each unit itself.

        Parameters
        ----------
        X : (n, m) covariates. age : one number, or (n,). level : the probability that the life is to end within.
        method : "model": between two quantiles of the law that the ensemble gives to the unit; it holds as far as that law does, and of the
            uncertainty of what was learned it has only what the networks differ by. "conformal": between the two quantiles between
            which that share of units held out came to lie, each asked at its own entry, whatever the law is worth. That holds for new
            units drawn as those were and asked at such ages (0, or where rows entered at a reading, that), on average over units, not for
            every X; rows of one unit depend on each other, which it does not count; with censoring it rests on large numbers, and on
            observation ending for reasons that have nothing to do with life or X.

        Returns
        -------
        DataFrame with ``lower`` and ``upper``, one row a unit, with the index of X if it has one. ``upper`` is infinite in a conformal
        interval where too few units held out were followed long enough to say more.

        Raises
        ------
        ValueError : conformal, where held-out units cannot tell (failures within intervals; rows that are stretches of one life).
        """
        import pandas as pd

        check_level(level)
        if method not in ("model", "conformal"):
            raise ValueError(f'method must be "model" or "conformal"; got {method!r}.')
        told = self._fitted.told
        if method == "conformal" and told.reason:
            raise ValueError(f'there is no conformal interval: {told.reason}. method="model" gives that of the law.')
        shares = (0.5 * (1 - level), 0.5 * (1 + level)) if method == "model" else probabilities(told, level)
        bounds = {
            name: self._predict("rul_quantile", X, age=age, kind=share) for name, share in zip(("lower", "upper"), shares, strict=True)
        }
        self._within_horizon("rul_quantile", {"age": age}, bounds["upper"], endless_is_unknown=method == "conformal")
        return pd.DataFrame(bounds, index=getattr(X, "index", None))

    @in_double_precision
    def interval(
        self, what: str, X: Any = None, *at: Any, level: float = 0.95, method: str = "bootstrap", side: str = "two", **keywords: Any
    ) -> pd.DataFrame:
        """Estimate and limits of a prediction for each unit, from the spread of networks that learned from units drawn anew.

        It needs ``resample="bootstrap"`` and ten members or more. The limits are those of Student's t with members - 1 degrees of freedom,
        about the ensemble's prediction, on its scale without ends. ``level`` is how often they hold what such networks come to on average
        over draws of units, starts and orders of batches. It is not how often they hold the truth: networks stopped early lie between
        it and the average unit, and that no spread tells. Of ten networks of 1,200 units, limits at 95 % held what such networks come to
        94 to 98 % of the time, and the true survival 68 to 76 % (``NeuralHazard``) and 81 to 90 % (``NeuralMixture``) of the time
        (24 data sets, 300 units, three ages: benchmarks/neural_interval.md).

        Parameters
        ----------
        what : with X and exactly the arguments of that prediction: ("survival", X, times), ("failure_probability", X, age, horizon),
            ("rul", X, age, horizon=100.0), ("quantile", X, p), …
        level : of another training. side : "two", or "lower" or "upper" for a one-sided bound.

        Returns
        -------
        DataFrame with ``estimate``, ``lower``, ``upper``, as ``ProportionalHazards.interval`` has them.

        Raises
        ------
        ValueError : too few networks, or networks that learned from folds, whose spread tells nothing.
        """
        check_level(level)
        fit = self._fitted
        if method != "bootstrap":
            raise ValueError(f'intervals of networks are made by method="bootstrap" (the spread of the ensemble); got {method!r}.')
        if side not in ("two", "lower", "upper"):
            raise ValueError(f'side must be "two", "lower" or "upper"; got {side!r}.')
        if self.resample != "bootstrap" or fit.n_members < ENOUGH_MEMBERS:
            raise ValueError(
                f"an interval of {what} is the spread of networks that learned from units drawn anew, and these are {fit.n_members} of "
                f'resample={self.resample!r}: fit with resample="bootstrap", members={2 * ENOUGH_MEMBERS}. For the life of a unit itself '
                "there is predict_rul_interval."
            )
        if X is None:
            raise TypeError(f"the interval of {what} is one of units: pass X, what is known of them, then the arguments.")
        name, arguments = arguments_of(what, at, keywords)
        prediction = prediction_of(name, fit.template)
        inside = fit.inputs.inside(X)
        columns, shape = unit_arguments(len(inside), 0.0, **arguments)
        links = [fit.predict(law_of_one, prediction.link, inside, columns, member=k) for k in range(fit.n_members)]
        middle = fit.predict(self._law_of, prediction.link, inside, columns)
        spread = np.std(links, axis=0, ddof=1).reshape(-1)
        table = limits_of_link(prediction, middle.reshape(-1), spread, level, side, degrees=fit.n_members - 1)
        table.index = index_of_units(len(inside), shape, getattr(X, "index", None))
        return self._limits_within_horizon(table, what, at, keywords)

    # ---- what a covariate does

    @in_double_precision
    def partial_effect(self, column: Hashable, at: Any, values: Any = None, what: str = "rul", **asked: Any) -> pd.DataFrame:
        """What one covariate does: the mean prediction of units, each with this covariate at a value and all else as it is.

        It is what the networks say (partial dependence: Friedman 2001, Annals of Statistics 29, section 8.2), not what changing the
        covariate would do; where it goes with others, some of the units so made are such as nobody has seen.

        Parameters
        ----------
        column : name of a covariate, as X has it. at : units, as X; of more than 256 every so many-th.
        values : of the column. None: every level; of numbers up to 12 different ones in ``at``, else 41 from the 1 % to the 99 % quantile.
        what : "rul", or any other prediction that ``interval`` knows, its arguments by name: ``what="survival", t=100.0``. An age is one
            number; several times are asked one by one.

        Returns
        -------
        DataFrame by value, where several times were asked by value and position of the time: ``estimate``, of the ensemble; ``lower`` and
        ``upper``, the least and the largest that one of its networks alone says, which is no confidence interval.

        Raises
        ------
        ValueError : no such covariate; no values to be had from ``at``; networks that read windows alone; an age for each unit.
        """
        from survjax.neural.partial_dependence import partial_dependence

        return partial_dependence(self, column, at, values, what, asked)[0]

    @in_double_precision
    def plot_partial_effect(
        self,
        column: Hashable,
        at: Any,
        values: Any = None,
        what: str = "rul",
        *,
        ax: Axes | None = None,
        label: str | None = None,
        color: Any = None,
        **asked: Any,
    ) -> Axes:
        """``partial_effect`` as a picture, with a band over what single networks say: with ``matplotlib``."""
        from survjax.covariates.reading_windows import ReadingWindows
        from survjax.neural.partial_dependence import partial_dependence
        from survjax.plotting.partial_effects import draw_effect

        effect, numbers = partial_dependence(self, column, at, values, what, asked)
        band = f"mean of units; band: range of {self._fitted.n_members} networks"
        known = at.known if isinstance(at, ReadingWindows) else at
        return draw_effect(effect, numbers, self, column, known, what, band, asked, ax=ax, label=label, color=color)

    # ---- likelihood

    @in_double_precision
    def log_likelihood(self, X: Any, y: Any = None) -> float:
        """The log-likelihood of any units under the ensemble; X may be a ``History``."""
        X, y, _ = taken_apart(X, y)
        fit, life = self._fitted, as_target(X, y)
        check_support(fit.template, life)
        inside = fit.inputs.inside(X)
        if len(inside) != len(life):
            raise ValueError(f"X has {len(inside)} rows and y {len(life)}; they must be of the same units in the same order.")
        return float(life.counts() @ fit.log_probabilities(self._law_of, inside, rows_of(life, 1.0)))

    def score(self, X: Any, y: Any = None, *, unit: Any = None) -> float:
        """Log-likelihood per unit (of weight): what a grid search maximises. X may be a ``History``; without unit each row is one."""
        X, y, unit = taken_apart(X, y, unit)
        life = as_target(X, y)
        _, (unit,) = take_labels(X, (), unit=unit)
        return self.log_likelihood(X, life) / (life.n_units if unit is None else Regression._n_units(unit, life))

    # ---- a file

    def save(self, path: str | Path) -> None:
        """Write the fitted model to a JSON file that ``sj.load`` reads; the lifetimes are not in it.

        Raises
        ------
        TypeError : an optimiser of optax, which no file can hold. FileNotFoundError, IsADirectoryError : no such folder; it is one.
        """
        from survjax.neural.neural_file import write_network

        write_network(self, Path(path))

    @classmethod
    def _from_content(cls, content: dict[str, Any]) -> NeuralRegression:
        from survjax.neural.neural_file import restore_network

        return restore_network(cls, content)
