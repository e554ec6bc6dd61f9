"""The Weibayes bound: what few failures, or none, say of a Weibull scale when its shape is known."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.data.columns import read_column, refuse_rows
from survjax.data.lifetimes import Lifetimes
from survjax.models import NAMED_MODELS, Model
from survjax.models.arguments import as_lifetimes, check_level, says_nothing

if TYPE_CHECKING:
    import pandas as pd

TABLE_SHARES = (0.01, 0.1, 0.5)  # failed by the lives that the table shows


@dataclass(frozen=True)
class WeibayesLowerBound:
    """A lower confidence bound of a Weibull scale of known shape, and the bounds of what follows from the scale. No estimate.

    Attributes
    ----------
    shape : the shape assumed, a number or (s,) of them. scale : the lower bound for each, of the same form, in the unit of time.
    level : the confidence that one shape's bounds, all of them together, are right; the shape itself is taken for certain.
    n_units, n_failed : what it rests on.

    With s shapes every answer has one row a shape, (s, ...).
    """

    shape: Any
    scale: Any
    level: float
    n_units: float
    n_failed: float

    def survival(self, t: Any) -> Any:
        """A lower bound of P(T > t), the shape of t."""
        return self._at_the_bound(lambda model: model.survival(t))

    def quantile(self, p: Any) -> Any:
        """A lower bound of the age by which a share p has failed (B10 life: p = 0.1), the shape of p."""
        return self._at_the_bound(lambda model: model.quantile(p))

    def predict_failure_probability(self, age: Any, horizon: Any) -> Any:
        """An upper bound of P(fails within ``horizon`` | alive at ``age``); arguments broadcast."""
        return self._at_the_bound(lambda model: model.predict_failure_probability(age, horizon))

    @property
    def table(self) -> pd.DataFrame:
        """How much hangs on the shape: a row for each, with the lower bounds of the scale, of the B1 and B10 lives and of the median."""
        import pandas as pd

        lives = np.atleast_2d(self.quantile(np.array(TABLE_SHARES)))
        columns = dict(zip(("B1", "B10", "median"), lives.T, strict=True))
        return pd.DataFrame({"scale": np.atleast_1d(self.scale), **columns}, index=pd.Index(np.atleast_1d(self.shape), name="shape"))

    def __repr__(self) -> str:
        given, bounds = _listed(self.shape), _listed(self.scale)
        return (
            f"WeibayesLowerBound(with {100 * self.level:g} % confidence scale > {bounds}, if the shape is {given}; "
            f"{self.n_failed:,.6g} of {self.n_units:,.6g} units failed)"
        )

    def _repr_html_(self) -> str:
        return self.table.to_html(float_format=lambda value: f"{value:.4g}").replace("<table", f"<p>{escape(repr(self))}</p><table", 1)

    def _at_the_bound(self, ask: Any) -> Any:
        if np.ndim(self.shape) == 0:
            return ask(_weibull(self.shape, self.scale))
        return np.stack([np.asarray(ask(_weibull(shape, scale))) for shape, scale in zip(self.shape, self.scale, strict=True)])


def weibayes_lower_bound(
    durations: Any,
    event_observed: Any = None,
    *,
    shape: Any,
    level: float = 0.95,
    entry: Any = None,
    weights: Any = None,
) -> WeibayesLowerBound:
    r"""The lower confidence bound of a Weibull scale of known shape, which exists without a single failure.

    .. math:: \eta_L = \Big\{ \frac{2 \sum_i w_i\,(t_i^k - e_i^k)}{\chi^2_{\gamma;\,2r+2}} \Big\}^{1/k}

    with k the shape, :math:`t_i` the ages of failed and running units, :math:`e_i` those at which observation began, :math:`w_i` counts, r
    the number of failures and :math:`\gamma` the level. Without failures :math:`\chi^2_{\gamma;2}/2 = -\log(1-\gamma)`.

    It holds at least as often as the level says where observation ends at ages fixed beforehand: by simulation in 92 to 94 % of studies
    of 20 units with 6 to 18 failures on average, at a level of 90 %. The shape is assumed, and the bound is worth no more than the
    assumption: give several and look at ``table``.

    Parameters
    ----------
    durations, event_observed, entry, weights : a ``Lifetimes``, or (n,) columns as for ``Model.fit``; failures at known ages and
        running units only.
    shape : k > 0, one number or (s,).
    level : confidence of the one-sided bound, between 0 and 1.

    Returns
    -------
    WeibayesLowerBound : the bound of the scale, and of survival, quantiles and failure probabilities. It is a bound and no estimate.

    Raises
    ------
    TypeError, ValueError : the data are malformed; a shape that is not positive, a level outside (0, 1); failures within intervals or
        rows truncated on the right; all units still at age 0. Messages name the first such row.

    References
    ----------
    Nelson (1985), Weibull analysis of reliability data with few or no failures, Journal of Quality Technology 17.

    Examples
    --------
    >>> weibayes_lower_bound([1000.0] * 20, [0] * 20, shape=2.0)
    WeibayesLowerBound(with 95 % confidence scale > 2583.83, if the shape is 2; 0 of 20 units failed)
    """
    from scipy.special import gammaincinv

    life = as_lifetimes(durations, event_observed, entry, weights)
    check_level(level)
    shapes = _read_shape(shape)
    _check_rows(life)
    begin = np.zeros(len(life)) if life.entry is None else np.maximum(life.entry, 0.0)
    longest = float(life.durations[life.counts() > 0].max())
    used = life.durations > 0
    end, begin, counts = life.durations[used], begin[used], life.counts()[used]
    with np.errstate(divide="ignore"):  # observed from age 0: all of the age counts
        lost = np.log(begin / end)
    exposure = np.array([counts @ (-np.expm1(k * lost) * np.exp(k * np.log(end / longest))) for k in shapes])
    # half of chi-square with 2r + 2 degrees of freedom is a gamma variable of shape r + 1
    scales = longest * (exposure / gammaincinv(life.n_failed + 1.0, level)) ** (1.0 / shapes)
    if np.ndim(shape) == 0:
        return WeibayesLowerBound(float(shapes[0]), float(scales[0]), float(level), life.n_units, life.n_failed)
    return WeibayesLowerBound(shapes, scales, float(level), life.n_units, life.n_failed)


def _check_rows(life: Lifetimes) -> None:
    within = np.isfinite(life.upper) & ~life.event_observed
    remedy = "The bound is for failures at known ages and running units. Fit Weibull(shape=...) and ask for interval(..., side='lower')."
    refuse_rows(within, life.upper, "upper", "the age at failure, or inf", remedy)
    if life.right_truncation is not None:
        refuse_rows(np.isfinite(life.right_truncation), life.right_truncation, "right_truncation", "infinite", remedy)
    negative = life.durations < 0
    refuse_rows(negative, life.durations, "durations", "0 or more for a Weibull distribution", "Check the sign.")
    if life.entry is not None:
        before = (life.entry < 0) & np.isfinite(life.entry)
        refuse_rows(before, life.entry, "entry", "0 or more for a Weibull distribution", "Use 0 for units seen from the start.")
    if says_nothing(life) or not np.any((life.durations > 0) & (life.counts() > 0)):
        raise ValueError("no unit has been observed beyond age 0, which bounds nothing. Wait until some have run.")


def _read_shape(shape: Any) -> np.ndarray:
    shapes = read_column([shape] if np.ndim(shape) == 0 else shape, "shape")
    if not len(shapes):
        raise ValueError("shape is empty; give the shape that you assume, for instance 2.0, or several.")
    refuse_rows(shapes <= 0, shapes, "shape", "more than 0", "For wear-out it is often between 1.5 and 4.")
    return shapes


def _weibull(shape: float, scale: float) -> Model:
    return NAMED_MODELS["Weibull"](float(shape), float(scale))


def _listed(values: Any) -> str:
    return ", ".join(f"{value:.6g}" for value in np.atleast_1d(values))
