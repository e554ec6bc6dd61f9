"""The Kaplan–Meier estimate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from survjax.data.product_limit import ProductLimit, product_limit
from survjax.nonparametric.rows import first_age, from_start, read_lifetimes, refuse_all_but_plain, refuse_early_end, units_told
from survjax.nonparametric.survival_curve import Steps, SurvivalCurve

if TYPE_CHECKING:
    import pandas as pd


class KaplanMeier(SurvivalCurve):
    r"""Survival as the product of the shares that outlive each age at failure.

    .. math:: S(t) = \prod_{t_i \le t} (1 - d_i / n_i)

    Limits are log-log ones with Greenwood's variance. Counts and delayed entry are taken into account; under delayed entry the
    curve is conditional on survival to the first entry.

    References
    ----------
    Kaplan & Meier (1958), JASA 53. Kalbfleisch & Prentice (2002), The Statistical Analysis of Failure Time Data, 1.4.

    Examples
    --------
    >>> import survjax as sj
    >>> curve = sj.KaplanMeier().fit([33, 44, 52, 61], [1, 0, 1, 1])
    >>> curve.survival(40)
    0.75
    """

    _estimate: ProductLimit

    def fit(
        self, durations: Any, event_observed: Any = None, *, entry: Any = None, weights: Any = None, start: float | None = None
    ) -> Self:
        """Estimate the curve.

        Parameters
        ----------
        durations : a ``Lifetimes``, or (n,) ages as for ``Lifetimes``, with event_observed, entry, weights (n,).
        start : an age. The curve is then conditional on survival to it, and only units seen after it count.

        Raises
        ------
        ValueError : failures known only within an interval, or right truncation; all units at risk fail at an age after which
            others enter (the message offers a start).
        """
        life = from_start(read_lifetimes(durations, event_observed, entry, weights), start)
        refuse_all_but_plain(life, type(self).__name__)
        estimate = product_limit(life)
        refuse_early_end(estimate.time[estimate.failures >= estimate.at_risk], life, type(self).__name__)
        with np.errstate(divide="ignore"):
            hazard = -np.log(estimate.survival)
        end = np.inf if len(hazard) and np.isinf(hazard[-1]) else float(np.max(life.durations[life.counts() > 0]))
        self._estimate = estimate
        self._units = units_told(life)
        self._steps = Steps(estimate.time, hazard, estimate.log_variance, first_age(life), end)
        return self

    def _table(self, steps: Steps) -> pd.DataFrame:
        """at_risk, failures, survival, standard_error (Greenwood), lower and upper 95 % log-log limits."""
        import pandas as pd

        estimate = self._estimate
        low, high = self._limits(0.95)
        ended = estimate.survival == 0.0
        error = np.where(ended, 0.0, estimate.survival * np.sqrt(np.where(ended, 0.0, estimate.log_variance)))
        return pd.DataFrame(
            {
                "at_risk": estimate.at_risk,
                "failures": estimate.failures,
                "survival": estimate.survival,
                "standard_error": error,
                "lower": np.exp(-high[1:]),
                "upper": np.exp(-low[1:]),
            },
            index=pd.Index(estimate.time, name="age"),
        )

    def _label(self) -> str:
        return "Kaplan–Meier"
