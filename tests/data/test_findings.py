"""What checks() says of lifetimes before they are fitted, and of which rows."""

import re

import numpy as np
import pandas as pd
import pytest

import survjax as sj
from survjax.errors import BadRow
from tests.conftest import shipped

DAYS = np.round(700 * np.random.default_rng(8).weibull(2.0, 200))
FAILED = np.random.default_rng(9).random(200) < 0.7


def with_ages(value, rows):
    days = DAYS.copy()
    days[rows] = value
    return sj.Lifetimes(days, FAILED)


@pytest.mark.parametrize(
    ("value", "rows", "words"),
    [
        (9999, slice(5, 15), "10 of 200 rows have the age 9999, failures among them, far beyond the rest (the next is 1686)"),
        (365, slice(5, 45), "far more failures have one and the same age than those about it (21 at 365)"),
        (0, slice(5, 45), "21 of 200 rows failed at age 0, the first in row 8"),
    ],
)
def test_a_number_filled_in_is_found_with_its_rows(value, rows, words):
    life = with_ages(value, rows)
    (finding,) = life.checks()  # nothing was found
    assert words in str(finding)
    own = np.arange(200)[rows]
    assert finding.rows == tuple(own if value == 9999 else own[FAILED[own]])


def test_lives_of_one_kind_have_no_heaps_however_they_are_rounded():
    for seed in range(100):
        rng = np.random.default_rng(seed)
        ages = rng.choice([3.0, 30.0, 700.0]) * rng.weibull(rng.choice([0.7, 1.0, 3.0]), 1000)
        ages = np.ceil(ages) if seed % 2 else ages
        end = np.quantile(ages, 0.8)  # which a fifth of the units share
        assert [found for found in sj.Lifetimes(np.minimum(ages, end), ages <= end).checks() if "coarsely" not in str(found)] == []


@pytest.mark.parametrize("name", ["aarset_devices", "power_transformers", "waltons", "rats", "glass_capacitors"])
def test_data_sets_of_books_are_clean(name):
    assert shipped(name).checks() == []


def test_failures_of_inspections_every_week_are_named():
    days = np.round(np.random.default_rng(4).uniform(1, 700, 300))
    days[::2] = 7 * np.ceil(days[::2] / 70) * 10
    (finding,) = sj.Lifetimes(days).checks()
    assert "inspection" in str(finding)
    assert set(days[list(finding.rows)]) <= set(np.arange(70.0, 701.0, 70.0))


def test_negative_entries_are_told_and_enter_nothing_late():
    life = sj.Lifetimes([10, 20, 30, 40], [1, 1, 1, 0], entry=[-3] * 4)  # "entered late", and nothing in checks
    assert repr(life) == "Lifetimes(4 units: 3 failed, 1 censored; 4 entered at a negative age)"
    (finding,) = life.checks()
    assert "4 of 4 entries are negative, the first in row 0 (-3)" in str(finding)
    assert finding.rows == (0, 1, 2, 3)


def test_negative_ages_are_told_wherever_they_are_fitted():
    days = DAYS[:64].copy()
    days[3] = -5.0
    life = sj.Lifetimes(days, FAILED[:64])
    assert "; 1 of negative age" in repr(life)
    for estimate in (sj.KaplanMeier(), sj.NelsonAalen()):
        assert "; 1 of negative age" in repr(estimate.fit(life))
    cox = sj.CoxProportionalHazards("~ x").fit({"x": np.linspace(-1.0, 1.0, 64) ** 2}, life)
    assert any(re.search(r"1 of 64 ages are negative, the first in row 3 \(-5\)", note) for note in cox.notes_)


def test_causes_of_running_units_that_failures_have_too_are_told():
    life = sj.Lifetimes([3.0, 5.0, 7.0], [1, 0, 1], cause=["seal", "seal", "gear"])
    (finding,) = life.checks()
    assert finding.rows == (1,)
    assert "the first 'seal' in row 1" in str(finding)


def test_a_unit_with_two_rows_is_refused():
    frame = pd.DataFrame({"serial": ["a", "b", "a"], "days": [3.0, 5.0, 3.0]})
    with pytest.raises(BadRow, match=r"unit 'a' is in row 0 and again in row 2 \(1 rows too many.*leave unit= out") as refused:
        sj.Lifetimes.from_frame(frame, duration="days", unit="serial")
    assert refused.value.rows == (2,)
    assert len(sj.Lifetimes.from_frame(frame[:2], duration="days", unit="serial")) == 2
    with pytest.raises(ValueError, match="is missing in row 1"):
        sj.Lifetimes.from_frame(frame.replace("b", None), duration="days", unit="serial")
