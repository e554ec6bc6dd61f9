"""Residuals of regressions against closed forms, their pictures, and the test that allows for the fit."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import survjax as sj
from tests.models.test_regression import fleet

FRAME, LIFE = fleet(n=64)


@pytest.fixture(scope="module")
def stretched():
    return sj.AcceleratedFailureTime(sj.Weibull()).fit(FRAME, LIFE)


def scales(model, frame=FRAME):
    told = model.parameters_
    return told["scale"] * np.exp(told["load"] * frame["load"] + told["make[B]"] * (frame["make"] == "B")).to_numpy()


def test_residuals_are_the_hazard_of_each_units_own_law(stretched):
    life = sj.Lifetimes.from_intervals([50, 80, 60, 0], [50, np.inf, 90, 40], entry=[0, 20, 30, 1], weights=[1, 2, 1, 1])
    frame = FRAME[:4]
    residuals = stretched.cox_snell_residuals(frame, life)

    def hazard(ages):
        return (np.array(ages) / scales(stretched, frame)) ** stretched.parameters_["shape"]

    # the difference of two powers, of which the library avoids the cancellation
    np.testing.assert_allclose(residuals.lower, hazard([50, 80, 60, 1]) - hazard([0, 20, 30, 1]), rtol=1e-11, atol=1e-15)
    np.testing.assert_allclose(residuals.upper, hazard([50, np.inf, 90, 40]) - hazard([0, 20, 30, 1]), rtol=1e-11)
    np.testing.assert_array_equal(residuals.weights, life.weights)
    assert residuals.entry is None


def test_they_sum_to_the_failures_for_every_level_of_a_category(stretched):
    # the likelihood equations of the scale and of the indicator, whatever the censoring and the entries
    residuals = stretched.cox_snell_residuals(FRAME)
    for make in ("A", "B"):
        of_make = (FRAME["make"] == make).to_numpy()
        np.testing.assert_allclose(residuals.lower[of_make].sum(), residuals.event_observed[of_make].sum(), rtol=1e-8)


def test_right_truncation_and_inspections_stay_with_them(stretched):
    life = sj.Lifetimes.from_intervals([50.0], [60.0], right_truncation=[80.0])
    residuals = stretched.cox_snell_residuals(FRAME[:1], life)
    expected = (np.array([50.0, 60.0, 80.0]) / scales(stretched)[0]) ** stretched.parameters_["shape"]
    np.testing.assert_allclose([residuals.lower[0], residuals.upper[0], residuals.right_truncation[0]], expected, rtol=1e-12)


def test_stretches_of_a_life_are_laid_end_to_end():
    model = sj.ProportionalHazards(sj.Weibull()).fit(FRAME, LIFE)
    whole = sj.Lifetimes(LIFE.durations, LIFE.event_observed)
    cut = 0.4 * LIFE.durations
    two = sj.Lifetimes(
        np.append(cut, LIFE.durations), np.append(np.zeros(64, bool), LIFE.event_observed), entry=np.append(np.zeros(64), cut)
    )
    both = pd.concat([FRAME, FRAME], ignore_index=True)
    pieces = model.cox_snell_residuals(both, two, unit=np.tile(np.arange(64), 2))
    expected = model.cox_snell_residuals(FRAME, whole).lower
    np.testing.assert_allclose(pieces.lower[64:], expected, rtol=1e-12)
    np.testing.assert_allclose(pieces.entry[64:], pieces.lower[:64], rtol=1e-15)
    np.testing.assert_array_equal(pieces.entry[:64], 0.0)


def test_a_model_without_data_asks_for_them(stretched, tmp_path):
    stretched.save(tmp_path / "model.json")
    loaded = sj.load(tmp_path / "model.json")
    with pytest.raises(sj.NotFitted, match="pass y"):
        loaded.cox_snell_residuals(FRAME)
    np.testing.assert_allclose(loaded.cox_snell_residuals(FRAME, LIFE).lower, stretched.cox_snell_residuals(FRAME).lower, rtol=1e-12)
    with pytest.raises(ValueError, match="X has 63 rows and y 64"):
        stretched.cox_snell_residuals(FRAME[1:])


# ---- pictures


def drawn(ax, label):
    return next(line for line in ax.get_lines() if line.get_label() == label).get_xydata()


def test_the_picture_shows_their_hazard_against_the_straight_line(stretched):
    ax = stretched.plot_residuals(FRAME)
    residuals = stretched.cox_snell_residuals(FRAME)
    failures = np.sort(residuals.lower[residuals.event_observed])
    at_risk = (residuals.lower >= failures[:, None]).sum(axis=1)
    np.testing.assert_allclose(drawn(ax, "Nelson–Aalen"), np.transpose([failures, np.cumsum(1 / at_risk)]), rtol=1e-12)
    line = drawn(ax, "AcceleratedFailureTime(Weibull): unit exponential")
    np.testing.assert_array_equal(line[:, 0], line[:, 1])
    plt.close("all")


def test_against_a_column_points_are_residuals_and_squares_failures_over_them(stretched):
    residuals, failed = stretched.cox_snell_residuals(FRAME), LIFE.event_observed
    ax = stretched.plot_residuals_against("load", FRAME)
    points = drawn(ax, "failed")
    np.testing.assert_allclose(points, np.transpose([FRAME["load"][failed], residuals.lower[failed]]), rtol=1e-12)
    assert len(drawn(ax, "still running")) == (~failed).sum()
    by_make = stretched.plot_residuals_against("make", FRAME)
    squares = by_make.containers[0].lines[0].get_xydata()
    np.testing.assert_allclose(squares, [[0.0, 1.0], [1.0, 1.0]], rtol=1e-8)  # the likelihood equations again
    assert [tick.get_text() for tick in by_make.get_xticklabels()] == ["A", "B"]
    plt.close("all")


# ---- the test of the fit


def test_its_repetitions_are_distributed_as_those_reckoned_by_hand():
    # Of an exponential regression on one category without censoring the fit is the two means, and the residuals lives over their mean.
    random = np.random.default_rng(5)
    make = np.repeat(["A", "B"], 16)
    life = sj.Lifetimes(random.exponential(10.0, 32))
    frame = pd.DataFrame({"make": make})
    model = sj.AcceleratedFailureTime(sj.Exponential()).fit(frame, life)
    found = model.goodness_of_fit(frame, n_bootstrap=199, seed=1)
    lives = random.exponential(size=(4000, 2, 16))
    u = -np.expm1(-np.sort((lives / lives.mean(axis=2, keepdims=True)).reshape(4000, 32)))
    i = np.arange(1, 33)
    anderson = -32 - ((2 * i - 1) * (np.log(u) + np.log1p(-u[:, ::-1]))).mean(axis=1)
    kolmogorov = np.maximum(i / 32 - u, u - (i - 1) / 32).max(axis=1)
    cramer = ((u - (2 * i - 1) / 64) ** 2).sum(axis=1) + 1 / (12 * 32)
    for place, expected in enumerate((anderson, kolmogorov, cramer)):
        own = found.simulated[:, place]
        assert abs(own.mean() - expected.mean()) < 4 * expected.std() * np.sqrt(1 / 199 + 1 / 4000)
    assert found.n_failed_refits == 0
    assert "compared over Cox–Snell residuals from 0 to inf" in repr(found)


def test_a_wrong_law_is_found_out_and_the_right_one_not():
    frame, life = fleet(n=256)
    assert sj.AcceleratedFailureTime(sj.Weibull()).fit(frame, life).goodness_of_fit(frame, n_bootstrap=49).p_values.min() > 0.1
    wrong = sj.ProportionalHazards(sj.LogNormal()).fit(frame, life).goodness_of_fit(frame, n_bootstrap=49)
    assert wrong.p_values[0] == 1 / 50


def test_inspected_units_are_compared_by_turnbulls_estimate():
    random = np.random.default_rng(8)
    frame = pd.DataFrame({"load": random.normal(size=64)})
    lives = 10 * random.weibull(2.0, 64) * np.exp(0.4 * frame["load"])
    visits = np.arange(0.0, 40.0, 4.0)
    place = np.searchsorted(visits, lives)
    life = sj.Lifetimes.from_intervals(visits[place - 1], np.append(visits, np.inf)[place])
    found = sj.AcceleratedFailureTime(sj.Weibull()).fit(frame, life).goodness_of_fit(frame, n_bootstrap=19)
    assert found.simulated.shape == (19, 3)
    assert np.all(found.p_values > 0.1)


def test_what_cannot_be_repeated_is_refused_with_what_can_be_seen_instead(stretched):
    scaled = sj.HazardScaling(sj.Weibull()).fit(FRAME, LIFE)
    with pytest.raises(ValueError, match=r"two stages. Take joint=True; or: plot_residuals"):
        scaled.goodness_of_fit(FRAME)
    with pytest.raises(ValueError, match="not the data of the fit"):
        stretched.goodness_of_fit(FRAME[::-1].reset_index(drop=True), LIFE)
    two = sj.Lifetimes([10.0, 20.0, 30.0] * 4, [False, True, True] * 4, entry=[0.0, 10.0, 0.0] * 4)
    load = pd.DataFrame({"load": np.linspace(0, 1, 12)})
    model = sj.ProportionalHazards(sj.Weibull()).fit(load, two, unit=np.arange(12) - np.tile([0, 1, 0], 4))
    with pytest.raises(ValueError, match=r"covariates change.*plot_residuals"):
        model.goodness_of_fit(load)
