"""The Nelson–Aalen estimate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from survjax.data.product_limit import ProductLimit, product_limit
from survjax.nonparametric.rows import first_age, from_start, read_lifetimes, refuse_all_but_plain, units_told
from survjax.nonparametric.survival_curve import Steps, SurvivalCurve

if TYPE_CHECKING:
    import pandas as pd


class NelsonAalen(SurvivalCurve):
    r"""The cumulative hazard as the sum of the shares that fail at each age.

    .. math:: H(t) = \sum_{t_i \le t} d_i / n_i, \qquad \mathrm{var}\, H(t) = \sum_{t_i \le t} d_i / n_i^2

    Survival is exp(-H). Limits are symmetric on the scale of log H. Under delayed entry H counts from the first entry.

    References
    ----------
    Nelson (1972), Technometrics 14. Aalen (1978), Annals of Statistics 6.
    """

    _estimate: ProductLimit

    def fit(
        self, durations: Any, event_observed: Any = None, *, entry: Any = None, weights: Any = None, start: float | None = None
    ) -> Self:
        """Estimate the cumulative hazard; arguments and errors as for ``KaplanMeier.fit``.

        A risk set of one that fails is no error here: the hazard steps up by 1.
        """
        life = from_start(read_lifetimes(durations, event_observed, entry, weights), start)
        refuse_all_but_plain(life, type(self).__name__)
        self._estimate = estimate = product_limit(life)
        hazard = np.cumsum(estimate.failures / estimate.at_risk)
        variance = np.cumsum(estimate.failures / estimate.at_risk**2)
        self._units = units_told(life)
        self._steps = Steps(estimate.time, hazard, variance, first_age(life), float(np.max(life.durations[life.counts() > 0])))
        return self

    def _table(self, steps: Steps) -> pd.DataFrame:
        """at_risk, failures, cumulative_hazard, standard_error, lower and upper 95 % limits."""
        import pandas as pd

        estimate = self._estimate
        low, high = self._limits(0.95)
        return pd.DataFrame(
            {
                "at_risk": estimate.at_risk,
                "failures": estimate.failures,
                "cumulative_hazard": steps.hazard,
                "standard_error": np.sqrt(steps.variance),
                "lower": low[1:],
                "upper": high[1:],
            },
            index=pd.Index(estimate.time, name="age"),
        )

    def _label(self) -> str:
        return "Nelson–Aalen"
