"""The data: what is known of each unit's lifetime."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from survjax.data.columns import index_of, refuse_different_indexes
from survjax.data.event_values import failed_where, refuse_words
from survjax.data.frames import check_forms, columns_of_frame, refuse_repeated_units
from survjax.data.lifetime_columns import interval_columns, plain_columns
from survjax.data.lifetime_rows import LifetimeRows
from survjax.data.nevada import nevada_columns
from survjax.data.notations import failures_and_suspensions, structured, xcnt
from survjax.data.observation_window import window_columns
from survjax.data.resolution import refuse_rounded_alone, within_resolution


class Lifetimes(LifetimeRows):
    """Lifetimes of a fleet, any mix of failures, running units and failures known only to lie in an interval.

    ``Lifetimes(durations, event_observed)`` is for failures at known ages and running units; ``Lifetimes.from_intervals`` takes
    every kind of row.

    Parameters
    ----------
    durations : (n,) ages at failure, or ages reached by units that still run; any one unit of time.
    event_observed : (n,) 1 or True for a failure, 0 or False for a unit not failed when last seen (still running, or taken out). None:
        all have failed.
    entry : (n,) or one number: ages at which observation of the unit began (delayed entry, left truncation). A unit that had failed
        before it would not be in the data. 0, or -inf where ages may be negative (a law on the whole real line takes an entry at 0 for
        one): this unit was seen from the start. None: every unit was.
    weights : (n,) counts: how many units a row stands for; fractions are allowed. None: one each.
    cause : (n,) what each unit failed of, any labels; missing (None, nan, blank) where it is not known, and of units still
        running (or a word such as "running" or "censored"). Looked at for failures only, so that with missing ones ``event_observed``
        has to be given, and a cause that only running units have is refused.
    resolution : how finely ages were recorded (1.0 for whole days), one number or (n,): ages at failure are then known to half of that
        only, as ``at_resolution`` says. None: exactly.
    rounded : "nearest", or "down" for completed units (whole days gone by), with which a failure at age t is one in (t, t + resolution].

    Lists, NumPy arrays, pandas and polars Series and Arrow arrays are accepted; they are copied, and never changed.

    Attributes
    ----------
    lower, upper : (n,) the unit was alive at ``lower`` and had failed by ``upper``: equal for a failure at a known age, infinite
        ``upper`` for a unit still running.
    durations : (n,) the same as ``lower``. event_observed : (n,) whether the age at failure is known exactly.
    right_truncation : (n,) or None; observed_until : (n,) or None. See ``from_intervals``.

    Raises
    ------
    TypeError : a column holds text, dates, None or other objects, or (for numbers) booleans.
    ValueError : a value is missing (masked, null) or infinite, lengths differ, entry is not before duration, a weight is negative or
        all are zero, a cause is that of running units only, there are no rows. The message names the first such row, counted from 0.

    Examples
    --------
    >>> Lifetimes([33, 44, 52], event_observed=[1, 0, 1])
    Lifetimes(3 units: 2 failed, 1 censored)
    """

    __slots__ = ()

    def __init__(
        self,
        durations: Any,
        event_observed: Any = None,
        *,
        entry: Any = None,
        weights: Any = None,
        cause: Any = None,
        resolution: Any = None,
        rounded: Any = "nearest",
    ) -> None:
        columns = plain_columns(durations, event_observed, entry=entry, weights=weights, cause=cause)
        refuse_rounded_alone(resolution, rounded)
        if resolution is not None:
            refuse_different_indexes(durations=durations, resolution=resolution)
            columns |= within_resolution(columns, resolution, rounded)
        self._set(index_of(durations), **columns)

    @classmethod
    def from_intervals(
        cls,
        lower: Any,
        upper: Any,
        *,
        entry: Any = None,
        right_truncation: Any = None,
        weights: Any = None,
        cause: Any = None,
        observed_until: Any = None,
        resolution: Any = None,
        rounded: Any = "nearest",
    ) -> Lifetimes:
        """Lifetimes of which it is known that they ended between two ages.

        Parameters
        ----------
        lower, upper : (n,) alive at ``lower``, failed by ``upper``. Equal: a failure at that age. Infinite ``upper``: still running
            (right-censored). ``lower`` 0, or -inf for laws on the whole real line: failed some time before ``upper`` (left-censored).
        entry : (n,) or one number: delayed entry, as for ``Lifetimes``. A ``lower`` of 0 (or -inf) below it means
            failed between entry and ``upper``.
        right_truncation : (n,) or one number: ages up to which a unit can be in the data at all, and then only failed (returns seen
            by a date of analysis): what did not fail before would not be there. inf: no such limit. An ``upper`` beyond it is read
            as it.
        weights, cause : (n,) as for ``Lifetimes``.
        observed_until : (n,) or one number: the age up to which each unit would have been followed had it neither failed nor been taken
            out, where that is known. It tells units still running from those removed unfailed before; fits do not need it, a
            simulated repetition of the study does.
        resolution, rounded : as for ``Lifetimes``, of the rows whose ends are equal, and of running ones where rounded down.

        Raises
        ------
        TypeError : as ``Lifetimes``.
        ValueError : lower beyond upper; a finite lower end other than 0 below entry; entry not before upper; right truncation not after
            lower or entry. The message names the first such row, counted from 0, and the remedy.
        """
        given = {"entry": entry, "right_truncation": right_truncation, "weights": weights, "cause": cause}
        columns = interval_columns(lower, upper, observed_until, **given)
        refuse_rounded_alone(resolution, rounded)
        if resolution is not None:
            refuse_different_indexes(lower=lower, resolution=resolution)
            columns |= within_resolution(columns, resolution, rounded)
        life = cls.__new__(cls)
        life._set(index_of(lower, upper), **columns)
        return life

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        duration: Hashable = None,
        event: Hashable = None,
        entry: Hashable = None,
        weights: Hashable = None,
        cause: Hashable = None,
        *,
        lower: Hashable = None,
        upper: Hashable = None,
        right_truncation: Hashable = None,
        observed_until: Hashable = None,
        unit: Hashable = None,
        event_value: Any = None,
        resolution: Any = None,
        rounded: Any = "nearest",
    ) -> Lifetimes:
        """Lifetimes from columns of a pandas or polars data frame or an Arrow table, given by name (text, number or tuple).

        Either ``duration`` and ``event``, as ``Lifetimes`` takes them, or ``lower`` and ``upper``, as ``from_intervals`` does.
        ``resolution`` is no name but the number, or (n,) numbers, that both take, and ``rounded`` the word.
        ``unit`` names the column of the units' labels (serial numbers), which makes sure that each has one row; it is not kept.
        An event column of words or other codes needs ``event_value``, the one that means a failure, or a list of several; every other
        value is then a unit that has not failed.

        Raises
        ------
        TypeError : no data frame, or one not read yet; a column in place of its name; neither or both of the two forms; an event column
            of words without ``event_value``, or that without an event column.
        KeyError : a column is not in the frame; the message lists those that are.
        ValueError : several columns have that name; ``event_value`` is not in the column, or there in two spellings; a
            unit has two rows; and what
            ``Lifetimes`` and ``from_intervals`` themselves raise.

        Examples
        --------
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"hours": [33, 44, 52], "status": ["Failed", "Running", "Failed"]})
        >>> Lifetimes.from_frame(frame, duration="hours", event="status", event_value="Failed")
        Lifetimes(3 units: 2 failed, 1 censored)
        """
        check_forms(duration, event, lower=lower, upper=upper, right_truncation=right_truncation, observed_until=observed_until)
        if event_value is not None and event is None:
            raise TypeError("event_value says what means a failure in the column event=; name that column too.")
        shared = columns_of_frame(frame, entry=entry, weights=weights, cause=cause)
        if unit is not None:
            refuse_repeated_units(columns_of_frame(frame, unit=unit)["unit"], unit)
        if duration is not None:
            own = columns_of_frame(frame, durations=duration, event_observed=event)
            if event_value is not None:
                own["event_observed"] = failed_where(own["event_observed"], event_value, event)
            elif event is not None:
                refuse_words(own["event_observed"], event)
            return cls(**own, **shared, resolution=resolution, rounded=rounded)
        ends = columns_of_frame(frame, lower=lower, upper=upper, right_truncation=right_truncation, observed_until=observed_until)
        return cls.from_intervals(**ends, **shared, resolution=resolution, rounded=rounded)

    @classmethod
    def from_failures_and_suspensions(cls, failures: Any, suspensions: Any = None) -> Lifetimes:
        """Lifetimes from two lists: ages at failure, and the ages (suspensions) of units still running; failures come first.

        Raises
        ------
        TypeError, ValueError : as ``Lifetimes``; both are empty.

        Examples
        --------
        >>> Lifetimes.from_failures_and_suspensions([33, 52], [44])
        Lifetimes(3 units: 2 failed, 1 censored)
        """
        return cls.from_intervals(**failures_and_suspensions(failures, suspensions))

    @classmethod
    def from_xcnt(cls, x: Any, c: Any = None, n: Any = None, tl: Any = None, tr: Any = None) -> Lifetimes:
        """Lifetimes as surpyval writes them.

        Parameters
        ----------
        x : (n,) values, (n, 2) lower and upper ends, or a list of values and pairs.
        c : (n,) codes: 0 failure at x, 1 right-censored, -1 left-censored (failed before x, from -inf), 2 failed within the pair.
            None: told by x, pairs with an infinite end being right- or left-censored.
        n : (n,) counts. tl, tr : (n,) or one number: left and right truncation (-inf, inf: none).

        Raises
        ------
        TypeError, ValueError : as ``from_intervals``; other codes; a pair where c says one value, or the reverse.

        Examples
        --------
        >>> print(Lifetimes.from_xcnt([33, 44, [10, 20], 9], c=[0, 1, 2, -1]))
        33, 44+, (10, 20], (-inf, 9]
        """
        return cls.from_intervals(**xcnt(x, c, n, tl, tr))

    @classmethod
    def from_structured(cls, y: Any, entry: Any = None, weights: Any = None) -> Lifetimes:
        """Lifetimes from scikit-survival's structured array (n,): a boolean field, the event, and one of numbers, the time.

        Raises
        ------
        TypeError : y has other fields. ValueError : as ``Lifetimes``.
        """
        durations, event_observed = structured(y)
        return cls(durations, event_observed, entry=entry, weights=weights)

    @classmethod
    def from_dates(
        cls,
        installed: Any,
        removed: Any,
        *,
        failed: Any = None,
        observed_from: Any = None,
        observed_until: Any,
        unit: str = "days",
        usage_rate: Any = None,
    ) -> Lifetimes:
        """Lifetimes of a fleet seen through a window of the calendar.

        Units installed before ``observed_from`` enter at the age they had then (left truncation). Those not removed, and those
        removed after ``observed_until``, are running units of the age they had then. ``observed_until`` of the result is that age. Units
        removed for another reason than failure are censored at the age at which they were taken out, and do not count as running.

        Parameters
        ----------
        installed : (n,) dates. removed : (n,) dates of removal, missing (None, NaT) for units still running.
        failed : (n,) 1 or True where the removal was a failure, 0 or False where not (scrapped, sold, overhauled) and for units still
            running. None: all removals were failures.
        observed_from, observed_until : one date or (n,): since when every removal is recorded (None: since always), and until when.
        unit : of the ages: "hours", "days", "weeks" or "years" of 365.25 days; elapsed time, whatever the clocks changed.
        usage_rate : one number or (n,): usage per such unit (kilometres a day). Ages are then usage.

        Dates are those of pandas, NumPy, polars, Arrow or Python, or ISO text, all in one time zone or all without.

        Raises
        ------
        TypeError : numbers in place of dates.
        ValueError : no date where one is needed; removed before installed; installed after ``observed_until``; removed before the
            window opened; failed where not removed; time zones mixed; a usage rate not above 0. The message names the first such row
            and the remedy.

        References
        ----------
        Hong, Meeker & McCalley (2009), Annals of Applied Statistics 3, on power transformers seen so.

        Examples
        --------
        >>> Lifetimes.from_dates(
        ...     ["2015-03-01", "2021-06-01"], ["2022-03-01", None], observed_from="2020-01-01", observed_until="2024-01-01"
        ... )
        Lifetimes(2 units: 1 failed, 1 running; 1 entered late)
        """
        return cls.from_intervals(**window_columns(installed, removed, failed, observed_from, observed_until, unit, usage_rate))

    @classmethod
    def from_nevada(
        cls, shipped: Any, returned: Any = None, *, midpoint: bool = False, lag: float = 0.0, first_return: int | None = None
    ) -> Lifetimes:
        """Lifetimes in months from a Nevada table: shipments by month, and the returns of each by month.

        A unit shipped in month i and returned in month j may be of any age in (j - i - 1, j - i + 1): that interval is used. One not
        returned by the end of the last month m is between m - i and m - i + 1 old: it is a running unit of the age in the middle.

        Parameters
        ----------
        shipped : (n,) units shipped in each month; or a data frame with these in its first column and the returns in the others.
        returned : (n, m) units of each shipment that came back in each month; blank (None, nan) before shipment.
        midpoint : the middle of the interval in place of it, age j - i (1/2 for j = i). An approximation, poor where many fail early.
        lag : months from shipment to service, taken off every age; units not in service yet are of age 0.
        first_return : which month the first column of returns is, counted from that of the first row. None: 0, or what the labels of
            data frames say, months (dates, periods, text such as 2024-01) or the same words on both sides.

        Raises
        ------
        TypeError : cells that are no numbers; no table.
        ValueError : rows of different lengths; a negative cell; more returned than shipped; returns before shipment or within the
            lag; blanks after shipment; shipments after the last month. The message names the first such row and the remedy.

        Examples
        --------
        >>> Lifetimes.from_nevada([100, 120], [[0, 2], [None, 1]])
        Lifetimes(220 units in 4 rows: 3 failed (3 within an interval), 217 censored)
        """
        return cls.from_intervals(**nevada_columns(shipped, returned, midpoint, lag, first_return))
