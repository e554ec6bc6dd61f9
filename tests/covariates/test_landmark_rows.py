"""Landmarks: rows made one reading at a time beside those of the library, and logs that cannot be right."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from survjax import features
from survjax.covariates.landmark_rows import Landmarks

LOG = pd.DataFrame({
    "unit": ["b", "a", "a", "b", "a", "b"],
    "time": [5.0, 0.0, 20.0, 15.0, 10.0, 30.0],
    "wear": [3.0, 1.0, 4.0, 5.0, 2.0, 4.0],
})  # fmt: skip
UNITS = pd.DataFrame({"unit": ["a", "b"], "duration": [25.0, 30.0], "event_observed": [True, False], "make": ["x", "y"]})


def fleet(seed):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 40, size=12)
    unit = np.repeat(np.arange(12), lengths)
    time = np.concatenate([np.sort(rng.uniform(0, 100, size=n)) for n in lengths])
    log = pd.DataFrame({"unit": unit, "time": time, "heat": rng.normal(size=len(unit)), "wear": 1e6 + rng.normal(size=len(unit))})
    ends = log.groupby("unit")["time"].max() + rng.uniform(0, 20, size=12)
    units = pd.DataFrame({"unit": ends.index, "duration": ends.to_numpy(), "event_observed": rng.random(12) < 0.7})
    return log.sample(frac=1, random_state=seed).reset_index(drop=True), units


def by_hand(own, age, label):
    """A feature of one unit's readings (times, values), worked out from its definition."""
    times, values = own
    word, _, number = label.partition(" ")
    now = times <= age
    if word == "last":
        return values[now][-1]
    if word == "smoothed":
        weights = 0.5 ** ((age - times[now]) / float(number))
        return np.average(values[now], weights=weights)
    within = now & (times > age - float(number)) if number else now
    within |= times == times[now].max()
    t, v = times[within], values[within]
    if word in ("mean", "max", "min"):
        return getattr(v, word)()
    if len(v) == 1:
        return 0.0
    return np.polyfit(t - t.mean(), v - v.mean(), 1)[0] if word == "slope" else v.std(ddof=1)


@pytest.mark.parametrize("label", ["last", "mean 13", "mean", "max 13", "min", "slope 13", "deviation 13", "deviation", "smoothed 4"])
def test_each_feature_is_what_its_definition_gives_reading_by_reading(label):
    log, units = fleet(1)
    rows = Landmarks(log, units, features=[label])
    expected = []
    for unit, age in zip(rows.unit, rows.age, strict=True):
        own = log[log["unit"] == unit].sort_values("time")
        expected.append([by_hand((own["time"].to_numpy(), own[name].to_numpy()), age, label) for name in ("heat", "wear")])
    # values of a million with a spread of 1 have ten digits left, of which a short window's slope loses two
    np.testing.assert_allclose(rows.X.to_numpy(), expected, rtol=1e-8, atol=1e-8)


def test_a_row_enters_at_its_reading_and_the_reading_at_the_very_end_is_none():
    rows = Landmarks(LOG, UNITS)
    assert rows.unit.tolist() == ["a", "a", "a", "b", "b"]
    assert rows.age.tolist() == rows.y.entry.tolist() == rows.entry.tolist() == [0, 10, 20, 5, 15]
    assert rows.y.durations.tolist() == [25, 25, 25, 30, 30]
    assert rows.y.event_observed.tolist() == [True, True, True, False, False]
    assert rows.X["wear last"].tolist() == [1, 2, 4, 3, 5]
    assert rows.X["make"].tolist() == ["x", "x", "x", "y", "y"]


def test_on_the_clock_of_remaining_life_rows_count_from_the_landmark_and_their_age_is_a_covariate():
    rows = Landmarks(LOG, UNITS, clock="remaining", horizon=12.0)
    assert rows.y.entry is None
    assert rows.y.durations.tolist() == [12, 12, 5, 12, 12]
    assert rows.y.event_observed.tolist() == [False, False, True, False, False]
    assert rows.X["age"].tolist() == [0, 10, 20, 5, 15]
    assert rows.entry.tolist() == [0, 0, 0, 0, 0]


def test_landmarks_are_taken_at_ages_at_asked_moments_or_at_the_last_reading():
    at_ages = Landmarks(LOG, UNITS, at=[12.0, 26.0])
    assert at_ages.to_frame()[["unit", "landmark", "wear last"]].to_numpy().tolist() == [["a", 12, 2], ["b", 12, 3], ["b", 26, 5]]
    asked = Landmarks(LOG, UNITS, at={"unit": ["b", "a"], "time": [29.0, 10.0]})
    assert asked.to_frame()[["unit", "landmark", "wear last"]].to_numpy().tolist() == [["a", 10, 2], ["b", 29, 5]]
    last = Landmarks(LOG, UNITS, at="last")
    assert last.to_frame()[["unit", "landmark"]].to_numpy().tolist() == [["a", 20], ["b", 15]]


