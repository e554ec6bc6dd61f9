"""Histories of repairable units."""

import pickle

import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest

import survjax as sj
from survjax.errors import BadRow

PUMPS = {
    "id": [1, 2, 3, 3, 4, 4, 4, 4, 5, 6, 6],
    "time": [800, 790, 95, 700, 300, 610, 610, 700, 690, 80, 700],
    "status": [0, 0, 1, 0, 1, 1, 1, 0, 0, 1, 0],
}


@pytest.mark.parametrize("kind", [pd.DataFrame, polars.DataFrame, pyarrow.table])
def test_a_frame_with_a_row_for_each_event_and_each_end_is_read(kind):
    pumps = sj.Recurrences.from_frame(kind(PUMPS), "id", "time", "status")
    assert pumps.units.tolist() == [1, 2, 3, 4, 5, 6]
    assert pumps.end.tolist() == [800.0, 790.0, 700.0, 700.0, 690.0, 700.0]
    assert pumps.entry.tolist() == [0.0] * 6
    assert pumps.events_per_unit().tolist() == [0, 0, 1, 3, 0, 1]
    assert pumps.age.tolist() == [95.0, 300.0, 610.0, 610.0, 80.0]
    assert pumps.row.tolist() == [2, 3, 3, 3, 5]
    assert repr(pumps) == "Recurrences(6 units: 5 events, 3 units without)"


def test_events_may_come_in_any_order():
    shuffled = pd.DataFrame(PUMPS).sample(frac=1.0, random_state=3)
    pumps = sj.Recurrences.from_frame(shuffled, "id", "time", "status")
    ordered = sj.Recurrences.from_frame(pd.DataFrame(PUMPS), "id", "time", "status")
    for unit in PUMPS["id"]:
        ages = [one.age[one.units[one.row] == unit].tolist() for one in (pumps, ordered)]
        assert ages[0] == ages[1]


def test_units_are_watched_from_just_after_entry_until_their_end():
    pumps = sj.Recurrences(["a", "b"], [5, 9], entry={"a": 2, "b": 4, "c": 0}, end={"a": 6, "b": 9, "c": 3})
    assert pumps.n_watched([2, 3, 4, 5, 6, 7, 9, 10]).tolist() == [1, 2, 1, 2, 2, 1, 1, 0]
    assert repr(pumps) == "Recurrences(3 units: 2 events, 1 unit without; 2 entered late)"
    assert (pumps.n_units, pumps.n_events) == (3, 2)


def test_one_end_may_hold_for_all_units_and_a_series_for_each():
    assert sj.Recurrences(["b", "a", "b"], [5, 9, 1], end=10).units.tolist() == ["b", "a"]
    series = pd.Series([10, 12, 7], index=["a", "b", "c"])
    pumps = sj.Recurrences(["b", "a", "b"], [5, 9, 1], end=series)
    assert (pumps.units.tolist(), pumps.end.tolist(), pumps.age.tolist()) == (["a", "b", "c"], [10.0, 12.0, 7.0], [9.0, 1.0, 5.0])
    quiet = sj.Recurrences([], [], end=series)
    assert repr(quiet) == "Recurrences(3 units: 0 events, 3 units without)"


def test_entries_may_stand_in_every_row_of_a_frame():
    frame = pd.DataFrame({"unit": [1, 1, 2], "age": [5, 8, 9], "event": [1, 0, 0], "seen": [2, 2, 3]})
    assert sj.Recurrences.from_frame(frame, "unit", "age", "event", entry="seen").entry.tolist() == [2.0, 3.0]
    with pytest.raises(ValueError, match="unit 1 has several values of entry: 2 and 4"):
        sj.Recurrences.from_frame(frame.assign(seen=[2, 4, 3]), "unit", "age", "event", entry="seen")


def test_histories_are_never_changed_and_survive_pickling():
    pumps = sj.Recurrences(["a", "b"], [5, 9], end=10)
    again = pickle.loads(pickle.dumps(pumps))
    assert repr(again) == repr(pumps)
    for one in (pumps, again):
        with pytest.raises(ValueError, match="read-only"):
            one.age[0] = 1
        with pytest.raises(AttributeError, match="cannot be changed"):
            one.age = np.ones(2)


def frame_of(**columns):
    return lambda: sj.Recurrences.from_frame(pd.DataFrame(PUMPS | columns), "id", "time", "status")


BAD = {
    "after its end": (lambda: sj.Recurrences(["a"], [5], end=4), ValueError, r"age is after the end of its unit in row 0 \(age=5, 4\)"),
    "before entry": (lambda: sj.Recurrences(["a", "a"], [5, 2], end=9, entry=3), ValueError, r"not after the entry of its unit in row 1"),
    "at entry": (lambda: sj.Recurrences(["a"], [0], end=9), ValueError, r"not after the entry of its unit in row 0 \(age=0, 0\)"),
    "no end": (lambda: sj.Recurrences(["a", "b"], [5, 2], end={"a": 9}), KeyError, r"unit 'b' has an event and no end"),
    "no entry": (lambda: sj.Recurrences(["a"], [5], end={"a": 9, "b": 9}, entry={"a": 0}), KeyError, r"unit 'b' has no entry"),
    "empty span": (
        lambda: sj.Recurrences(["a"], [5], end={"a": 9, "b": 3}, entry={"a": 0, "b": 3}),
        ValueError,
        r"end must be more than entry; unit 'b' has entry=3, end=3",
    ),
    "nobody": (lambda: sj.Recurrences([], [], end=3), ValueError, "there are no units"),
    "an unknown unit": (lambda: sj.Recurrences(["a", None], [5, 2], end=9), ValueError, r"unit is missing in row 1"),
    "nan": (lambda: sj.Recurrences(["a"], [np.nan], end=9), ValueError, r"row 0 has age=nan"),
    "endless": (lambda: sj.Recurrences(["a"], [5], end={"a": np.inf}), ValueError, r"row 0 has end=inf .*until which it was watched"),
    "lengths": (lambda: sj.Recurrences(["a"], [5, 6], end=9), ValueError, r"age has 2 rows and unit 1"),
    "a list of ends": (lambda: sj.Recurrences(["a"], [5], end=[9]), TypeError, r"end must be a number, or a mapping or pandas Series"),
    "two ends in a series": (
        lambda: sj.Recurrences(["a"], [5], end=pd.Series([9, 8], index=["a", "a"])),
        ValueError,
        r"end has several ages for unit 'a'",
    ),
    "two ends in a frame": (frame_of(status=[0, 0, 0, *PUMPS["status"][3:]]), ValueError, r"unit 3 has several values of end: 95"),
    "no end in a frame": (frame_of(status=[1, *PUMPS["status"][1:]]), KeyError, r"unit 1 has an event and no end"),
    "only events": (frame_of(status=[1] * 11), KeyError, r"no unit has a row for its end"),
    "no such column": (lambda: sj.Recurrences.from_frame(pd.DataFrame(PUMPS), "id", "age", "status"), KeyError, r"age='age' is not"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_histories_name_row_or_unit_and_remedy(case):
    make, error, message = BAD[case]
    with pytest.raises(error, match=message):
        make()


def test_an_error_about_events_carries_all_their_rows():
    with pytest.raises(BadRow) as caught:
        sj.Recurrences(["a", "a", "a"], [5, 2, 7], end=4)
    assert (caught.value.columns, caught.value.rows) == (("age",), (0, 2))
