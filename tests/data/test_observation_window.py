"""Lifetimes from calendar dates."""

import datetime

import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest

import survjax as sj

INSTALLED = ["2010-01-01", "2021-01-01", "2021-01-01", "2023-12-22"]
REMOVED = ["2020-01-11", "2021-02-01", None, "2024-03-01"]
WINDOW = {"observed_from": "2020-01-01", "observed_until": "2024-01-01"}


def fleet(**changed) -> sj.Lifetimes:
    return sj.Lifetimes.from_dates(**{"installed": INSTALLED, "removed": REMOVED} | WINDOW | changed)


def test_units_enter_with_the_window_and_those_it_leaves_are_running():
    life = fleet()
    # 2010 to 2020 has two leap years; 2021 to 2024 none; the last was removed after the window closed
    assert str(life) == "3662, 31, 1095+, 10+"
    assert life.entry.tolist() == [3652.0, 0.0, 0.0, 0.0]
    assert life.observed_until.tolist() == [5113.0, 1095.0, 1095.0, 10.0]


def test_without_an_opening_nobody_enters_late():
    life = sj.Lifetimes.from_dates(INSTALLED, REMOVED, observed_until="2024-01-01")
    assert life.entry is None
    assert str(life) == "3662, 31, 1095+, 10+"


@pytest.mark.parametrize(
    "kind",
    [
        pd.to_datetime,
        lambda dates: pd.Series(pd.to_datetime(dates), index=[7, 3, 1, 0]),
        lambda dates: np.array(dates, dtype="datetime64[D]"),
        lambda dates: [None if date is None else datetime.date.fromisoformat(date) for date in dates],
        lambda dates: polars.Series(dates).str.to_date(),
        lambda dates: pyarrow.array([None if date is None else datetime.date.fromisoformat(date) for date in dates]),
        lambda dates: pd.Series(dates, dtype="string"),
    ],
    ids=["pandas", "series", "NumPy", "Python", "polars", "Arrow", "text"],
)
def test_dates_of_any_kind_give_the_same_lifetimes(kind):
    assert fleet(installed=kind(INSTALLED), removed=kind(REMOVED)).to_frame().equals(fleet().to_frame())


@pytest.mark.parametrize(("unit", "days"), [("hours", 1 / 24), ("days", 1.0), ("weeks", 7.0), ("years", 365.25)])
def test_ages_are_in_the_unit_asked_for(unit, days):
    # one division more or less: two units in the last place
    np.testing.assert_allclose(fleet(unit=unit).lower * days, fleet().lower, rtol=5e-16)
    np.testing.assert_allclose(fleet(unit=unit).entry * days, fleet().entry, rtol=5e-16)


def test_usage_takes_the_place_of_time():
    life = fleet(usage_rate=[10, 20, 30, 0.5])
    assert str(life) == "36620, 620, 32850+, 5+"
    assert life.entry.tolist() == [36520.0, 0.0, 0.0, 0.0]
    assert life.observed_until.tolist() == [51130.0, 21900.0, 32850.0, 5.0]
    assert fleet(usage_rate=2).lower.tolist() == (2 * fleet().lower).tolist()


def test_hours_are_elapsed_ones_when_the_clocks_change():
    dates = pd.Series(pd.to_datetime(["2024-03-30 12:00", "2024-03-31 12:00"])).dt.tz_localize("Europe/Berlin")
    life = sj.Lifetimes.from_dates(dates[:1], dates[1:].reset_index(drop=True), observed_until=dates[1], unit="hours")
    assert str(life) == "23"


def test_a_fleet_that_all_runs_needs_no_dates_of_removal():
    for none in ([None, None], [pd.NaT, pd.NaT], [np.nan, np.nan]):
        assert str(sj.Lifetimes.from_dates(["2024-01-01", "2024-01-03"], none, observed_until="2024-01-11")) == "10+, 8+"
    aware = pd.Series(pd.to_datetime(["2024-01-01"])).dt.tz_localize("UTC")
    assert str(sj.Lifetimes.from_dates(aware, [None], observed_until=aware[0] + pd.Timedelta(days=2))) == "2+"


def test_units_dead_on_arrival_are_of_age_zero_where_all_were_seen_from_the_start():
    assert str(sj.Lifetimes.from_dates(["2021-01-01"] * 2, ["2021-01-01", None], observed_until="2021-01-03")) == "0, 2+"


def test_each_unit_may_have_a_window_of_its_own():
    life = fleet(observed_from=["2020-01-01", "2021-01-11", "2020-01-01", "2020-01-01"], observed_until=["2024-01-01"] * 3 + ["2024-06-01"])
    assert life.entry.tolist() == [3652.0, 10.0, 0.0, 0.0]
    assert str(life) == "3662, 31, 1095+, 70"


def test_units_removed_for_another_reason_are_suspended_at_removal():
    life = fleet(failed=[1, 0, 0, 1])
    # the last was removed, failed, after the window closed
    assert str(life) == "3662, 31+, 1095+, 10+"
    assert life.observed_until.tolist() == [5113.0, 1095.0, 1095.0, 10.0]
    assert life.entry.tolist() == fleet().entry.tolist()
    assert fleet(failed=pd.Series([True, True, False, True])).to_frame().equals(fleet().to_frame())


