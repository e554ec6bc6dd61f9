"""What users pass as columns: any container, read row by row, refused with the row and the remedy."""

import datetime

import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest

import survjax as sj
from survjax.errors import BadRow

DURATIONS, EVENTS = [33.0, 44.0, 52.0], [1, 0, 1]


@pytest.mark.parametrize(
    "kind",
    [list, tuple, np.array, pd.Series, polars.Series, pyarrow.array, lambda v: pyarrow.chunked_array([v]), pd.array],
)
def test_columns_of_any_kind_give_the_same_lifetimes(kind):
    life = sj.Lifetimes(kind(DURATIONS), kind(EVENTS), entry=kind([0.0, 1.0, 2.0]), weights=kind([1, 2, 3]))
    assert life.durations.tolist() == DURATIONS
    assert life.event_observed.tolist() == [True, False, True]
    assert (life.n_units, life.n_failed, life.n_running) == (6.0, 4.0, 2.0)


@pytest.mark.parametrize("frame", [pd.DataFrame, polars.DataFrame, pyarrow.table])
def test_frames_are_read_by_column_name(frame):
    life = sj.Lifetimes.from_frame(frame({"hours": DURATIONS, "failed": EVENTS}), duration="hours", event="failed")
    assert life.durations.tolist() == DURATIONS


def test_names_of_columns_may_be_numbers_or_tuples():
    frame = pd.DataFrame({0: DURATIONS, 1: EVENTS, 2: [0.0, 1.0, 2.0]})
    assert str(sj.Lifetimes.from_frame(frame, duration=0, event=1, entry=2)) == "33, 44+, 52"
    frame.columns = pd.MultiIndex.from_tuples([("unit", "hours"), ("unit", "failed"), ("seen", "from")])
    assert str(sj.Lifetimes.from_frame(frame, duration=("unit", "hours"), event=("unit", "failed"))) == "33, 44+, 52"


@pytest.mark.parametrize(
    "flags", [[True, 0, 1.0], np.array([True, 0, np.True_], dtype=object), np.ma.array(EVENTS), pd.Categorical(EVENTS)]
)
def test_flags_may_be_booleans_and_numbers_together(flags):
    assert sj.Lifetimes(DURATIONS, flags).event_observed.tolist() == [True, False, True]


def test_a_missing_column_is_named_with_those_there_are():
    with pytest.raises(KeyError, match=r"event='dead' is not a column; there are hours, failed"):
        sj.Lifetimes.from_frame(pd.DataFrame({"hours": DURATIONS, "failed": EVENTS}), duration="hours", event="dead")


def test_a_frame_may_hold_intervals():
    frame = pd.DataFrame({"low": [0.0, 3.0, 5.0], "high": [2.0, 3.0, np.inf], "from": [0.0, 1.0, 0.0], "until": [9.0, 9.0, 9.0]})
    life = sj.Lifetimes.from_frame(frame, lower="low", upper="high", entry="from", observed_until="until")
    expected = sj.Lifetimes.from_intervals(frame["low"], frame["high"], entry=frame["from"], observed_until=frame["until"])
    pd.testing.assert_frame_equal(life.to_frame(), expected.to_frame())


