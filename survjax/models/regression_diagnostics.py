"""How good a fitted regression is: residuals, tests, and pictures of them."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, cast

from survjax.covariates.histories import History, taken_apart
from survjax.covariates.labels import take_labels
from survjax.data.lifetimes import Lifetimes
from survjax.errors import NotFitted
from survjax.fitting.existence import check_support
from survjax.models.arguments import as_target, check_whole_number
from survjax.models.diagnostics import SAME_DATA
from survjax.models.missing_arguments import names_missing_arguments
from survjax.models.precision import in_double_precision

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from survjax.adequacy.goodness import GoodnessOfFit
    from survjax.models.regression import Regression


@names_missing_arguments
class RegressionDiagnostics:
    """What a regression is asked about its own fit: a part of ``Regression``, which is long enough without."""

    @property
    def _regression(self) -> Regression:
        return cast("Regression", self)

    @in_double_precision
    def cox_snell_residuals(self, X: Any, y: Any = None, *, unit: Any = None) -> Lifetimes:
        """The cumulative hazard that the fit gives each row of X for its time under observation, as lifetimes.

        A failure at t is one at H(t | x) - H(entry | x), a unit still running a running one, an interval an interval. If the fit is right
        they are those of a unit exponential distribution, whatever the covariates: see ``plot_residuals``. Residuals of the data of the
        fit are a little too regular, since the parameters were fitted to them; ``goodness_of_fit`` allows for that.

        Parameters
        ----------
        X : (n, m) units. y : what became of them, as for ``fit``; None: the lifetimes of the fit, of which X is then to be.
        unit : (n,) labels, or the name of a column of X, where rows are stretches of lives: those of a unit are laid end to end, so that
            each is one residual that enters where the one before ended. A ``History`` brings X, y and unit.

        Raises
        ------
        NotFitted : nothing was fitted, or without y the data are not at hand.
        ValueError : rows of X and y do not match; what predictions refuse in X; stretches that do not follow on each other.

        References
        ----------
        Cox & Snell (1968), JRSS B 30. Therneau, Grambsch & Fleming (1990), Biometrika 77, on units whose covariates change.
        """
        from survjax.regression.residuals import laid_end_to_end, residuals_of_units

        if isinstance(X, History):
            X, y, unit = taken_apart(X, y, unit)
        _, (unit,) = take_labels(X, self._regression._formulas(), unit=unit)
        fit, covariates, life = self._regression._fitted, self._regression._covariates(X), self._units_of(X, y)
        self._regression._check_rows(len(covariates), life)
        residuals = residuals_of_units(fit.predictors, fit.coefficients, covariates, life)
        return residuals if unit is None else laid_end_to_end(residuals, life, unit)

    @in_double_precision
    def goodness_of_fit(self, X: Any, y: Any = None, *, n_bootstrap: int = 999, seed: int = 0) -> GoodnessOfFit:
        """How far the Cox–Snell residuals lie from a unit exponential, and how often chance alone takes them as far.

        The distances are those of ``Model.goodness_of_fit``, between one minus the Kaplan–Meier estimate of the residuals (Turnbull's,
        where failures are known within intervals) and the unit exponential; a residual counts from its unit's entry on. Their distribution,
        parameters being estimated, is that of ``n_bootstrap`` repetitions of the study under the fit, each fitted anew from the
        coefficients of the fit; p = (1 + repetitions at least as far) / (1 + repetitions). In a repetition each unit keeps what is known of
        it, and enters when it did. One that still ran keeps the end of its observation; of one that failed it is its ``observed_until``.
        Where that is not given, it is the end of the units with the same covariates, if these were stopped at one age (a test at one
        stress), else drawn from the Kaplan–Meier estimate of all ends, given that it lies after the failure.

        Where units at few stresses were each stopped at one age p is rather too large than too small: by simulation, 64 units at four
        stresses of which 44 % failed, it is 0.25 or less in 12 to 15 % of studies of the right model. Of complete data and of ends at
        random it has the distribution it should.

        The test is of the law as a whole. Whether a covariate acts as the model says is better seen in ``plot_residuals_against``.

        Parameters
        ----------
        X, y : those of the fit; y None: the lifetimes of the fit, where they are at hand. Counts must be whole numbers.
        n_bootstrap : repetitions, of some milliseconds each. seed : of their random numbers.

        Raises
        ------
        NotFitted : nothing was fitted, or without y the data are not at hand.
        NotConverged : the fit has no maximum, or more than half of the repetitions could not be fitted. ``n_failed_refits`` of the
            result tells how many were not.
        ValueError : a base and score learned in two stages; a fit to landmarks; causes told apart; units dead on arrival; rows of
            units whose covariates change; right truncation; a fraction as a count; data that are not those of the fit.

        References
        ----------
        D'Agostino & Stephens (1986), Goodness-of-Fit Techniques, chapter 4. Davison & Hinkley (1997), Bootstrap Methods and their
        Application, section 3.5, on repetitions of censored data.
        """
        from survjax.regression.goodness import goodness_of_regression

        n_bootstrap, seed = check_whole_number(n_bootstrap, "n_bootstrap", 1), check_whole_number(seed, "seed", 0)
        self._regression._refuse_two_stages("goodness of fit", "plot_residuals(X, y) shows its residuals")
        if self._regression._has_copies:
            raise ValueError(
                "landmarks of one unit depend on each other, and repetitions of a study draw rows that do not: take one landmark a unit, "
                "rows = Landmarks(log, units, at=[age]), and fit(rows); or look at plot_residuals(X, y)."
            )
        fit, covariates, life = self._regression._fitted, self._regression._covariates(X), self._units_of(X, y)
        self._check_same_data(X, life)
        return goodness_of_regression(fit, covariates, life, n_bootstrap, seed)

    def _units_of(self, X: Any, y: Any) -> Lifetimes:
        """The lifetimes of the units of X."""
        model = self._regression
        if y is None:
            if model.lifetimes_ is None:
                raise NotFitted("the data of the fit are not at hand (a loaded model has none): pass y.")
            return model.lifetimes_
        base = model._base_template()
        life = as_target(X, y).beginning_at(base.start_of_support)
        check_support(base, life)
        return life

    def _check_same_data(self, X: Any, life: Lifetimes) -> None:
        """Refuse data other than those of the fit, by their log-likelihood."""
        model = self._regression
        found, expected = model.log_likelihood(X, life), model.log_likelihood_
        if abs(found - expected) > SAME_DATA * (abs(expected) + life.n_units):
            raise ValueError(
                f"these are not the data of the fit: their log-likelihood is {found:.10g}, that of the fit {expected:.10g}. Pass the X and "
                "y that fit was given, in one order."
            )

    def plot_residuals(
        self,
        X: Any,
        y: Any = None,
        *,
        unit: Any = None,
        level: float = 0.95,
        ax: Axes | None = None,
        label: str | None = None,
        color: Any = None,
    ) -> Axes:
        """Cox–Snell residuals: their Nelson–Aalen estimate, with its limits, against the straight line of a unit exponential.

        Arguments are those of ``cox_snell_residuals``.
        """
        from survjax.plotting.residuals import draw_residuals

        residuals = self.cox_snell_residuals(X, y, unit=unit)
        return draw_residuals(residuals, self._regression, level=level, ax=ax, label=label, color=color)

    def plot_residuals_against(
        self, column: Hashable, X: Any, y: Any = None, *, ax: Axes | None = None, label: str | None = None, color: Any = None
    ) -> Axes:
        """Cox–Snell residuals of the rows against one column of X, which tells whether that column acts as the model says.

        Arguments are those of ``cox_snell_residuals``; the picture is described in ``survjax.plotting.plot_residuals_against``.
        """
        from survjax.plotting import plot_residuals_against

        return plot_residuals_against(self._regression, column, X, y, ax=ax, label=label, color=color)
