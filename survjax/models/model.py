"""The one learner: fit, predict, intervals, tables. Every named model is this one over its own distribution."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, cast

import jax
import numpy as np

from survjax.blocks import map_rows
from survjax.columns import index_of
from survjax.distributions import Distribution
from survjax.errors import NotFitted
from survjax.estimation import Fit, fully_known, log_likelihood
from survjax.existence import check_support
from survjax.fitting import fit_distribution
from survjax.inference import at_estimate, remaining_life_bound
from survjax.lifetimes import Lifetimes
from survjax.models.arguments import as_lifetimes, check_level, check_whole_number, prediction_arguments, says_nothing
from survjax.models.estimator import Estimator
from survjax.models.intervals import interval_of_parameters, interval_of_prediction, profile_of_parameters
from survjax.models.precision import in_double_precision
from survjax.models.predictions import (
    age_at_cumulative_hazard,
    arguments_of,
    density_on_path,
    hazard_and_derivatives,
    no_arguments,
    prediction_of,
    rul_arguments,
    values_on_path,
)
from survjax.models.template import as_template
from survjax.prior import Prior, prior_in_words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.animation import FuncAnimation
    from matplotlib.axes import Axes

    from survjax.goodness import GoodnessOfFit
    from survjax.plotting.probability_paper import Points

Side = Literal["two", "lower", "upper"]
SAME_DATA = 1e-7  # of a log-likelihood: far more than the digits of a model file lose, far less than other data would


class Model(Estimator):
    """A learner for any distribution.

    Parameters
    ----------
    distribution : a ``survjax.distributions.Distribution``; its parameters that are None are learned, the others known.

    A model with nothing to learn counts as fitted. What ``fit`` learned ends in an underscore.

    Examples
    --------
    >>> import survjax as sj
    >>> model = sj.Model(sj.distributions.Weibull(shape=2.0)).fit([33, 44, 52], [1, 0, 1])
    """

    distribution: Distribution
    _fit: Fit | None = None
    lifetimes_: Lifetimes | None = None

    def __init__(self, distribution: Distribution) -> None:
        self.distribution = distribution

    def _template(self) -> Distribution:
        return as_template(self.distribution)

    def _search(self) -> dict[str, Any]:
        """How to search where a likelihood has several maxima; a model without such a search has nothing to say."""
        return {}

    # ---- learning

    @in_double_precision
    def fit(
        self,
        durations: Any,
        event_observed: Any = None,
        *,
        entry: Any = None,
        weights: Any = None,
        resolution: Any = None,
        prior: Mapping[str, Prior | tuple[float, float]] | None = None,
        require_convergence: bool = True,
    ) -> Self:
        """Learn what the constructor leaves open, by maximum likelihood.

        Parameters
        ----------
        durations : a ``Lifetimes``, or (n,) ages as for ``Lifetimes``; or scikit-learn's X, which is not looked at, when the
            next argument is y: a ``Lifetimes`` or a structured array (event, time).
        event_observed, entry, weights : (n,), as for ``Lifetimes``.
        resolution : of the records, one number or (n,), in the unit of the ages: a failure at an age is one within half of it to
            either side (``Lifetimes.at_resolution``). What ``score`` and ``log_likelihood`` are given is taken as it is.
        prior : for parameters by name what is known of them beforehand, as (median, deviation) or ``Prior``: the median in the
            parameter's unit, the standard deviation on the real line, of the logarithm of a positive parameter, the log-odds of a
            probability, the value itself of any number. ``{"shape": (2.0, 0.5)}``: log shape is normal about log 2. A name without the
            number of a component stands for every component. The fit is then of penalised likelihood (``notes_`` and ``summary_``
            say so): it exists where one failure age, perfect inspections or late entry leave the likelihood without a maximum, and a
            mixture has no spikes where every shape has one. Without failures every parameter needs one.
        require_convergence : False returns a fit that stopped short, with its ``stop_reason_``.

        Raises
        ------
        TypeError, ValueError : the data are malformed, or impossible under this distribution; so is the resolution or the prior.
        NoFiniteMaximum : the data have no finite estimate.
        NotConverged : the optimiser stopped short; the last state is attached.

        A fit that raises leaves the model as it was.
        """
        life = as_lifetimes(durations, event_observed, entry, weights, resolution)
        template = self._template()
        if template.n_coordinates() == 0 and not template.has_mass_at_start and says_nothing(life):
            raise ValueError("all units are still running at age 0, which says nothing of a known distribution; leave such a fit out.")
        fit = fit_distribution(template, life, require_convergence=require_convergence, prior=prior, **self._search())
        self._fit = fit
        self.lifetimes_ = life
        return self

    @property
    def _fitted(self) -> Fit:
        if self._fit is not None:
            return self._fit
        template = self._template()
        if template.n_coordinates():
            unknown = [name for name, parameter in template.parameters().items() if parameter.value is None]
            raise NotFitted(f"{type(self).__name__} has still to learn {', '.join(unknown)}: call fit(lifetimes) first, or give them all.")
        return fully_known(template)

    def __sklearn_is_fitted__(self) -> bool:
        return self._fit is not None or self._template().n_coordinates() == 0

    # ---- what was learned

    @property
    @in_double_precision
    def distribution_(self) -> Distribution:
        """The fitted distribution, parameters as Python floats: the door to the JAX core.

        Its methods compute in the precision of your own JAX configuration: 32 bits unless ``jax.enable_x64`` is on.
        """
        return jax.tree.map(float, self._fitted.distribution())

    @property
    def parameters_(self) -> pd.Series:
        """All parameters by name, known ones included; nan where the data identify none."""
        return self._series(self._fitted.values)

    @property
    def standard_errors_(self) -> pd.Series:
        """Standard errors of ``parameters_``, from the observed information and the prior, if any; 0 for known parameters."""
        return self._series(np.sqrt(np.diag(self._fitted.covariance)))

    @property
    def covariance_(self) -> pd.DataFrame:
        """Covariance of ``parameters_`` (m, m); the k weights of a mixture count for k - 1."""
        import pandas as pd

        names = list(self._fitted.names)
        return pd.DataFrame(self._fitted.covariance.copy(), index=names, columns=names)

    def _series(self, values: np.ndarray) -> pd.Series:
        import pandas as pd

        return pd.Series(values.copy(), index=list(self._fitted.names), dtype=float)

    @property
    def log_likelihood_(self) -> float:
        """The log-likelihood of the data of the fit, densities per unit of time; without the penalty of a prior."""
        return self._learned("log_likelihood")

    @property
    def aic_(self) -> float:
        """Akaike's criterion: twice the parameters learned less twice the log-likelihood. Refused with a prior (ValueError)."""
        self._refuse_penalised("aic_")
        return 2.0 * self._learned("n_learned") - 2.0 * self.log_likelihood_

    @property
    def bic_(self) -> float:
        """Schwarz's criterion, n being the number of units (the sum of the weights). Refused with a prior (ValueError)."""
        self._refuse_penalised("bic_")
        return float(np.log(self._learned("n_units"))) * self._learned("n_learned") - 2.0 * self.log_likelihood_

    def _refuse_penalised(self, criterion: str) -> None:
        if self._learned("prior"):
            raise ValueError(
                f"{criterion} compares fits of maximum likelihood, and this one is penalised by a prior: its log-likelihood is not the "
                "highest, and a parameter that the prior holds is not wholly learned. Compare the score of data held out."
            )

    @property
    def converged_(self) -> bool:
        return self._learned("converged")

    @property
    def stop_reason_(self) -> str:
        """Why the optimiser stopped: ``converged``, ``at_rounding_floor``, ``flat``, ``step_limit``, …"""
        return self._learned("reason")

    @property
    def n_steps_(self) -> int:
        return self._learned("n_steps")

    @property
    def n_starts_(self) -> int:
        """From how many starts the optimum was looked for, and (``n_hits_``) how many of them reached it."""
        return self._learned("n_starts")

    @property
    def n_hits_(self) -> int:
        return self._learned("n_hits")

    @property
    def notes_(self) -> list[str]:
        """What the reader of this fit should know, in sentences; empty when there is nothing to say."""
        return list(self._learned("notes"))

    def _learned(self, name: str) -> Any:
        if self._fit is None or np.isnan(self._fit.log_likelihood):
            if self._template().n_coordinates() == 0:
                raise NotFitted(f"{self!r} is fully known and has seen no data: call fit(lifetimes) for the likelihood of some.")
            raise NotFitted(f"{type(self).__name__} has not been fitted to data: call fit(lifetimes) first.")
        return getattr(self._fit, name)

    @property
    @in_double_precision
    def path_(self) -> pd.DataFrame:
        """The parameters at each step of the optimiser, from the start (row 0) to the optimum."""
        import pandas as pd

        path = self._learned_path()
        values = map_rows(values_on_path, self._fitted.path_template, np.arange(len(path), dtype=float), *path.T)
        return pd.DataFrame(values, columns=list(self._fitted.path_template.parameters())).rename_axis("step")

    @in_double_precision
    def densities_on_path(self, t: Any) -> np.ndarray:
        """The density at ages t (n,) at each step of the optimiser, (steps + 1, n): what the learning picture shows."""
        (times,), _ = prediction_arguments(self._fitted.template.start_of_support, t=t)
        path = self._learned_path()
        columns = [np.repeat(column, len(times)) for column in path.T]
        values = map_rows(density_on_path, self._fitted.path_template, np.tile(times, len(path)), *columns)
        return values.reshape(len(path), len(times))

    def _learned_path(self) -> np.ndarray:
        path = self._learned("path")
        if not path.size:
            raise NotFitted("the path of the optimiser is not kept in a model file, and a known model has none; fit again to see it.")
        return path

    @property
    def summary_(self) -> pd.DataFrame:
        """Estimate, standard error and 95 % limits of every parameter."""
        return self.summary()

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Estimate, standard error and Wald limits at ``level`` of every parameter; one row a parameter.

        A penalised fit says so in a last column, ``penalised by prior``, with the prior of each parameter.
        """
        table = self.interval("parameters", level=level)
        table.insert(1, "standard error", self.standard_errors_)
        if self._fitted.prior:
            words = prior_in_words(self._fitted.prior, self._fitted.template)
            table["penalised by prior"] = [words.get(name, "") for name in table.index]
        return table

    # ---- of the whole life

    def survival(self, t: Any) -> Any:
        """P(T > t): the share of units that outlive age t. Shape of t."""
        return self._predict("survival", t=t)

    def hazard(self, t: Any) -> Any:
        """The failure rate at age t, per unit of time, among units alive then. Shape of t."""
        return self._predict("hazard", t=t)

    def cumulative_hazard(self, t: Any) -> Any:
        """The integral of the hazard from 0 to t. Shape of t."""
        return self._predict("cumulative_hazard", t=t)

    def density(self, t: Any) -> Any:
        """The density of the lifetime at t, per unit of time. Shape of t."""
        return self._predict("density", t=t)

    def quantile(self, p: Any) -> Any:
        """The age by which a share p has failed (B10 life: p = 0.1). Shape of p."""
        return self._predict("quantile", p=p)

    def mean(self) -> float:
        """The mean life (MTTF)."""
        return self._predict("mean", age=0.0)

    def median(self) -> float:
        """The age by which half have failed."""
        return self.quantile(0.5)

    # ---- of what remains of it

    def predict_failure_probability(self, age: Any, horizon: Any) -> Any:
        """P(fails within ``horizon`` | alive at ``age``). Arguments broadcast: ``age[:, None], horizons`` for a table."""
        return self._predict("failure_probability", age=age, horizon=horizon)

    def predict_rul(self, age: Any, kind: Any = "mean", horizon: Any = None) -> Any:
        """Remaining useful life of a unit alive at ``age``.

        Parameters
        ----------
        age : ages reached, any shape; in the unit of time of the data.
        kind : "mean", "median", or a probability p: the remaining life that a share p of such units does not reach.
        horizon : with kind "mean", the restricted mean E min(T - age, horizon).

        Raises
        ------
        ValueError : a negative age; an unknown kind; a horizon with a kind other than the mean.
        """
        name, arguments = rul_arguments(age, kind, horizon)
        return self._predict(name, **arguments)

    def predict(self, age: Any) -> Any:
        """Expected remaining useful life of a unit alive at ``age``."""
        return self.predict_rul(age)

    @in_double_precision
    def predict_rul_interval(self, age: Any, level: float = 0.95) -> pd.DataFrame:
        """An interval for the remaining life of the unit itself, uncertainty of the parameters included.

        Of such units a share ``level`` fails inside it. (``interval("rul", age)`` is the confidence interval of the
        expectation, and much narrower.) Method: ``survjax.inference.remaining_life_bound``.

        Returns
        -------
        DataFrame with ``lower`` and ``upper``, one row an age, with the index of a pandas Series of ages; ``upper`` is inf where
        the data leave no finite bound.
        """
        import pandas as pd

        check_level(level)
        (ages,), _ = prediction_arguments(self._fitted.template.start_of_support, age=age)
        fit = self._fitted
        bounds = {
            name: map_rows(remaining_life_bound, (fit.template, fit.coordinates, fit.coordinate_covariance, np.float64(probability)), ages)
            for name, probability in (("lower", 0.5 * (1 - level)), ("upper", 0.5 * (1 + level)))
        }
        return pd.DataFrame(bounds, index=index_of(age))

    @in_double_precision
    def interval(
        self,
        what: str,
        *at: Any,
        level: float = 0.95,
        method: str = "wald",
        side: Side = "two",
        life: Lifetimes | None = None,
        **keywords: Any,
    ) -> pd.DataFrame:
        """A confidence interval of a prediction or of the parameters.

        Parameters
        ----------
        what : "parameters", "survival", "hazard", "cumulative_hazard", "density", "quantile", "mean", "median",
            "failure_probability" or "rul"; of a DefectiveSubpopulation also "probability_of_failing", "rul_if_failing" and
            "mean_if_failing".
        *at, **keywords : exactly the arguments of that prediction, for instance ``("failure_probability", age, horizon)``,
            ``("rul", age, kind="median")``.
        level : confidence.
        method : "wald": the delta method on a scale without bounds (log; log(-log) for probabilities). "likelihood", of
            "parameters" only: limits by the profile likelihood (``survjax.profile``), infinite or at the end of the range where the
            data leave a side open.
        side : "two", or "lower" or "upper" for a one-sided bound at ``level``; the other is the end of the range.
        life : for method "likelihood", the ``Lifetimes`` of the fit. None: those ``fit`` was given, which a loaded model has not.

        Raises
        ------
        ValueError : unknown words; a method for what it cannot do; ``life`` where it is not used, or other data than those of the fit.

        Returns
        -------
        DataFrame with ``estimate``, ``lower``, ``upper``; one row a parameter, or one an entry of the arguments in C
        order, with the index of a pandas Series among them.
        """
        check_level(level)
        if method not in ("wald", "likelihood"):
            raise ValueError(f'method must be "wald" or "likelihood"; got {method!r}.')
        if side not in ("two", "lower", "upper"):
            raise ValueError(f'side must be "two", "lower" or "upper"; got {side!r}.')
        if method == "likelihood":
            if what != "parameters":
                raise ValueError(f'likelihood intervals are those of "parameters"; for {what!r} use method="wald".')
            no_arguments(what, at, keywords)
            return profile_of_parameters(self._template(), self._fitted, self.lifetimes_ if life is None else life, level, side)
        if life is not None:
            raise ValueError("life is not used by Wald intervals, which need only the fit; leave it out.")
        if what == "parameters":
            no_arguments(what, at, keywords)
            return interval_of_parameters(self._fitted, level, side)
        name, arguments = arguments_of(what, at, keywords)
        columns, _ = prediction_arguments(self._fitted.template.start_of_support, **arguments)
        return interval_of_prediction(
            self._fitted, prediction_of(name, self._fitted.template), columns, level, side, index_of(*arguments.values())
        )

    @in_double_precision
    def _predict(self, name: str, **arguments: Any) -> Any:
        fit = self._fitted
        columns, shape = prediction_arguments(self._fitted.template.start_of_support, **arguments)
        values = map_rows(at_estimate(prediction_of(name, fit.template).value), (fit.template, fit.coordinates), *columns)
        return float(values[0]) if shape == () else values.reshape(shape)

    # ---- derivatives, likelihood, random lives

    @in_double_precision
    def hazard_derivatives(self, t: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The hazard at ages t and its derivatives in the parameters, by JAX.

        The Jacobian is a vmapped ``grad``, the Hessian a vmapped ``jacfwd(jacrev)``, in the natural parameters in the order of
        ``parameters_``; the weights of a mixture are taken as coordinates of their own in
        h = sum w f / sum w S, known parameters too.

        Parameters
        ----------
        t : (n,) ages, positive.

        Returns
        -------
        hazard (n,), jacobian (n, p), hessian (n, p, p).
        """
        (times,), shape = prediction_arguments(self._fitted.template.start_of_support, t=t)
        if len(shape) > 1:
            raise ValueError(f"t must be one-dimensional; it has shape {shape}.")
        if np.any(times == 0.0):
            raise ValueError(
                f"t must be more than 0: at age 0 a hazard may be infinite. It is 0 at position {np.flatnonzero(times == 0.0)[0]}."
            )
        distribution = jax.tree.map(np.float64, self.distribution_)
        return map_rows(hazard_and_derivatives, distribution, times)

    @in_double_precision
    def log_likelihood(self, durations: Any, event_observed: Any = None, *, entry: Any = None, weights: Any = None) -> float:
        """The log-likelihood of any lifetimes under the fitted distribution; 0 where all units are still running at age 0."""
        life = as_lifetimes(durations, event_observed, entry, weights)
        template = self._fitted.template
        check_support(template, life)
        if template.start_of_support == 0.0 and not template.has_mass_at_start and says_nothing(life):
            return 0.0
        return log_likelihood(self.distribution_, life)

    def score(self, X: Any, y: Any = None) -> float:
        """Log-likelihood per unit (of weight): what a grid search maximises. Arguments as the first two of ``fit``."""
        life = as_lifetimes(X, y)
        return self.log_likelihood(life) / life.n_units

    @in_double_precision
    def sample(self, n: int, seed: int) -> np.ndarray:
        """n random lifetimes (n,), the same for the same seed.

        Raises
        ------
        TypeError, ValueError : n or seed is not a whole number of at least 0.
        """
        n, seed = check_whole_number(n, "n", 0), check_whole_number(seed, "seed", 0)
        exposures = np.random.default_rng(seed).exponential(size=n)
        return self._quantiles_of_hazard(exposures)

    def _quantiles_of_hazard(self, collected: np.ndarray) -> np.ndarray:
        fit = self._fitted
        return map_rows(at_estimate(age_at_cumulative_hazard), (fit.template, fit.coordinates), collected)

    # ---- how good the fit is

    @in_double_precision
    def goodness_of_fit(
        self, life: Lifetimes | None = None, *, n_bootstrap: int = 999, seed: int = 0, start: float | None = None
    ) -> GoodnessOfFit:
        r"""How far the fit lies from the data, and how often chance alone takes a fit as far.

        With :math:`F_n` one minus the Kaplan–Meier estimate, or Turnbull's where failures are known within intervals, and n units,

        .. math::
            A^2 = n \int \frac{(F_n - F)^2}{F (1 - F)}\,dF, \qquad D = \sup |F_n - F|, \qquad W^2 = n \int (F_n - F)^2\,dF

        over the ages that the data identify. They begin at the start of the support or, under delayed entry, at the first entry (or, if
        nobody was left under observation at some age while others entered later, at the first entry after it), to survival to which F and
        :math:`F_n` are then conditional; n counts the units seen from there on. They end at the last age under observation, or not at all
        if :math:`F_n` reaches 1. For complete data these are the textbook statistics; for data censored at one age, or after the r-th
        failure, those of Pettitt & Stephens. Within an interval in which Turnbull's mass may lie anywhere it is spread as F has it.

        Their distribution, parameters being estimated, is that of ``n_bootstrap`` repetitions of the study under the fit, each fitted
        anew from the parameters of the fit as the start; p = (1 + repetitions at least as far) / (1 + repetitions). Known parameters
        stay known. In a repetition units enter when they did, alive then. Observation of a unit ends at its ``observed_until``; where
        that is not given, at an age drawn from the Kaplan–Meier estimate of the ages at which observation ended (what that leaves over
        is observed until it fails). This supposes that lives, entries and ends of observation are independent. Where inspections fit one
                schedule, its ages are kept; otherwise each unit keeps its own and is inspected as far apart before and after.
        ``censoring_rule`` of the result says which applied. Ages rounded to few values look like a bad fit: give such failures as
        intervals.

        Parameters
        ----------
        life : the lifetimes of the fit, where they are not at hand (after ``load``). Counts must be whole numbers; each is as many units.
        n_bootstrap : repetitions. seed : of their random numbers.
        start : an age from which on to compare, where few were under observation before.

        Repetitions and their fits run in one compiled program; of inspected units Turnbull's estimates are made one by one, some
        milliseconds each.

        Raises
        ------
        NotFitted : nothing was fitted, or the data are not at hand.
        NotConverged : the fit has no maximum, or more than half of the repetitions could not be fitted. ``n_failed_refits`` of the
            result tells how many were not.
        ValueError : right truncation, since how many units it kept out is not known; a fraction as a count; n_bootstrap below 1; an
            ``observed_until`` before the unit was last seen; lifetimes that are not those of the fit.

        References
        ----------
        D'Agostino & Stephens (1986), Goodness-of-Fit Techniques, chapter 4. Pettitt & Stephens (1976), Biometrika 63. Davison & Hinkley
        (1997), Bootstrap Methods and their Application, 4.2.
        """
        from survjax.goodness import goodness_of_fit

        n_bootstrap, seed = check_whole_number(n_bootstrap, "n_bootstrap", 1), check_whole_number(seed, "seed", 0)
        return goodness_of_fit(self._fitted, self._own_lifetimes(life), n_bootstrap, seed, start)

    @in_double_precision
    def cox_snell_residuals(self, life: Lifetimes | None = None) -> Lifetimes:
        """The cumulative hazard H that the fit gives each unit for its time under observation, as lifetimes.

        A failure at t is one at H(t) - H(entry), a unit still running a running one, an interval an interval. If the fit is right they
        are those of a unit exponential distribution, whatever the distribution of the fit: see ``plot_residuals``. Residuals of the data
        of the fit are a little too regular, since the parameters were fitted to them; ``goodness_of_fit`` allows for that.

        Parameters
        ----------
        life : any lifetimes; None: those of the fit.

        Raises
        ------
        NotFitted : nothing was fitted, or the data are not at hand.

        References
        ----------
        Cox & Snell (1968), JRSS B 30.
        """
        from survjax.residuals import residuals_of

        return residuals_of(self._fitted, self._own_lifetimes(life, or_any=True))

    def _own_lifetimes(self, life: Lifetimes | None, *, or_any: bool = False) -> Lifetimes:
        """The lifetimes of the fit, or those given in their place."""
        if life is None and self.lifetimes_ is None:
            raise NotFitted("the data of the fit are not at hand (a loaded or fully known model has none): pass life=.")
        if life is None or life is self.lifetimes_:
            return cast(Lifetimes, self.lifetimes_)
        life = as_lifetimes(life)
        check_support(self._fitted.template, life)
        learned = self._fitted.n_learned > 0 and not or_any
        if learned and abs(self.log_likelihood(life) - self.log_likelihood_) > SAME_DATA * (abs(self.log_likelihood_) + life.n_units):
            raise ValueError(
                f"these are not the lifetimes of the fit: their log-likelihood is {self.log_likelihood(life):.10g}, that of the fit "
                f"{self.log_likelihood_:.10g}. A fit can only be compared with its own data; for others use {type(self).__name__} with "
                "every parameter given."
            )
        return life

    # ---- keeping and showing

    def known(self) -> Distribution:
        """The fitted distribution with everything known: a template for a larger model."""
        return self.distribution_

    def save(self, path: str | Path) -> None:
        """Write the model as JSON that a person can read: parameters, covariance, how the fit went, version."""
        from survjax.models.model_file import write_model

        write_model(self, Path(path))

    def __getstate__(self) -> dict[str, Any]:
        # The data are the user's and may be large: a pickle holds the model, not the fleet.
        return {name: value for name, value in vars(self).items() if name != "lifetimes_"}

    def plot_probability(
        self,
        life: Lifetimes | None = None,
        *,
        level: float = 0.95,
        paper: str | None = None,
        points: Points | None = None,
        rank_regression: bool | Literal["x on y", "y on x"] = False,
        ax: Axes | None = None,
    ) -> Axes:
        """The fit on its own probability paper, with the points of the data and its confidence band.

        Parameters and errors are those of ``survjax.plotting.plot_probability``.
        """
        from survjax.plotting import plot_probability

        return plot_probability(self, life, level=level, paper=paper, points=points, rank_regression=rank_regression, ax=ax)

    def plot_survival(self, life: Lifetimes | None = None, *, level: float = 0.95, ax: Axes | None = None) -> Axes:
        """Survival against age with its confidence band, beside Kaplan–Meier or Turnbull."""
        from survjax.plotting import plot_survival

        return plot_survival(self, life, level=level, ax=ax)

    def plot_hazard(self, life: Lifetimes | None = None, *, level: float = 0.95, ax: Axes | None = None) -> Axes:
        """Hazard against age with its confidence band, beside the failure rate of age groups."""
        from survjax.plotting import plot_hazard

        return plot_hazard(self, life, level=level, ax=ax)

    def plot_residuals(self, life: Lifetimes | None = None, *, level: float = 0.95, ax: Axes | None = None) -> Axes:
        """Cox–Snell residuals: their Nelson–Aalen estimate, with its limits, against the straight line of a unit exponential."""
        from survjax.plotting import plot_residuals

        return plot_residuals(self, life, level=level, ax=ax)

    def plot_learning(self, life: Lifetimes | None = None, *, ax: Axes | None = None) -> Axes:
        """How the density moved from its start to the optimum, as one still picture."""
        from survjax.plotting import plot_learning

        return plot_learning(self, life, ax=ax)

    def plot_learning_animation(self, life: Lifetimes | None = None) -> FuncAnimation:
        """The same step by step, as an animation that a notebook shows."""
        from survjax.plotting import plot_learning_animation

        return plot_learning_animation(self, life)