BAD = {
    "nan": (lambda: sj.Lifetimes([1.0, np.nan]), ValueError, r"row 1 has durations=nan"),
    "infinite": (lambda: sj.Lifetimes([1.0, np.inf]), ValueError, r"row 1 has durations=inf"),
    "missing": (lambda: sj.Lifetimes(pd.array([1.0, None])), ValueError, r"row 1 is missing"),
    "none": (lambda: sj.Lifetimes([1.0, None]), TypeError, r"row 1 is missing \(None\)"),
    "lengths": (lambda: sj.Lifetimes([1.0, 2.0], [1]), ValueError, r"event_observed has 1 rows and durations 2"),
    "empty": (lambda: sj.Lifetimes([]), ValueError, r"durations is empty"),
    "flags": (lambda: sj.Lifetimes([1.0, 2.0], [1, 2]), ValueError, r"row 1 has event_observed=2"),
    "flag words": (lambda: sj.Lifetimes([1.0, 2.0], ["yes", "no"]), TypeError, r"row 0 is 'yes'"),
    "entry": (lambda: sj.Lifetimes([1.0, 2.0], entry=[0.0, 2.0]), ValueError, r"row 1 has entry=2, duration=2"),
    "negative weight": (lambda: sj.Lifetimes([1.0, 2.0], weights=[1, -1]), ValueError, r"row 1 has weights=-1"),
    "nan weight": (lambda: sj.Lifetimes([1.0, 2.0], weights=[1, np.nan]), ValueError, r"row 1 has weights=nan"),
    "zero weights": (lambda: sj.Lifetimes([1.0, 2.0], weights=[0, 0]), ValueError, r"weights are all zero"),
    "strings": (lambda: sj.Lifetimes(["1", "2"]), TypeError, r"row 0 is '1'"),
    "dates": (lambda: sj.Lifetimes(pd.to_datetime(["2020-01-01", "2021-01-01"])), TypeError, r"they are dates"),
    "timedeltas": (lambda: sj.Lifetimes(pd.to_timedelta([1, 2], unit="D")), TypeError, r"dt\.total_seconds"),
    "objects": (lambda: sj.Lifetimes([1.0, object()]), TypeError, r"row 1 is <object"),
    "booleans": (lambda: sj.Lifetimes([True, False]), TypeError, r"they are booleans"),
    "two dimensions": (lambda: sj.Lifetimes(np.ones((2, 2))), ValueError, r"shape \(2, 2\)"),
    "scalar": (lambda: sj.Lifetimes(3.0), ValueError, r"one-dimensional"),
    "ragged": (lambda: sj.Lifetimes([[1.0], [2.0, 3.0]]), ValueError, r"plain column of numbers"),
    "data frame": (lambda: sj.Lifetimes(pd.DataFrame({"hours": [1.0]})), TypeError, r"got a DataFrame"),
    "nan entry": (lambda: sj.Lifetimes([1.0], entry=[np.nan]), ValueError, r"Use 0 \(-inf where ages may be negative\) for units"),
    "no frame": (lambda: sj.Lifetimes.from_frame("fleet.csv", duration="a"), TypeError, r"must be a data frame; got str"),
    "a string": (lambda: sj.Lifetimes("12"), TypeError, r"column of numbers"),
    # a masked entry was used as the number under the mask
    "masked": (lambda: sj.Lifetimes(np.ma.array(DURATIONS, mask=[0, 1, 0])), ValueError, r"durations must be numbers; row 1 is missing"),
    "masked in a list": (lambda: sj.Lifetimes([1.0, np.ma.masked]), ValueError, r"row 1 is missing"),
    "masked flag": (lambda: sj.Lifetimes(DURATIONS, np.ma.array(EVENTS, mask=[0, 0, 1])), ValueError, r"row 2 is missing"),
    "masked entry": (
        lambda: sj.Lifetimes([1.0], entry=np.ma.array([0.5], mask=[1])),
        ValueError,
        r"entry must be numbers; row 0 is missing",
    ),
    # the first flag was named, which is a good one
    "null flag, polars": (
        lambda: sj.Lifetimes(DURATIONS, polars.Series([True, None, None])),
        ValueError,
        r"row 1 is missing \(the first of 2",
    ),
    "null flag, Arrow": (lambda: sj.Lifetimes(DURATIONS, pyarrow.array([True, False, None])), ValueError, r"row 2 is missing"),
    "null flag, chunks": (lambda: sj.Lifetimes(DURATIONS, pyarrow.chunked_array([[True], [False, None]])), ValueError, r"row 2 is missing"),
    "null flag, pandas": (lambda: sj.Lifetimes(DURATIONS, pd.array([True, False, None], "boolean")), ValueError, r"row 2 is missing"),
    "None among flags": (
        lambda: sj.Lifetimes(DURATIONS, [True, False, None]),
        TypeError,
        r"event_observed must be 1 .* row 2 is missing \(None",
    ),
    "NA among objects": (lambda: sj.Lifetimes(pd.Series([1, pd.NA], dtype=object)), TypeError, r"row 1 is missing \(<NA>\)"),
    "null duration, polars": (lambda: sj.Lifetimes(polars.Series([1, None])), ValueError, r"row 1 is missing"),
    "generator": (lambda: sj.Lifetimes(t for t in DURATIONS), TypeError, r"got generator.*list\(\.\.\.\)"),
    "a set without order": (lambda: sj.Lifetimes(frozenset(DURATIONS)), TypeError, r"got frozenset"),
    "no column": (lambda: sj.Lifetimes(object()), TypeError, r"column of numbers; got object"),
    "a huge integer": (lambda: sj.Lifetimes([1, 10**400]), ValueError, r"row 1 is beyond the largest float"),
    "timedelta objects": (lambda: sj.Lifetimes([datetime.timedelta(1)]), TypeError, r"they are durations .*total_seconds"),
    "complex": (lambda: sj.Lifetimes([1.0, 2j]), TypeError, r"row 0 is \(1\+0j\)"),
    "Lifetimes again": (lambda: sj.Lifetimes(sj.Lifetimes(DURATIONS)), TypeError, r"it is a Lifetimes; pass one of its columns"),
    "a lazy frame": (lambda: sj.Lifetimes(polars.LazyFrame({"a": DURATIONS})), TypeError, r"got a LazyFrame"),
    "from a lazy frame": (lambda: sj.Lifetimes.from_frame(polars.LazyFrame({"a": DURATIONS}), "a"), TypeError, r"pass frame\.collect\(\)"),
    "a column for its name": (
        lambda: sj.Lifetimes.from_frame(pd.DataFrame({"a": DURATIONS}), pd.Series(DURATIONS)),
        TypeError,
        r"got Series",
    ),
    "two columns of a name": (
        lambda: sj.Lifetimes.from_frame(pd.DataFrame([[1.0, 2.0]], columns=["a", "a"]), "a"),
        ValueError,
        r"2 columns are called 'a'; rename",
    ),
    "two Arrow columns of a name": (
        lambda: sj.Lifetimes.from_frame(pyarrow.table([pyarrow.array([1.0])] * 2, names=["a", "a"]), "a"),
        ValueError,
        r"2 columns are called 'a'; rename",
    ),
    "both forms": (
        lambda: sj.Lifetimes.from_frame(pd.DataFrame({"a": DURATIONS}), "a", lower="a", upper="a"),
        TypeError,
        r"lower goes with lower= and upper=, not with duration=",
    ),
    "neither form": (lambda: sj.Lifetimes.from_frame(pd.DataFrame({"a": DURATIONS}), lower="a"), TypeError, r"lower=, upper="),
    "text for a number's name": (
        lambda: sj.Lifetimes.from_frame(pd.DataFrame([[1.0, 2.0]]), "0"),
        KeyError,
        r"'0' is not a column; there are 0, 1",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_names_row_and_remedy(case):
    make, error, message = BAD[case]
    with pytest.raises(error, match=message):
        make()


def test_series_with_different_indexes_are_refused():
    with pytest.raises(ValueError, match="different indexes"):
        sj.Lifetimes(pd.Series([1.0, 2.0]), pd.Series([1, 0], index=[1, 0]))


@pytest.mark.parametrize("weight", [1e-300, 1e300])
def test_counts_beyond_all_sense_are_refused(weight):
    with pytest.raises(ValueError, match=r"weights must be 0 or between 1e-100 and 1e100; row 1 has weights=1e"):
        sj.Lifetimes([1.0, 2.0, 3.0], weights=[1.0, weight, 1.0])


@pytest.mark.parametrize(
    "cause",
    [
        ["seal", None, "seal"],
        ["seal", np.nan, "seal"],
        ("seal", np.ma.masked, "seal"),
        pd.Series(["seal", np.nan, "seal"]),
        pd.array(["seal", None, "seal"], dtype="string"),
        pd.Series(["seal", pd.NA, "seal"], dtype=object),
        pd.Categorical(["seal", None, "seal"]),
        polars.Series(["seal", None, "seal"]),
        pyarrow.array(["seal", None, "seal"]),
    ],
    ids=["None", "nan in a list", "masked", "series", "nullable", "NA", "category", "polars", "Arrow"],
)
def test_a_cause_may_be_missing_in_any_container(cause):
    # nan beside text in a list became the cause 'nan', and NA an error about its truth
    assert sj.Lifetimes(DURATIONS, [1, 1, 1], cause=cause).cause.tolist() == ["seal", None, "seal"]
    with pytest.raises(ValueError, match=r"cause is missing in row 1.*still runs or ended of a cause unknown"):
        sj.Lifetimes(DURATIONS, cause=cause)  # was a failure of a cause unknown


def test_a_blank_cause_is_missing():
    assert sj.Lifetimes(DURATIONS, [1, 0, 1], cause=["seal", "", " "]).cause.tolist() == ["seal", None, None]


def test_a_frame_with_causes_says_which_units_have_ended():
    frame = pd.DataFrame({"days": DURATIONS, "cause": ["seal", None, "seal"]})
    with pytest.raises(ValueError, match=r"the name of a column, event="):
        sj.Lifetimes.from_frame(frame, duration="days", cause="cause")
    ended = frame.assign(ended=frame["cause"].notna())
    assert sj.Lifetimes.from_frame(ended, duration="days", event="ended", cause="cause").event_observed.tolist() == [True, False, True]


def test_a_cause_of_a_unit_that_runs_is_refused():
    # was dropped: 'removal' with event 0 counted as running, and CompetingEvents had never heard of it
    frame = pd.DataFrame({"days": DURATIONS, "failed": [1, 0, 0], "end": ["failure", None, "removal"]})
    with pytest.raises(BadRow, match=r"row 2 has cause='removal' but event_observed=0.*\(1 such rows.*cause\.notna\(\)") as refused:
        sj.Lifetimes.from_frame(frame, duration="days", event="failed", cause="end")
    assert refused.value.rows == (2,)
    with pytest.raises(BadRow, match=r"row 2 has cause='removal' but upper=inf"):
        sj.Lifetimes.from_intervals(DURATIONS, [DURATIONS[0], np.inf, np.inf], cause=frame["end"])


@pytest.mark.parametrize("runs", ["running", "In service", "CENSORED", "still_running", 0, 0.0, "0", None])
def test_a_label_that_says_that_a_unit_runs_is_no_cause(runs):
    life = sj.Lifetimes(DURATIONS, [1, 0, 1], cause=["seal", runs, "seal"])
    assert repr(life) == "Lifetimes(3 units: 2 failed, 1 censored; causes: seal 2)"


def test_causes_keep_their_types():
    # numbers beside text became text
    assert sj.Lifetimes(DURATIONS, [1, 1, 1], cause=["1", 1, None]).cause.tolist() == ["1", 1, None]