def test_units_that_run_today_get_the_same_features_from_a_log_of_their_own():
    rows = Landmarks(LOG, UNITS, features=["last", "mean 11"], clock="remaining")
    today = pl.DataFrame({"wear": [7.0, 7.0], "time": [3.0, 9.0], "unit": ["c", "c"]})
    now = rows.latest(today, {"unit": ["c"], "make": ["x"]})
    assert now.y is None
    assert now.X.to_dict("list") == {"wear last": [7.0], "wear mean 11": [7.0], "make": ["x"], "age": [9.0]}
    with pytest.raises(ValueError, match=r"'make' of each unit must be told by units="):
        rows.latest(today)
    with pytest.raises(ValueError, match=r"unit 'c' \(row 1 of units\) is there twice"):
        rows.latest(today, {"unit": ["c", "c"], "make": ["x", "y"]})


def test_a_sensor_that_turns_from_numbers_into_text_is_refused():
    rows = Landmarks(LOG, UNITS[["unit", "duration", "event_observed"]])
    with pytest.raises(TypeError, match="sensor 'wear' has no numbers in this log, and had numbers"):
        rows.latest(LOG.assign(wear="worn"))


def test_text_of_arrow_is_a_sensor_that_is_not_numeric():
    modes = pd.array(["hot", "cold", "hot", "hot", "hot", "cold"], dtype=pd.ArrowDtype(pa.string()))
    assert Landmarks(LOG.assign(mode=modes), UNITS).X["mode"].tolist() == ["cold", "hot", "hot", "hot", "hot"]


def test_a_missing_reading_is_refused_or_the_value_before_it_held():
    log = LOG.assign(wear=[3.0, 1.0, np.nan, 5.0, 2.0, 4.0])
    with pytest.raises(ValueError, match=r"column 'wear' of log is missing in row 2"):
        Landmarks(log, UNITS)
    assert Landmarks(log, UNITS, missing="hold").X["wear last"].tolist() == [1, 2, 2, 3, 5]
    with pytest.raises(ValueError, match=r"missing in row 1, and before it in its unit's life"):
        Landmarks(LOG.assign(wear=[3.0, np.nan, 4.0, 5.0, 2.0, 4.0]), UNITS, missing="hold")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda log, units: (pd.concat([log, log.iloc[[2]]]), units), r"row 6 of log \(unit 'a', time=20\) is a second one"),
        (lambda log, units: (log.assign(time=[5.0, 0, 26, 15, 10, 30]), units), r"row 2 of log \(unit 'a', time=26\) is after"),
        (lambda log, units: (log[log["unit"] == "a"], units), r"unit 'b' \(row 1 of units\) has no reading"),
        (lambda log, units: (log, units[units["unit"] == "a"]), r"row 0 of log \(unit 'b', time=5\) is of a unit that is not among units"),
        (lambda log, units: (log.assign(unit=[2, 1, 1, 2, 1, 2]), units), "Labels of log are int, those of units str: convert one"),
        (lambda log, units: (log.assign(pump=1.0, valve="on"), units), r"sensors 'pump', 'valve' never change"),
        (lambda log, units: (log.assign(wear=np.inf), units), r"'wear' of log is inf in row 0"),
    ],
)
def test_a_log_that_cannot_be_right_is_refused_by_row_and_unit(change, said):
    log, units = change(LOG, UNITS)
    with pytest.raises(ValueError, match=said):
        Landmarks(log, units)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"features": ["median 30"]}, "got 'median 30'"),
        ({"features": ["mean -1"]}, "must end in an age"),
        ({"features": ["smoothed"]}, "half-life"),
        ({"features": ["std 30"]}, "got 'std 30'. Write 'deviation 30'"),
        ({"features": [features.Mean]}, r"Mean is a class: write Mean\(\)"),
        ({"hold_last": 4.0}, "unit 'a' lived on for 5 after its last reading, longer than hold_last=4"),
        ({"features": []}, "is empty"),
        ({"features": {"heat": ["last"]}}, "'heat', which is not in log"),
        ({"clock": "calendar"}, "clock must be one of"),
        ({"horizon": 0.0}, "horizon must be"),
        ({"at": "first"}, "at must be"),
        ({"at": 1e9}, "no landmark is left"),
        ({"at": {"unit": ["a"], "time": [24.9]}, "columns": ["oil"]}, "'oil' is missing in log"),
        ({"at": {"unit": ["b"], "time": [1.0]}}, "before the unit's first reading"),
        ({"at": {"unit": ["a"], "time": [25.0]}}, "when the unit is not running"),
        (
            {"at": {"unit": ["a", "b", "a"], "time": [12.0, 12.0, 12.0]}},
            r"row 2 of log \(unit 'a', time=12\) is asked for .* a second time",
        ),
    ],
)
def test_an_option_that_means_nothing_is_refused(given, said):
    with pytest.raises(ValueError, match=said):
        Landmarks(LOG, UNITS, **given)


