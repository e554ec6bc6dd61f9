import datetime
import pickle

import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest

import survjax as sj
from survjax.errors import BadRow
from tests.conftest import shipped

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


def test_repr_counts_the_fleet():
    assert repr(shipped("hard_drives")) == "Lifetimes(52,422 units: 2,885 failed, 49,537 running)"
    assert repr(shipped("integrated_circuits")) == "Lifetimes(4,156 units in 22 rows: 28 failed, 4,128 running)"


def test_a_running_life_prints_with_a_plus():
    assert str(sj.Lifetimes(DURATIONS, EVENTS)) == "33, 44+, 52"


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
    "nan entry": (lambda: sj.Lifetimes([1.0], entry=[np.nan]), ValueError, r"Use 0 for units that were seen from the start"),
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


def test_input_is_copied_and_never_changed():
    durations = np.array(DURATIONS)
    life = sj.Lifetimes(durations)
    durations[0] = -1
    assert life.durations[0] == 33.0
    with pytest.raises(ValueError, match="read-only"):
        life.durations[0] = 1
    with pytest.raises(AttributeError, match="cannot be changed"):
        life.durations = durations


def test_rows_are_picked_as_scikit_learn_picks_them():
    life = sj.Lifetimes(DURATIONS, EVENTS, weights=[1, 2, 3])
    for rows in (slice(1, 3), [1, 2], np.array([False, True, True]), (np.array([1, 2]), ...)):
        assert life[rows].durations.tolist() == [44.0, 52.0]
        assert life[rows].weights.tolist() == [2.0, 3.0]
    assert str(life[1]) == "44+"
    assert str(life[-1]) == "52"
    assert len(life) == 3
    assert life.shape == (3,)
    with pytest.raises(IndexError):
        life[3]
    assert [str(one) for one in life] == ["33", "44+", "52"]


@pytest.mark.parametrize("rows", [None, True, np.ma.array([True, False, True], mask=[0, 0, 1])])
def test_what_picks_no_rows_is_refused(rows):
    # None gave "1 units: 3 failed, -2 running"
    with pytest.raises(IndexError, match="rows must be"):
        sj.Lifetimes(DURATIONS)[rows]


@pytest.mark.parametrize(
    "rows", [[0, 2], (2, 0), np.array([0, 2], np.uint8), [True, False, True], pd.Series([True, False, True]), [0, 0, 2]]
)
def test_rows_are_dropped_by_number_or_mask(rows):
    life = sj.Lifetimes(DURATIONS, EVENTS, weights=[1, 2, 3]).without(rows)
    assert str(life) == "44+"
    assert life.weights.tolist() == [2.0]


def test_rows_of_a_finding_can_be_dropped():
    life = shipped("hard_drives")
    (finding,) = life.checks()
    assert life.without(finding.rows).checks() == []
    assert len(life.without(finding.rows)) == len(life) - 5
    assert len(life.without(0)) == len(life) - 1
    assert len(life.without([])) == len(life)


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        ([0, 3], IndexError, "there is no row 3 among the 3 rows"),
        (-1, IndexError, "there is no row -1"),
        ([True, False], ValueError, r"one entry for each of the 3 rows; it has shape \(2,\)"),
        ([0.0], TypeError, "row numbers or a mask; got float64"),
        ([[0]], TypeError, r"shape \(1, 1\)"),
        ("0", TypeError, "got str '0'"),
        (slice(2), TypeError, "got slice"),
        (np.ma.array([0, 1], mask=[0, 1]), ValueError, "row 1 is missing"),
    ],
)
def test_rows_that_cannot_be_dropped_are_refused(rows, error, message):
    with pytest.raises(error, match=message):
        sj.Lifetimes(DURATIONS).without(rows)


def test_running_and_failed_split_the_fleet():
    life = sj.Lifetimes(DURATIONS, EVENTS, entry=[0, 1, 2])
    assert life.running().durations.tolist() == [44.0]
    assert life.failed().entry.tolist() == [0.0, 2.0]


def test_pickle_keeps_every_column():
    life = pickle.loads(pickle.dumps(sj.Lifetimes(DURATIONS, EVENTS, entry=[0, 1, 2], weights=[1, 2, 3])))
    assert life.entry.tolist() == [0.0, 1.0, 2.0]
    assert not life.durations.flags.writeable


def test_checks_find_the_five_impossible_ages_of_the_drives():
    (finding,) = shipped("hard_drives").checks()
    assert finding.rows == (49036, 52352, 52357, 52395, 52397)
    assert "3602.71" in str(finding)


def test_checks_say_nothing_of_clean_data_and_name_coarse_rounding():
    clean = np.random.default_rng(1).weibull(2.0, 200)
    assert sj.Lifetimes(clean).checks() == []
    (finding,) = sj.Lifetimes(np.ceil(5 * clean)).checks()
    assert "coarsely rounded" in str(finding)


def test_series_with_different_indexes_are_refused():
    with pytest.raises(ValueError, match="different indexes"):
        sj.Lifetimes(pd.Series([1.0, 2.0]), pd.Series([1, 0], index=[1, 0]))


def test_an_error_about_rows_carries_them_all_and_survives_pickling():
    with pytest.raises(BadRow, match="entry must be less than duration; row 1 has entry=6") as caught:
        sj.Lifetimes([9, 5, 7, 3], entry=[0, 6, 0, 3])
    error = pickle.loads(pickle.dumps(caught.value))
    assert str(error) == str(caught.value)
    assert (error.columns, error.rows, error.expected) == (("entry", "durations"), (1, 3), "less than the duration")


@pytest.mark.parametrize("weight", [1e-300, 1e300])
def test_counts_beyond_all_sense_are_refused(weight):
    with pytest.raises(ValueError, match=r"weights must be 0 or between 1e-100 and 1e100; row 1 has weights=1e"):
        sj.Lifetimes([1.0, 2.0, 3.0], weights=[1.0, weight, 1.0])
