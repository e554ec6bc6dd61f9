"""What is asked of tests at high stress: each stress's own law, by how much it shortens life, and life against stress."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from survjax.models.acceleration import acceleration_factors
from survjax.models.arguments import check_level, check_side
from survjax.models.parameters_of_units import parameters_of_units
from survjax.models.precision import in_double_precision

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from survjax.models.regression import Regression


class AcceleratedTests:
    """What a regression tells of stresses: a part of ``Regression``, which is long enough without."""

    @property
    def _regression(self) -> Regression:
        return cast("Regression", self)

    @in_double_precision
    def parameters_at(self, X: Any, *, level: float = 0.95, side: str = "two") -> pd.DataFrame:
        """The parameters of each unit's own law, with Wald limits: the shape and the scale at a stress.

        ``parameters_`` are those of a unit with every covariate 0, or at its mean (``base_is_of_``), which for a life–stress relation may
        be no unit at all: an ``arrhenius`` of 0 is an infinite temperature.

        Parameters
        ----------
        X : (n, m) units. level, side : as for ``interval``.

        Returns
        -------
        DataFrame with ``estimate``, ``standard error``, ``lower``, ``upper``; one row a unit and parameter.

        Raises
        ------
        ValueError : the law of a unit is not of the base's kind (the hazard of a LogNormal, multiplied).
        """
        check_level(level)
        check_side(side)
        return parameters_of_units(self._regression._fitted, self._regression._covariates(X), level, side, getattr(X, "index", None))

    @in_double_precision
    def acceleration_factor(
        self, X_test: Any, X_use: Any, *, p: float | None = None, level: float = 0.95, side: str = "two"
    ) -> pd.DataFrame:
        r"""How many times as long units live at use as at test, with limits by the delta method on the logarithm.

        .. math:: AF = t_p(x_{use}) / t_p(x_{test})

        Under accelerated time it is :math:`e^{(x_{use} - x_{test})^\top\beta}`, whatever the share p that has failed; under proportional
        hazards over a Weibull of shape k :math:`e^{(x_{test} - x_{use})^\top\beta / k}`. Where lives are not all stretched alike (a shape
        that follows covariates, another base under proportional hazards) p has to be said.

        Parameters
        ----------
        X_test : (n, m) units under test. X_use : one unit at use, or n.
        p : the share failed at which lives are compared; None: all alike.
        level, side : as for ``interval``.

        Returns
        -------
        DataFrame with ``estimate``, ``lower``, ``upper``, one row a unit under test, with the index of X_test.

        Raises
        ------
        ValueError : the ratio depends on p, and none is given; the numbers of rows do not match; what predictions refuse.

        References
        ----------
        Nelson (1990), Accelerated Testing, chapter 2; Meeker & Escobar (1998), Statistical Methods for Reliability Data, chapter 18.
        """
        check_level(level)
        check_side(side)
        test, use = self._regression._covariates(X_test), self._regression._covariates(X_use)
        if len(use) not in (1, len(test)):
            raise ValueError(f"X_use is one unit, or one for each of the {len(test)} rows of X_test; it has {len(use)}.")
        if p is not None and not (isinstance(p, (int, float)) and 0 < p < 1):
            raise ValueError(f"p is a share failed, between 0 and 1; got {p!r}.")
        return acceleration_factors(self._regression._fitted, test, use, p, level, side, getattr(X_test, "index", None))

    def plot_life_stress(
        self,
        column: str,
        X: Any,
        y: Any = None,
        *,
        p: Any = 0.5,
        at: Mapping[str, Any] | None = None,
        values: Any = None,
        relation: str | None = None,
        level: float = 0.95,
        ax: Axes | None = None,
        label: str | None = None,
        color: Any = None,
    ) -> Axes:
        """Life against stress on the axes of their relation, on which the model is a straight line, with the units of the data.

        Parameters
        ----------
        column : the stress, as X has it.
        X, y : the units of the data; y None: the lifetimes of the fit. Other covariates are held at a typical unit of X, as in
            ``partial_effect``, or as ``at`` says, and only units that share them are shown.
        p : the share failed whose age is drawn, or several.
        at : at what to hold other covariates, ``{"humidity": 60}``; of several levels, ``{"humidity": [30, 60, 90]}``, a line each.
        values : stresses between which to draw, use included; None: those of X.
        relation : of the axis, "arrhenius", "inverse_power", "coffin_manson" or "linear"; None: that of the formula.
        level : of the limits.
        ax, label, color : where to draw, what the legend says before each line, and one colour for all lines or a list of one each.

        Raises
        ------
        ValueError : no such covariate, or none such in ``at``; a relation that is not one of these; rows of X and y do not match.
        """
        from survjax.plotting import plot_life_stress

        looks = {"level": level, "ax": ax, "label": label, "color": color}
        return plot_life_stress(self._regression, column, X, y, p=p, at=at, values=values, relation=relation, **looks)