def test_windows_are_the_last_readings_the_first_repeated_where_there_were_fewer():
    rows = Landmarks(LOG, UNITS)
    assert rows.windows(2)[:, :, 0].tolist() == [[1, 1], [1, 2], [2, 4], [3, 3], [3, 5]]
    assert rows[rows.age > 5].windows(3)[:, :, 0].tolist() == [[1, 1, 2], [1, 2, 4], [3, 3, 5]]
    with pytest.raises(ValueError, match="at least 1"):
        rows.windows(0)


def test_windows_bring_what_is_known_of_their_rows():
    rows = Landmarks(LOG, UNITS, clock="remaining")
    windows = rows.windows(2, beside=["make", "age"])
    assert windows.readings.tolist() == rows.windows(2).tolist()
    assert windows.known.to_dict("list") == {"make": ["x", "x", "x", "y", "y"], "age": [0, 10, 20, 5, 15]}
    with pytest.raises(ValueError, match="column 'oil' is missing in X"):
        rows.windows(2, beside=["oil"])
    with pytest.raises(TypeError, match=r"beside=\['age'\]"):
        rows.windows(2, beside="age")


def test_one_column_as_text_is_not_read_letter_by_letter():
    with pytest.raises(TypeError, match=r"columns=\['wear'\]"):
        Landmarks(LOG, UNITS, columns="wear")


def test_weights_of_units_are_no_covariate_unless_asked_for():
    units = UNITS.assign(weights=[3.0, 2.0])
    with pytest.raises(ValueError, match=r"column 'weights'.* pass weights='weights' .* columns=\[\.\.\.\]"):
        Landmarks(LOG, units)
    counted = Landmarks(LOG, units, weights="weights")
    assert counted.y.weights.tolist() == [3, 3, 3, 2, 2]
    assert list(counted.X.columns) == ["wear last", "make"]
    assert list(Landmarks(LOG, units, columns=["wear", "weights"]).X.columns) == ["wear last", "weights"]
    assert list(Landmarks(LOG, units, columns=["wear"]).X.columns) == ["wear last"]


def test_a_log_and_units_in_different_units_of_time_are_refused():
    units = UNITS.assign(duration=UNITS["duration"] * 24)
    with pytest.raises(
        ValueError, match=r"unit 'a' lived on for 580 after .* longest gap between readings, 15 \(2 such units\).*unit of time"
    ):
        Landmarks(LOG, units)
    assert Landmarks(LOG, units, hold_last=True).y.durations.max() == 720.0
    with pytest.raises(ValueError, match="lived on for"):
        Landmarks(LOG.assign(time=LOG["time"] / 24), UNITS)


def test_rows_to_predict_for_are_held_against_those_learned_from():
    rows = Landmarks(LOG, UNITS[["unit", "duration", "event_observed"]], features=["last", "slope"])
    with pytest.raises(ValueError, match=r"readings of this log are 0.4167 to 0.625 apart, .* learned from were 10 to 15: .*unit of time"):
        rows.latest(LOG.assign(time=LOG["time"] / 24))
    assert len(rows.latest(LOG.assign(time=LOG["time"] / 24), unlike="allowed")) == 2
    with pytest.raises(ValueError, match=r"'wear last' is 4000 in all 2 rows, far outside what was learned from, 1 to 5"):
        rows.latest(LOG.assign(wear=1000 * LOG["wear"]))
    with pytest.raises(ValueError, match="'age' is 1010 to 1020"):
        rows.latest(LOG.assign(time=LOG["time"] + 990))
    with pytest.raises(ValueError, match="unlike must be one of"):
        rows.latest(LOG, unlike="never")


def test_numbers_that_were_read_as_text_are_no_sensor():
    with pytest.raises(TypeError, match=r"column 'wear' of log holds numbers as text \('1,5'\).*decimal=','"):
        Landmarks(LOG.assign(wear=["3,25", "1,5", "4,0", "5,0", "2,0", "4,0"]), UNITS)
    with pytest.raises(TypeError, match="column 'rating' of units holds numbers as text"):
        Landmarks(LOG, UNITS.assign(rating=["1,5", "2,5"]))


def test_rows_to_predict_for_bear_the_names_of_their_units():
    rows = Landmarks(LOG, UNITS[["unit", "duration", "event_observed"]])
    now = rows.latest(LOG)
    assert now.X["wear last"].to_dict() == {"a": 4.0, "b": 4.0}
    assert now.to_frame()["unit"].tolist() == now[[0, 1]].X.index.tolist() == ["b", "a"]


def test_the_room_of_features_shows_features_only():
    assert dir(features) == sorted(features.__all__)
    assert {"Last", "Max", "Min", "Windowed"} <= set(dir(features))
    assert not {"ABC", "Iterator", "np", "dataclass"} & set(dir(features))
