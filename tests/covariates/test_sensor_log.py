"""Logs of readings against an as-of join made row by row, and what no join can make good."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from survjax.covariates.histories import check_histories
from survjax.covariates.sensor_log import from_sensor_log
from survjax.data.lifetimes import Lifetimes

LOG = pd.DataFrame({
    "unit": ["a", "b", "a", "a", "b"],
    "time": [0.0, 20.0, 30.0, 60.0, 50.0],
    "load": [1.0, 5.0, 2.0, 3.0, 6.0],
})  # fmt: skip
UNITS = pd.DataFrame({
    "unit": ["b", "a"],
    "entry": [10.0, 40.0],
    "duration": [70.0, 75.0],
    "event_observed": [True, False],
    "brand": pd.Categorical(["x", "y"]),
})  # fmt: skip


def joined(**kept):
    return from_sensor_log(LOG, UNITS, **kept).to_frame()


def test_a_reading_is_in_force_from_its_age_to_the_next_and_a_unit_enters_at_its_first():
    expected = pd.DataFrame({
        "unit": ["b", "b", "a", "a"],
        "start": [20.0, 50.0, 40.0, 60.0],
        "stop": [50.0, 70.0, 60.0, 75.0],
        "event": [False, True, False, False],
        "load": [5.0, 6.0, 2.0, 3.0],
        "brand": pd.Categorical(["x", "x", "y", "y"]),
    })  # fmt: skip
    pd.testing.assert_frame_equal(joined(), expected)


def test_the_first_reading_may_be_held_to_have_been_in_force_before():
    assert joined(before_first="first reading")["start"].tolist() == [10.0, 50.0, 40.0, 60.0]
    with pytest.raises(ValueError, match=r"unit 'b' \(row 0 of units\) has its first reading after its entry"):
        joined(before_first="refuse")


def by_rows(log, units):
    """The same join, one unit and one reading after the other."""
    rows = []
    for unit in units.itertuples():
        own = log[log["unit"] == unit.unit].sort_values("time")
        times = [*own["time"], unit.duration]
        for place, reading in enumerate(own.itertuples()):
            start, stop = max(times[place], unit.entry), min(times[place + 1], unit.duration)
            if start < stop:
                rows.append((unit.unit, start, stop, bool(unit.event_observed and stop == unit.duration), reading.load))
    return pd.DataFrame(rows, columns=["unit", "start", "stop", "event", "load"])


def fleet(seed):
    generator = np.random.default_rng(seed)
    n = 40
    units = pd.DataFrame({
        "unit": generator.permutation(n),
        "entry": generator.choice([0.0, 5.0, 12.5], n),
        "duration": generator.integers(20, 60, n) + 0.0,
        "event_observed": generator.random(n) < 0.5,
    })  # fmt: skip
    times = {unit.unit: np.unique(generator.integers(0, int(unit.duration) + 1, 9)) for unit in units.itertuples()}
    log = pd.DataFrame([(unit, float(time)) for unit, own in times.items() for time in [0, *own[own > 0]]], columns=["unit", "time"])
    log["load"] = generator.normal(size=len(log))
    return log.sample(frac=1, random_state=seed), units


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_join_is_that_made_row_by_row_and_its_rows_fit_together(seed):
    log, units = fleet(seed)
    history = from_sensor_log(log, units, hold_last=True)
    shown = history.to_frame()
    pd.testing.assert_frame_equal(shown, by_rows(log, units))
    check_histories(shown["unit"], shown["start"], shown["stop"], shown["event"])
    assert history.y.n_failed == units["event_observed"].sum()


@pytest.mark.parametrize("kind", [pl.from_pandas, lambda frame: {name: frame[name].tolist() for name in frame}])
def test_other_tables_give_the_same(kind):
    log, units = fleet(4)
    again = from_sensor_log(kind(log), kind(units), hold_last=True).to_frame()
    pd.testing.assert_frame_equal(again, from_sensor_log(log, units, hold_last=True).to_frame())


def test_other_names_chosen_columns_weights_and_causes():
    log = LOG.rename(columns={"unit": "serial", "time": "age"}).assign(note=None)
    units = UNITS.rename(columns={"unit": "serial", "duration": "end", "event_observed": "failed", "entry": "since"})
    names = {"unit": "serial", "time": "age", "duration": "end", "event": "failed", "entry": "since", "weights": "count", "cause": "why"}
    history = from_sensor_log(log, units.assign(count=[2, 3], why=["head", None]), **names, columns=["load"])
    assert list(history.X.columns) == ["load"]
    np.testing.assert_array_equal(history.y.weights, [2, 2, 3, 3])
    assert list(history.y.cause) == [None, "head", None, None]
    assert history.y.entry.tolist() == [20.0, 50.0, 40.0, 60.0]


def test_without_entries_units_are_watched_from_their_first_reading():
    history = from_sensor_log(LOG, UNITS.drop(columns="entry"))
    assert history.y.entry.tolist() == [20.0, 50.0, 0.0, 30.0, 60.0]


def test_units_may_be_categories_of_the_log():
    log, units = LOG.astype({"unit": "category"}), UNITS.set_index(pd.Index([7, 7]))
    pd.testing.assert_frame_equal(from_sensor_log(log, units).to_frame(), joined())


def test_an_empty_log_has_no_reading_of_any_unit():
    with pytest.raises(ValueError, match=r"unit 'b' \(row 0 of units\) has no reading \(2 such units"):
        from_sensor_log(LOG[:0], UNITS)


def test_a_reading_at_the_end_is_in_force_nowhere():
    log = pd.concat([LOG, pd.DataFrame({"unit": ["b"], "time": [70.0], "load": [9.0]})])
    pd.testing.assert_frame_equal(from_sensor_log(log, UNITS).to_frame(), joined())


def test_the_last_reading_is_held_as_long_as_any_other_unless_said():
    units = UNITS.assign(duration=[50.0 + 30.0, 75.0])  # the longest gap is 30
    assert from_sensor_log(LOG, units).y.durations.max() == 80.0
    units = UNITS.assign(duration=[81.0, 75.0])
    with pytest.raises(
        ValueError, match=r"unit 'b' lived on for 31 after its last reading, longer than the longest gap between readings, 30"
    ):
        from_sensor_log(LOG, units)
    assert from_sensor_log(LOG, units, hold_last=True).y.durations.max() == 81.0
    assert from_sensor_log(LOG, units, hold_last=31).y.durations.max() == 81.0
    with pytest.raises(ValueError, match="longer than hold_last=14"):
        from_sensor_log(LOG, UNITS, hold_last=14)
    with pytest.raises(ValueError, match="hold_last must be"):
        from_sensor_log(LOG, UNITS, hold_last=-1)


REFUSED = {
    "twice": ({"time": [0.0, 20, 30, 30, 50]}, {}, r"row 3 of log \(unit 'a', time=30\) is a second one of its unit at that time"),
    "after the end": ({"time": [0.0, 20, 30, 60, 71]}, {}, r"row 4 of log \(unit 'b', time=71\) is after the unit's end"),
    "unknown unit": ({"unit": list("abaac")}, {}, r"row 4 of log \(unit 'c', time=50\) is of a unit that is not among units"),
    "without readings": ({"unit": list("aaaaa")}, {}, r"unit 'b' \(row 0 of units\) has no reading"),
    "missing reading": ({"load": [1.0, 2, np.nan, 3, 4]}, {}, r"column 'load' of log is missing in row 2 .*ffill"),
    "infinite reading": ({"load": [1.0, 2, np.inf, 3, 4]}, {}, "'load' of log is inf in row 2"),
    "missing time": ({"time": [0.0, 20, np.nan, 60, 50]}, {}, "time must be finite numbers; row 2"),
    "missing make": ({}, {"brand": ["x", None]}, "column 'brand' of units is missing in row 1"),
    "unit twice": ({}, {"unit": ["a", "a"]}, r"unit 'a' \(row 1 of units\) is there twice"),
    "unit without name": ({}, {"unit": ["a", None]}, r"\(row 1 of units\) is missing"),
    "end before entry": ({}, {"duration": [10.0, 75.0]}, r"unit 'b' \(row 0 of units\) has its end not after its entry"),
    "only at the end": ({"unit": list("aaaab"), "time": [0, 20, 30, 60, 70]}, {}, "unit 'b' .* has no reading before its end"),
    "in both": ({}, {"load": 1.0}, "column 'load' is in log and in units"),
}


@pytest.mark.parametrize(("of_log", "of_units", "said"), REFUSED.values(), ids=REFUSED)
def test_what_no_join_can_make_good_is_named(of_log, of_units, said):
    log, units = LOG.assign(**of_log), UNITS.assign(**of_units)
    with pytest.raises(ValueError, match=said):
        from_sensor_log(log, units)


def test_columns_that_are_not_there_are_named():
    with pytest.raises(ValueError, match="column 'time' is missing in log"):
        from_sensor_log(LOG.drop(columns="time"), UNITS)
    with pytest.raises(ValueError, match="column 'volt' is neither in log nor in units"):
        from_sensor_log(LOG, UNITS, columns=["volt"])
    with pytest.raises(ValueError, match="column 'since' is missing in units"):
        from_sensor_log(LOG, UNITS, entry="since")
    with pytest.raises(ValueError, match="before_first must be one of"):
        from_sensor_log(LOG, UNITS, before_first="guess")


def test_lifetimes_say_not_which_unit_is_whose():
    with pytest.raises(TypeError, match="units must be a table that says which unit each lifetime is of"):
        from_sensor_log({"unit": ["a"], "time": [0.0]}, Lifetimes([5.0]))