def test_units_removed_unfailed_do_not_count_as_running():
    life = fleet(failed=[1, 0, 0, 1])
    assert repr(life) == "Lifetimes(4 units: 1 failed, 2 running, 1 removed unfailed; 1 entered late)"
    assert (life.n_failed, life.n_running, life.n_removed) == (1.0, 2.0, 1.0)
    assert str(life.running()) == "1095+, 10+"
    assert "<tr><th>removed unfailed</th><td>1</td><td>31</td></tr>" in life._repr_html_()
    assert repr(life.in_unit(3.0)).count("1 removed unfailed") == repr(life.at_resolution(1)).count("1 removed unfailed") == 1
    untold = sj.Lifetimes.from_intervals(life.lower, life.upper)
    assert repr(untold) == "Lifetimes(4 units: 1 failed, 3 censored)"
    assert (untold.n_running, untold.n_removed) == (3.0, 0.0)


def test_a_unit_taken_out_on_the_day_it_came_is_not_dead_on_arrival():
    assert str(fleet(removed=[None, "2021-01-01", None, None], failed=[0] * 4)) == "5113+, 0+, 1095+, 10+"


UTC = pd.Series(pd.to_datetime(INSTALLED)).dt.tz_localize("UTC")
BAD = {
    "gone before": (
        {"removed": ["2019-01-01", None, None, None]},
        ValueError,
        r"removed must be after observed_from; row 0 has removed=2019-01-01.*, observed_from=.*not recorded completely.*remove them",
    ),
    "reversed": (
        {"removed": [None, "2020-12-31", None, None]},
        ValueError,
        r"removed must be no earlier than installed; row 1 .*exchanged",
    ),
    "dead on arrival": (
        {"removed": [None, "2021-01-01", None, None]},
        ValueError,
        r"removed must be after installed where observed_from is given; row 1 .*dead on arrival.*times of day",
    ),
    "installed late": (
        {"installed": [*INSTALLED[:3], "2024-02-01"]},
        ValueError,
        r"installed must be no later than observed_until; row 3 has installed=2024-02-01",
    ),
    "empty window": ({"observed_from": "2024-01-01"}, ValueError, r"observed_from must be before observed_until.*The window is empty"),
    "window exchanged": (
        {"observed_from": "2024-01-01", "observed_until": "2020-01-01"},
        ValueError,
        r"observed_from must be before observed_until; row 0 has .*The two are exchanged",
    ),
    "not installed": ({"installed": [*INSTALLED[:3], None]}, ValueError, r"installed must be a date in every row; row 3 has installed=NaT"),
    "no end": ({"observed_until": None}, ValueError, r"observed_until must be a date in every row"),
    "zones": ({"installed": UTC}, ValueError, r"time zones are mixed: installed in UTC, removed in no time zone"),
    "offsets": (
        {"removed": ["2022-01-01T00:00+01:00", "2022-01-01T00:00+02:00", None, None]},
        ValueError,
        r"removed must be dates in one time zone",
    ),
    "numbers": ({"installed": [1, 2, 3, 4]}, TypeError, r"installed must be dates; got numbers .*Lifetimes\(durations"),
    "a number among dates": (
        {"installed": [datetime.date(2021, 1, 1), 5, None, None]},
        ValueError,
        r"installed must be dates; row 1 is 5",
    ),
    "day first": (
        {"installed": ["2021-01-01", "31.12.2021", "2021-01-01", "2021-01-01"]},
        ValueError,
        r"row 1 is '31\.12\.2021' .*format=",
    ),
    "no such day": ({"installed": ["2021-02-30"] * 4}, ValueError, r"row 0 is '2021-02-30'"),
    "lengths": ({"removed": REMOVED[:3]}, ValueError, r"removed has 3 rows and installed 4"),
    "scalar": ({"installed": "2021-01-01"}, TypeError, r"installed must be a column of dates"),
    "no units": ({"installed": [], "removed": []}, ValueError, r"installed is empty"),
    "unit": ({"unit": "months"}, ValueError, r"unit must be one of hours, days, weeks, years; got 'months'"),
    "failed and running": (
        {"failed": [1, 1, 1, 0]},
        ValueError,
        r"failed must be 0 where removed is missing; row 2 has failed=1 .*the date at which .*or failed=0",
    ),
    "failed neither 0 nor 1": ({"failed": [1, 2, 0, 0]}, ValueError, r"failed must be 1 .*row 1 has failed=2"),
    "failed of another length": ({"failed": [1, 1]}, ValueError, r"failed has 2 rows and installed 4"),
    "failed of another index": (
        {"installed": pd.Series(INSTALLED), "failed": pd.Series([1, 1, 0, 0], index=[3, 2, 1, 0])},
        ValueError,
        "installed and failed are pandas Series with different indexes",
    ),
    "no usage": ({"usage_rate": [1, 1, 0, 1]}, ValueError, r"usage_rate must be more than 0; row 2"),
    "usage of another length": ({"usage_rate": [1, 1]}, ValueError, r"usage_rate has 2 rows and installed 4"),
    "indexes": (
        {"installed": pd.Series(INSTALLED), "removed": pd.Series(REMOVED, index=[3, 2, 1, 0])},
        ValueError,
        "different indexes",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_dates_name_row_and_remedy(case):
    changed, error, message = BAD[case]
    with pytest.raises(error, match=message):
        fleet(**changed)
