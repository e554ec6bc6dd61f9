import numpy as np
import pytest

import survjax as sj
from tests.conftest import shipped

ROWS = {
    "hard_drives": (52_422, 2_885),
    "power_transformers": (1_650, 318),
    "ball_bearings": (23, 23),
    "generator_fans": (70, 12),
    "aarset_devices": (50, 50),
    "integrated_circuits": (22, 28),
    "waltons": (163, 156),
    "krivtsov_units": (31, 10),
    "turbine_wheels": (21, 106),
    "mice": (144, 62),
    "glass_capacitors": (64, 32),
    "motor_insulation": (40, 17),
    "insulating_fluid": (41, 41),
    "rats": (300, 42),
}


@pytest.mark.parametrize("name", ROWS)
def test_every_set_has_its_rows(name):
    life = shipped(name)
    assert (len(life), life.n_failed) == ROWS[name]


def test_the_valve_seats_have_their_engines_and_replacements():
    frame = sj.datasets.load_valve_seats()
    assert (len(frame), frame["unit"].nunique(), frame["status"].sum()) == (89, 41, 48)
    assert {*ROWS, "valve_seats", "turbofan"} == set(sj.datasets.NAMES)


@pytest.mark.parametrize("name", sj.datasets.NAMES)
def test_every_set_has_its_page(name):
    page = sj.datasets.about(name)
    for word in ("**Source**", "**Unit of time**", "log-likelihood", *getattr(sj.datasets, f"load_{name}")().columns):
        assert word.rstrip("0123456789") in page


def test_the_page_of_the_drives_names_what_is_missing_and_odd():
    page = sj.datasets.about("hard_drives")
    assert "Entry ages are not recorded" in page
    frame = sj.datasets.load_hard_drives()
    for row in np.flatnonzero(frame["duration"] > 3650):
        assert str(row) in page
    assert list(frame.columns[2:]) == ["temperature", "brand", "type", "reallocated_sectors", "read_errors", "pending_sectors"]


def test_each_load_is_the_callers_own():
    frame = sj.datasets.load_waltons()
    frame["duration"] = 0
    assert sj.datasets.load_waltons()["duration"].min() > 0


def test_an_unknown_set_is_named_with_those_there_are():
    with pytest.raises(KeyError, match="there are hard_drives"):
        sj.datasets.about("drives")


def test_the_turbofan_engines_have_their_cycles_and_the_lives_left_to_them():
    train, test = sj.datasets.load_turbofan(), sj.datasets.load_turbofan("test")
    assert (train.shape, train["unit"].nunique(), test["unit"].nunique()) == ((3_840, 26), 30, 12)
    assert train.columns[[0, 1, 2, 5, 25]].tolist() == ["unit", "time", "setting_1", "sensor_1", "sensor_21"]
    left = sj.datasets.load_turbofan_remaining_lives()
    assert left["unit"].tolist() == sorted(test["unit"].unique())
    assert (left["remaining"] >= 1).all()


def cycles(*readings):
    """The text of a file with these engines and cycles."""
    return "\n".join(f"{unit} {time}" + " 1" * 24 for unit, time in readings)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 1 0 0", "has 4 columns"),
        ("unit " + " ".join("x" * 25), "line 1: unit must be a finite number; got 'unit'"),
        (" ".join(["1"] * 26) + "\n" + " ".join(["1", "2.5", *["1"] * 24]), "line 2: time must be a whole number; got '2.5'"),
        (" ".join(["1"] * 26) + "\n1 2 3\n", "line 2: setting_2 must be a finite number; got 'nan'"),
        (
            "\n" + " ".join(["1"] * 26) + "\n\n1 2 inf" + " 1" * 23,
            r"line 2: setting_1 must be a finite number; got 'inf' \(lines that are not",
        ),
        ("", "not a table of 26 columns"),
        (
            cycles((1, 1), (1, 2), (2, 1), (1, 2)),
            r"engines.txt, line 4: cycle 2 of engine 1 stands in line 2 as well \(1 such lines; .* Keep",
        ),
        (
            cycles((1, 1), (1, 3), (1, 2), (2, 1)),
            r"engines.txt, line 3: cycle 2 of engine 1 stands after cycle 3 .* Sort its lines by cycle",
        ),
    ],
)
def test_a_file_of_another_form_is_refused_by_its_line(tmp_path, text, said):
    file = tmp_path / "engines.txt"
    file.write_text(text)
    with pytest.raises(ValueError, match=said):
        sj.datasets.load_turbofan(file)
