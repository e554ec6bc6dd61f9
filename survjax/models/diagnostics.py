"""How good a fit is: tests, residuals and pictures of it beside its data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

from survjax.data.lifetimes import Lifetimes
from survjax.errors import NotFitted
from survjax.fitting.existence import check_support
from survjax.models.arguments import as_lifetimes, check_whole_number
from survjax.models.precision import in_double_precision

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation
    from matplotlib.axes import Axes

    from survjax.adequacy.goodness import GoodnessOfFit
    from survjax.models.model import Model
    from survjax.plotting.probability_paper import Points

SAME_DATA = 1e-7  # of a log-likelihood: far more than the digits of a model file lose, far less than other data would


class Diagnostics:
    """What a model is asked about its own fit: a part of ``Model``, which is long enough without."""

    @property
    def _model(self) -> Model:
        return cast("Model", self)

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
        schedule, its ages are kept; otherwise each unit keeps its own and is inspected as far apart before and after. ``censoring_rule`` of
        the result says which applied. Ages rounded to few values look like a bad fit: give such failures as intervals.

        Parameters
        ----------
        life : the lifetimes of the fit, where they are not at hand (after ``load``). Counts must be whole numbers; each is as many units.
        n_bootstrap : repetitions. seed : of their random numbers.
        start : an age from which on to compare, where few were under observation before.

        What the data do not decide anew in a repetition, ``notes`` of the result say: a prior, under which each is fitted, too; knots of a
        spline and what the fit has at an end of its range, which stay where they are; units dead on arrival, which are left out.
        Each is refitted from the one start: of a mixture some end elsewhere than at a maximum, and are counted as not fitted.

        Repetitions and their fits run in one compiled program; of inspected units Turnbull's estimates are made one by one, some
        milliseconds each.

        Raises
        ------
        NotFitted : nothing was fitted, or the data are not at hand.
        NotConverged : the fit has no maximum, or more than half of the repetitions could not be fitted. ``n_failed_refits`` of the
            result tells how many were not.
        ValueError : a fit of competing risks by cause; units that may or may not have been dead on arrival; right truncation, since how
            many units it kept out is not known; a fraction as a count; n_bootstrap below 1; an ``observed_until`` before the unit was last
            seen; lifetimes that are not those of the fit.

        References
        ----------
        D'Agostino & Stephens (1986), Goodness-of-Fit Techniques, chapter 4. Pettitt & Stephens (1976), Biometrika 63. Davison & Hinkley
        (1997), Bootstrap Methods and their Application, 4.2.
        """
        from survjax.adequacy.goodness import goodness_of_fit

        n_bootstrap, seed = check_whole_number(n_bootstrap, "n_bootstrap", 1), check_whole_number(seed, "seed", 0)
        return goodness_of_fit(self._model._fitted, self._own_lifetimes(life), n_bootstrap, seed, start)

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
        from survjax.adequacy.residuals import residuals_of

        return residuals_of(self._model._fitted, self._own_lifetimes(life, or_any=True))

    def _own_lifetimes(self, life: Lifetimes | None, *, or_any: bool = False) -> Lifetimes:
        """The lifetimes of the fit, or those given in their place."""
        model = self._model
        if life is None and model.lifetimes_ is None:
            raise NotFitted("the data of the fit are not at hand (a loaded or fully known model has none): pass life=.")
        if life is None or life is model.lifetimes_:
            return cast(Lifetimes, model.lifetimes_)
        life = as_lifetimes(life).beginning_at(model._fitted.template.start_of_support)
        check_support(model._fitted.template, life)
        if or_any or model._fitted.n_learned == 0:
            return life
        found, expected = model.log_likelihood(life), model.log_likelihood_
        if abs(found - expected) > SAME_DATA * (abs(expected) + life.n_units):
            raise ValueError(
                f"these are not the lifetimes of the fit: their log-likelihood is {found:.10g}, that of the fit {expected:.10g}. A fit can "
                f"only be compared with its own data; for others use {type(self).__name__} with every parameter given."
            )
        return life

    def plot_probability(
        self,
        life: Lifetimes | None = None,
        *,
        level: float = 0.95,
        paper: str | None = None,
        points: Points | None = None,
        rank_regression: bool | Literal["x on y", "y on x"] = False,
        ax: Axes | None = None,
        label: str | None = None,
        color: Any = None,
    ) -> Axes:
        """The fit on its own probability paper, with the points of the data and its confidence band.

        Parameters and errors are those of ``survjax.plotting.plot_probability``.
        """
        from survjax.plotting import plot_probability

        looks = {"ax": ax, "label": label, "color": color}
        return plot_probability(self._model, life, level=level, paper=paper, points=points, rank_regression=rank_regression, **looks)

    def plot_survival(
        self, life: Lifetimes | None = None, *, level: float = 0.95, ax: Axes | None = None, label: str | None = None, color: Any = None
    ) -> Axes:
        """Survival against age with its confidence band, beside Kaplan–Meier or Turnbull where there are data.

        Several fits go on the same axes: ``ax``; ``label`` is what the legend calls this one, ``color`` its colour (matplotlib's words).
        """
        from survjax.plotting import plot_survival

        return plot_survival(self._model, life, level=level, ax=ax, label=label, color=color)

    def plot_hazard(
        self, life: Lifetimes | None = None, *, level: float = 0.95, ax: Axes | None = None, label: str | None = None, color: Any = None
    ) -> Axes:
        """Hazard against age with its confidence band, beside the failure rate of age groups where there are data."""
        from survjax.plotting import plot_hazard

        return plot_hazard(self._model, life, level=level, ax=ax, label=label, color=color)

    def plot_residuals(
        self, life: Lifetimes | None = None, *, level: float = 0.95, ax: Axes | None = None, label: str | None = None, color: Any = None
    ) -> Axes:
        """Cox–Snell residuals: their Nelson–Aalen estimate, with its limits, against the straight line of a unit exponential."""
        from survjax.plotting import plot_residuals

        return plot_residuals(self._model, life, level=level, ax=ax, label=label, color=color)

    def plot_learning(self, life: Lifetimes | None = None, *, ax: Axes | None = None, label: str | None = None, color: Any = None) -> Axes:
        """How the density moved from its start to the optimum, as one still picture."""
        from survjax.plotting import plot_learning

        return plot_learning(self._model, life, ax=ax, label=label, color=color)

    def plot_learning_animation(self, life: Lifetimes | None = None) -> FuncAnimation:
        """The same step by step, as an animation that a notebook shows."""
        from survjax.plotting import plot_learning_animation

        return plot_learning_animation(self._model, life)
