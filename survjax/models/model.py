"""The one learner: fit, predict, intervals, tables. Every named model is this one over its own distribution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Self

import jax
import numpy as np

from survjax.data.columns import index_of
from survjax.data.lifetimes import Lifetimes
from survjax.data.resolution import Rounded
from survjax.distributions import Distribution
from survjax.fitting.estimation import log_likelihood, placed
from survjax.fitting.existence import check_support
from survjax.fitting.fit import fit_distribution
from survjax.fitting.inference import at_estimate, remaining_life_bound
from survjax.fitting.prior import Prior
from survjax.models.arguments import as_lifetimes, check_level, check_side, check_whole_number, prediction_arguments, says_nothing
from survjax.models.diagnostics import Diagnostics
from survjax.models.habits import in_survjax_words
from survjax.models.intervals import interval_of_parameters, interval_of_prediction, profile_of_parameters
from survjax.models.model_findings import ModelFindings
from survjax.models.precision import in_double_precision
from survjax.models.predictions import (
    age_at_cumulative_hazard,
    arguments_of,
    hazard_and_derivatives,
    no_arguments,
    prediction_of,
    rul_arguments,
)
from survjax.numerics.blocks import map_rows

if TYPE_CHECKING:
    import pandas as pd


Side = Literal["two", "lower", "upper"]


class Model(ModelFindings, Diagnostics):
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

    def __init__(self, distribution: Distribution) -> None:
        self.distribution = distribution

    def _search(self) -> dict[str, Any]:
        """How to search where a likelihood has several maxima: as the model inside says; one without such a search has nothing to say."""
        inside = getattr(self, "of", None)
        return inside._search() if isinstance(inside, Model) else {}

    # ---- learning

    @in_survjax_words
    @in_double_precision
    def fit(
        self,
        durations: Any,
        event_observed: Any = None,
        *,
        entry: Any = None,
        weights: Any = None,
        resolution: Any = None,
        rounded: Rounded = "nearest",
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
        rounded : "nearest", or "down" where ages are completed units: a failure at an age is then one within ``resolution`` after it.
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
        template = self._template()
        life = as_lifetimes(durations, event_observed, entry, weights, resolution, rounded).beginning_at(template.start_of_support)
        if template.n_coordinates() == 0 and not template.has_mass_at_start and says_nothing(life):
            raise ValueError("all units are still running at age 0, which says nothing of a known distribution; leave such a fit out.")
        fit = fit_distribution(template, life, require_convergence=require_convergence, prior=prior, **self._search())
        self._fit = fit
        self.lifetimes_ = life
        return self

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

        Returns
        -------
        A float for one age, else a NumPy array in the shape of ``age``, of a pandas Series too: predictions are plain arrays, while the
        tables of ``interval`` and ``predict_rul_interval`` keep the index of a Series.
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
        expectation, and much narrower.) Method: ``survjax.fitting.inference.remaining_life_bound``.

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
            "parameters" only: limits by the profile likelihood (``survjax.fitting.profile``), infinite or at the end of the range where the
            data leave a side open.
        side : "two", or "lower" or "upper" for a one-sided bound at ``level``; the other is the end of the range.
        life : for method "likelihood", the ``Lifetimes`` of the fit. None: those ``fit`` was given, which a loaded model has not.

        Raises
        ------
        NotFitted : nothing was fitted; for method "likelihood" also: the data of the fit are not at hand.
        ValueError : unknown words; a method for what it cannot do; ``life`` where it is not used, or other data than those of the fit.

        Returns
        -------
        DataFrame with ``estimate``, ``lower``, ``upper``; one row a parameter, or one an entry of the arguments in C
        order, with the index of a pandas Series among them.
        """
        check_level(level)
        if method not in ("wald", "likelihood"):
            raise ValueError(f'method must be "wald" or "likelihood"; got {method!r}.')
        check_side(side)
        if method == "likelihood":
            if what != "parameters":
                raise ValueError(f'likelihood intervals are those of "parameters"; for {what!r} use method="wald".')
            no_arguments(what, at, keywords)
            fit = self._fitted
            if fit.n_learned == 0:
                return interval_of_parameters(fit, level, side)  # known parameters are their own limits
            life = self._own_lifetimes(life)
            on_boundary = fit.n_learned > fit.template.n_coordinates()
            asked = (fit.asked or placed(self._template(), life)) if on_boundary else fit.template
            return profile_of_parameters(asked, fit, life, level, side)
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
        template = self._fitted.template
        life = as_lifetimes(durations, event_observed, entry, weights).beginning_at(template.start_of_support)
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
