"""What a fitted discrete-time hazard tells of itself: parameters, tests, tables, words, a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.discrete.estimation import DiscreteFit
from survjax.discrete.spread_profile import SpreadProfile
from survjax.models.arguments import check_level
from survjax.models.estimator import Estimator
from survjax.models.fit_in_words import estimates_in_words, rests_on, table_as_html
from survjax.models.intervals import wald_limits
from survjax.models.kept_fit import FitEnding
from survjax.models.of_landmarks import OfLandmarks
from survjax.models.precision import in_double_precision
from survjax.models.tables import by_name, covariance_by_name, errors_by_name, limits_by_name, p_of_zero
from survjax.parameters import REAL

if TYPE_CHECKING:
    import pandas as pd

KEPT_LEVEL = 0.95  # of the limits of spreads that a model file keeps
RATIOS = {"logit": "odds ratio", "cloglog": "hazard ratio"}


class DiscreteFindings(FitEnding[DiscreteFit], OfLandmarks, Estimator):
    """What every fitted discrete-time hazard tells; how it learns and predicts is the business of ``DiscreteTimeHazard``."""

    _profile: SpreadProfile | None = None

    # ---- parameters

    @property
    def periods_(self) -> np.ndarray:
        """The ages (k,) at which the periods end."""
        return self._fitted.predictor.periods.ends.copy()

    @property
    def parameters_(self) -> pd.Series:
        """By name, in the units of X: levels (of a unit with every covariate 0), coefficients (of random ones the mean), and spreads, the
        standard deviations of random coefficients.
        """
        return by_name(self._fitted.predictor.names, self._fitted.values)

    @property
    def coefficients_(self) -> pd.Series:
        """The coefficients of the covariates alone: what one more unit of them adds to the score; of random ones the mean."""
        first = len(self._fitted.predictor.level_names)
        return self.parameters_.iloc[first : first + len(self._fitted.predictor.design.names)]

    @property
    def standard_errors_(self) -> pd.Series:
        """Standard errors of ``parameters_``, from the observed information, draws held fixed; nan for a spread of 0, its boundary."""
        return errors_by_name(self._fitted.predictor.names, self._fitted.covariance)

    @property
    def covariance_(self) -> pd.DataFrame:
        """Covariance of ``parameters_`` (m, m)."""
        return covariance_by_name(self._fitted.predictor.names, self._fitted.covariance)

    @property
    def likelihood_ratios_(self) -> pd.DataFrame:
        """Whether each random coefficient differs between units: by name ``statistic``, twice the gain in log-likelihood over a fit in
        which it does not, and ``p``.

        A spread of 0 is a boundary: under it the statistic is 0 in half of all samples and chi-squared with one degree of freedom in the
        other (Self & Liang 1987, Journal of the American Statistical Association 82), as long as there are many units and the spreads of
        other coefficients are not 0.
        """
        import pandas as pd
        from scipy.special import chdtrc

        statistic = pd.Series(self._fitted.likelihood_ratios, dtype=float)
        return pd.DataFrame({"statistic": statistic, "p": np.where(statistic > 0, 0.5 * chdtrc(1.0, statistic), 1.0)})

    @in_double_precision
    def spread_limits(self, level: float = 0.95) -> pd.DataFrame:
        """Limits of the spreads by their profile likelihood, by random coefficient: ``lower``, 0 where units may be alike, and ``upper``.

        Of a fit that stopped short they are nan, as its standard errors.

        Raises
        ------
        ValueError : another level than 0.95 of a model that was loaded, whose data are elsewhere.
        """
        import pandas as pd

        check_level(level)
        names, limits = self._fitted.predictor.random, self._fitted.limits
        for name in names:
            if (name, level) in limits:
                continue
            if not self._fitted.converged:
                limits[name, level] = np.nan, np.nan
                continue
            if self._profile is None:
                raise ValueError(
                    f"this model was loaded, and keeps limits of its spreads at {KEPT_LEVEL:g} only: fit it again to have others."
                )
            limits[name, level] = self._profile.limits(name, level)
        return pd.DataFrame([limits[name, level] for name in names], index=list(names), columns=["lower", "upper"], dtype=float)

    # ---- the fit

    @property
    def log_likelihood_(self) -> float:
        """Of which period each unit of the fit failed in; simulated, where coefficients are random."""
        return self._fitted.log_likelihood

    @property
    def monte_carlo_change_(self) -> float:
        """By how much the log-likelihood at the estimates moves where as many draws again are joined to those of the fit."""
        return self._fitted.moved

    @property
    def aic_(self) -> float:
        """Akaike's criterion; a spread counts as a parameter. Refused of landmarks of which units have several (ValueError)."""
        self._refuse_criterion("aic_")
        return 2.0 * len(self._fitted.coordinates) - 2.0 * self.log_likelihood_

    @property
    def bic_(self) -> float:
        """Schwarz's criterion, n being the number of units. Refused as ``aic_``."""
        self._refuse_criterion("bic_")
        return float(np.log(self._fitted.n_units)) * len(self._fitted.coordinates) - 2.0 * self.log_likelihood_

    @property
    def notes_(self) -> list[str]:
        """What the reader of this fit should know, in sentences."""
        fit = self._fitted
        zero = [name for name, here in zip(fit.predictor.names, fit.at_boundary, strict=True) if here]
        said = list(fit.notes)
        if len(zero) < len(fit.predictor.random):
            said.append(
                f"Each unit's likelihood is averaged over {fit.n_draws:,} draws of its coefficients; with as many again the "
                f"log-likelihood at these estimates moves by {fit.moved:+.2g}."
            )
        if zero:
            said.append(
                f"The likelihood is highest at {', '.join(zero)} 0, a boundary: nothing in these data says that units differ in it. It has "
                "no standard error there, and the other estimates are those without it."
            )
        return said

    @property
    def summary_(self) -> pd.DataFrame:
        """``summary()`` at 95 %."""
        return self.summary()

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Estimate, standard error and limits of every parameter; of coefficients the odds (or hazard) ratio, and p of 0.

        Limits are Wald's, those of a spread of its profile likelihood; its p is that of ``likelihood_ratios_``. The ratio of a
        random coefficient is that of a unit with the mean coefficient.
        """
        check_level(level)
        table = self._intervals(level, "two")
        table.insert(1, "standard error", self.standard_errors_)
        names = self.coefficients_.index
        table.loc[names, RATIOS[self._fitted.predictor.link]] = np.exp(self.coefficients_)
        table.loc[names, "p"] = p_of_zero(table.loc[names, "estimate"], table.loc[names, "standard error"])
        for name, p in self.likelihood_ratios_["p"].items():
            table.loc[f"spread[{name}]", "p"] = p
        return table

    def _intervals(self, level: float, side: str) -> pd.DataFrame:
        """Estimate and Wald limits of all parameters; of spreads by profile likelihood."""
        check_level(level)
        names, values = self._fitted.predictor.names, self._fitted.values
        limits = wald_limits(values, np.sqrt(np.diag(self._fitted.covariance)), [REAL] * len(values), level, side)
        table = limits_by_name(names, values, *limits)
        if self._fitted.predictor.random:
            spread = self.spread_limits(level if side == "two" else 2.0 * level - 1.0)
            spreads = [f"spread[{name}]" for name in spread.index]
            table.loc[spreads, "lower"] = 0.0 if side == "upper" else spread["lower"].to_numpy()
            table.loc[spreads, "upper"] = np.inf if side == "lower" else spread["upper"].to_numpy()
        return table

    def __repr__(self) -> str:
        """The constructor's call; once fitted also what the fit rests on and the estimates with their standard errors."""
        if self._fit is None:
            return self.constructor()
        return estimates_in_words(self._heading(), list(self.parameters_.index), self._fit.values, self.standard_errors_.to_numpy())

    def _repr_html_(self) -> str | None:
        return None if self._fit is None else table_as_html(self._heading(), self.summary(), self.notes_)

    def _heading(self) -> str:
        fit = self._fitted
        stopped = "" if fit.converged else f", stopped short ({fit.reason})"
        return f"{self.constructor()} {rests_on(self._counted(fit.n_units, fit.n_failed), fit.log_likelihood, stopped)}"

    # ---- keeping

    def __getstate__(self) -> dict[str, Any]:
        if self._fit is not None:
            self.spread_limits(KEPT_LEVEL)
        return {name: value for name, value in vars(self).items() if name not in ("lifetimes_", "_profile")}
