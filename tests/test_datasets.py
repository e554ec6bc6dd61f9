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
    assert {*ROWS, "valve_seats"} == set(sj.datasets.NAMES)


@pytest.mark.parametrize("name", sj.datasets.NAMES)
def test_every_set_has_its_page(name):
    page = sj.datasets.about(name)
    for word in ("**Source**", "**Unit of time**", "log-likelihood", *getattr(sj.datasets, f"load_{name}")().columns):
        assert word in page


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
