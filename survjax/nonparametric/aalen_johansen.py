"""The Aalen–Johansen estimate of cumulative incidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.special import ndtri

from survjax.data.columns import index_of, read_arguments
from survjax.data.lifetimes import Lifetimes
from survjax.data.product_limit import ProductLimit, product_limit
from survjax.errors import NotFitted
from survjax.nonparametric.rows import first_age, from_start, refuse_all_but_plain, refuse_early_end, units_told
from survjax.nonparametric.survival_curve import check_ages, check_level, picture_begin, shaped, told_with_table

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


class AalenJohansen:
    r"""The share of units that has failed of each cause by an age, other causes being at work.

    .. math:: F_k(t) = \sum_{t_i \le t} S(t_i-)\, d_{ki} / n_i

    S is the Kaplan–Meier estimate for failures of any cause, and the shares of all causes sum to 1 - S.

    Attributes
    ----------
    causes_ : the labels of the causes, in order.

    References
    ----------
    Aalen & Johansen (1978), Scandinavian Journal of Statistics 5. Variance: Marubini & Valsecchi (1995), Analysing Survival Data
    from Clinical Trials and Observational Studies, ch. 10.
    """

    causes_: list[Any]
    _estimate: ProductLimit | None = None
    _failures: np.ndarray
    _units: str
    _begin: float
    _end: float

    def fit(self, life: Lifetimes, *, start: float | None = None) -> Self:
        """Estimate the incidence of every cause.

        Parameters
        ----------
        life : ``Lifetimes`` with ``cause=``; failures at known ages and running units, entered late or not, with counts.
        start : as for ``KaplanMeier.fit``.

        Raises
        ------
        TypeError : no ``Lifetimes``. ValueError : no causes, or a failure whose cause is missing; and as ``KaplanMeier.fit``.
        """
        if not isinstance(life, Lifetimes):
            raise TypeError(
                f"AalenJohansen learns from a Lifetimes with causes, Lifetimes(durations, cause=...); got {type(life).__name__}."
            )
        life = from_start(life, start)
        refuse_all_but_plain(life, type(self).__name__)
        if life.cause is None:
            raise ValueError(
                "these lifetimes have no causes: Lifetimes(durations, event_observed, cause=...). Without causes use KaplanMeier."
            )
        life = life[life.counts() > 0]
        assert life.cause is not None
        unknown = life.event_observed & np.array([cause is None for cause in life.cause])
        if unknown.any():
            raise ValueError(
                f"the cause of the failure in row {int(np.flatnonzero(unknown)[0])} is missing ({int(unknown.sum()):,} such rows; rows "
                "count from 0). Give missing causes a label of their own, such as 'unknown'; left out, they would lower every incidence."
            )
        estimate = product_limit(life)
        refuse_early_end(estimate.time[estimate.failures >= estimate.at_risk], life, type(self).__name__)
        labels = life.cause[life.event_observed]
        self.causes_ = sorted(set(labels.tolist()), key=str)
        member = np.array([self.causes_.index(label) for label in labels.tolist()], dtype=np.intp)
        step = np.searchsorted(estimate.time, life.durations[life.event_observed])
        self._failures = np.zeros((len(self.causes_), len(estimate.time)))
        np.add.at(self._failures, (member, step), life.counts()[life.event_observed])
        self._estimate, self._begin, self._units = estimate, first_age(life), units_told(life)
        self._end = np.inf if estimate.survival[-1:] == 0.0 else float(life.durations.max())
        return self

    def __repr__(self) -> str:
        """The units, and the share failed of each cause by the last age."""
        if self._estimate is None:
            return "AalenJohansen()"
        last = self._last()
        shares = ", ".join(f"{100 * float(self.cumulative_incidence(last, cause)):.4g} % of {cause}" for cause in self.causes_)
        return f"AalenJohansen({self._units}; failed by {last:g}, the last age: {shares or 'none'})"

    def _repr_html_(self) -> str:
        return repr(self) if self._estimate is None else told_with_table(repr(self), self.table_)

    def _last(self) -> float:
        return self._end if np.isfinite(self._end) else float(self._fitted.time[-1])

    @property
    def _fitted(self) -> ProductLimit:
        if self._estimate is None:
            raise NotFitted("AalenJohansen has not been fitted: call fit(lifetimes) first.")
        return self._estimate

    def survival(self, t: Any) -> Any:
        """P(T > t), failures of any cause. Shape of t. Raises as ``KaplanMeier.survival``."""
        return self._at(t, np.append(1.0, self._fitted.survival))

    def cumulative_incidence(self, t: Any, cause: Any) -> Any:
        """The share that has failed of ``cause`` by age t. Shape of t.

        Raises
        ------
        KeyError : no unit failed of that cause. ValueError : as ``KaplanMeier.survival``.
        """
        return self._at(t, np.append(0.0, self._incidence(self._index(cause))))

    def interval(self, what: str, t: Any, cause: Any = None, level: float = 0.95) -> pd.DataFrame:
        """Estimate, standard error, lower and upper limit of "cumulative_incidence" of a cause, one row for each age.

        Limits are symmetric on the scale of log(-log F).
        """
        import pandas as pd

        if what != "cumulative_incidence":
            raise ValueError(f"what must be cumulative_incidence; got {what!r}. Limits of survival: KaplanMeier.")
        check_level(level)
        index = self._index(cause)
        share = np.append(0.0, self._incidence(index))
        error = np.append(0.0, self._error(index))
        inner = (share > 0.0) & (share < 1.0)
        log_share = np.log(np.where(inner, share, 0.5))
        reach = np.where(inner, float(ndtri(0.5 * (1 + level))) * error / (np.where(inner, share, 0.5) * -log_share), 0.0)
        lower, upper = (np.where(inner, np.exp(log_share * np.exp(sign * reach)), share) for sign in (1.0, -1.0))
        columns = {"estimate": share, "standard_error": error, "lower": lower, "upper": upper}
        return pd.DataFrame({name: np.ravel(self._at(t, column)) for name, column in columns.items()}, index=index_of(t))

    @property
    def table_(self) -> pd.DataFrame:
        """at_risk, survival, and for each cause its cumulative incidence and standard error, by age."""
        import pandas as pd

        estimate = self._fitted
        columns = {"at_risk": estimate.at_risk, "survival": estimate.survival}
        for index, cause in enumerate(self.causes_):
            columns |= {f"incidence[{cause}]": self._incidence(index), f"standard_error[{cause}]": self._error(index)}
        return pd.DataFrame(columns, index=pd.Index(estimate.time, name="age"))

    def plot(self, ax: Axes | None = None, level: float = 0.95, *, cause: Any = None, label: str | None = None, color: Any = None) -> Axes:
        """The incidence of every cause against age, or of one, with its limits, on ``ax`` or on axes of its own.

        Parameters
        ----------
        label : what the legend says before each cause. color : one for all causes, told apart by their styles, or a list of one each.

        Raises
        ------
        KeyError : no unit failed of ``cause``.
        """
        from survjax.plotting.canvas import OWN, axes, finish, lines_of, part_of, show

        estimate = self._fitted
        ax = axes(ax)
        last = self._last()
        begin = picture_begin(self._begin, estimate.time, last)
        time = np.unique(np.concatenate([[begin], estimate.time, [last]]))
        shown = self.causes_ if cause is None else [self.causes_[self._index(cause)]]
        highest = 0.0
        for one, (colour, style) in zip(shown, lines_of(ax, color, len(shown)), strict=True):
            band = self.interval("cumulative_incidence", time, one, level)
            said = f"{100 * level:g} % confidence"
            ax.fill_between(time, band["lower"], band["upper"], step="post", color=colour, alpha=0.2, linewidth=0, label=said)
            ax.step(time, band["estimate"], style, where="post", color=colour, gid=OWN, label=part_of(label, str(one)))
            highest = max(highest, float(band["upper"].max()))
        show(ax, (begin, last), (0.0, 1.05 * highest or 1.0))
        given = f", given survival to {self._begin:g}" if self._begin not in (0.0, -np.inf) else ""
        return finish(ax, "Cumulative incidence", "age", f"share failed of each cause{given}")

    def _index(self, cause: Any) -> int:
        if self._fitted and cause not in self.causes_:
            raise KeyError(f"no unit failed of {cause!r}; there are {', '.join(map(repr, self.causes_))}.")
        return self.causes_.index(cause)

    def _incidence(self, index: int) -> np.ndarray:
        estimate = self._fitted
        return np.cumsum(estimate.survival_before() * self._failures[index] / estimate.at_risk)

    def _error(self, index: int) -> np.ndarray:
        """Standard errors (m,): what each step adds by its failures of any cause, of this one, and both together."""
        estimate, own = self._fitted, self._failures[index]
        share, before, n = self._incidence(index), estimate.survival_before(), estimate.at_risk
        left = n - estimate.failures
        any_cause = np.where(left > 0, estimate.failures / (n * np.where(left > 0, left, 1.0)), 0.0)  # nothing follows a last failure
        this = before**2 * own * (n - own) / n**3
        both = before * own / n**2
        sums = [np.cumsum(term) for term in (any_cause, any_cause * share, any_cause * share**2, this, both, both * share)]
        gained = share**2 * sums[0] + sums[2] + sums[3] + 2 * sums[5]
        lost = 2 * share * (sums[1] + sums[4])
        # Once all have failed of one cause there is no error left, and the difference is rounding.
        nothing = np.abs(gained - lost) <= 4.0 * np.finfo(float).eps * len(share) * gained
        return np.sqrt(np.where(nothing, 0.0, gained - lost))

    def _at(self, t: Any, values: np.ndarray) -> Any:
        (ages,), shape = read_arguments(t=t)
        estimate = self._fitted
        check_ages(ages, self._begin, self._end)
        return shaped(values[np.searchsorted(estimate.time, ages, side="right")], shape)
