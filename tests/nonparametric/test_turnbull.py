"""Turnbull's estimate against R, against Kaplan–Meier, and against EM where there is truncation."""

import numpy as np
import pytest

import survjax as sj
from survjax.nonparametric.candidates import candidate_intervals
from survjax.nonparametric.quadratic import DENSE_UP_TO
from tests.conftest import shipped
from tests.nonparametric.test_survival_curves import R


@pytest.mark.parametrize("name", ["turbine_wheels", "mice"])
def test_masses_agree_with_r(name):
    reference = R[f"turnbull_npmle:{name}"]
    model = sj.Turnbull().fit(shipped(name))
    np.testing.assert_array_equal(model.table_["left"], reference["left"])
    right = [np.inf if end is None else end for end in reference["right"]]
    np.testing.assert_array_equal(model.table_["right"], right)
    np.testing.assert_allclose(model.table_["mass"], reference["p"], atol=1e-9)  # R's EM stopped within 6e-11 of the maximum
    np.testing.assert_allclose(model.log_likelihood_, reference["loglik"], rtol=1e-13)


@pytest.mark.parametrize("name", ["waltons", "integrated_circuits", "power_transformers"])
def test_for_exact_and_running_units_it_is_kaplan_meier_with_greenwoods_limits(name):
    life = shipped(name)
    curve, model = sj.KaplanMeier().fit(life), sj.Turnbull().fit(life)
    times = curve.table_.index.to_numpy()
    np.testing.assert_allclose(model.survival(times), curve.survival(times), rtol=1e-11, atol=1e-14)
    ours, greenwood = model.interval("survival", times), curve.interval("survival", times)
    np.testing.assert_allclose(ours, greenwood, rtol=1e-9, atol=1e-13)  # through an inverse of up to 247 rows


def rows(case, seed):
    """60 rows of every kind; the windows of each are clear of its interval, so that none stands alone."""
    rng = np.random.default_rng(seed)
    age = rng.weibull(2, 400) * 100
    entry = rng.uniform(0, 40, 400) if case in ("delayed entry", "both") else np.zeros(400)
    end = rng.uniform(60, 260, 400) if case in ("right truncation", "both") else np.full(400, np.inf)
    seen = np.flatnonzero((age > entry + 12) & (age < end - 5))[:60]
    age, entry, end = age[seen], entry[seen], end[seen]
    lower, upper = np.maximum(age - rng.uniform(1, 30, 60), entry), np.minimum(age + rng.uniform(1, 30, 60), end)
    exact = rng.random(60) < 0.3
    lower[exact] = upper[exact] = age[exact]
    upper[(rng.random(60) < 0.2) & np.isinf(end)] = np.inf
    return sj.Lifetimes.from_intervals(lower, upper, entry=entry if entry.any() else None, right_truncation=end)


def log_likelihood_by_em(life, steps=3000):
    """Turnbull's (1976) self-consistency, with the units that truncation hid, written out in matrices."""
    cells = candidate_intervals(life)
    cell = np.arange(len(cells.left))
    failed = ((cells.first[:, None] <= cell) & (cell < cells.last[:, None])).astype(float)
    window = ((cells.window_first[:, None] <= cell) & (cell < cells.window_last[:, None])).astype(float)
    mass = np.full(len(cell), 1 / len(cell))
    for _ in range(steps):
        mass = mass * ((cells.weights / (failed @ mass)) @ failed + (cells.weights / (window @ mass)) @ (1 - window))
        mass /= mass.sum()
    return cells.weights @ (np.log(failed @ mass) - np.log(window @ mass))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("case", ["none", "delayed entry", "right truncation", "both"])
def test_the_likelihood_is_that_of_em_or_a_little_more(case, seed):
    life = rows(case, seed)
    model = sj.Turnbull().fit(life)
    by_em = log_likelihood_by_em(life)
    assert -1e-12 * abs(by_em) <= model.log_likelihood_ - by_em < 1e-6  # EM has not quite arrived after 3,000 steps
    assert model.table_["mass"].sum() == pytest.approx(1.0, abs=1e-14)


def test_frydmans_candidates_begin_and_end_where_windows_do():
    # between 2 and 5 mass counts for the first row, and not against the second, which entered at 5
    life = sj.Lifetimes.from_intervals([2, 8, 9], [10, 8, np.inf], entry=[0, 5, 0])
    cells = candidate_intervals(life)
    assert (cells.left.tolist(), cells.right.tolist()) == ([2.0, 8.0, 9.0], [5.0, 8.0, 10.0])


def test_right_truncation_alone_gives_the_share_of_those_failed_by_the_largest_in_closed_form():
    # with age reversed it is a product limit (Lagakos, Barraj & De Gruttola 1988): F(2) = F(3) 2/3 = 4/9 ... of three and two at risk
    life = sj.Lifetimes.from_intervals([1, 2, 3, 4], [1, 2, 3, 4], right_truncation=[2.5, 4.5, 5, 6])
    model = sj.Turnbull().fit(life)
    assert model.given_failure_by_ == 6.0
    np.testing.assert_allclose(1 - model.survival([1, 2, 3, 4]), [1 / 2 * 1 / 2 * 2 / 3, 1 / 2 * 2 / 3, 2 / 3, 1], rtol=1e-13)


def test_exact_and_interval_ends_at_one_age_are_kept_apart():
    # the running unit at 3 outlived the failure at 3; the interval (3, 5] begins after it
    model = sj.Turnbull().fit(sj.Lifetimes.from_intervals([3, 3, 3], [3, np.inf, 5]))
    np.testing.assert_allclose(model.survival([2.9, 3, 4.9]), [1, 2 / 3, 2 / 3], rtol=1e-14)
    bounds = model.survival_bounds([2.9, 3, 4, 5])
    np.testing.assert_allclose(bounds, [[1, 1], [2 / 3, 2 / 3], [0, 2 / 3], [0, 0]], atol=1e-15)


def test_an_early_risk_set_of_one_that_fails_is_named_with_a_start():
    life = sj.Lifetimes.from_intervals([2, 8, 9, 9], [3, 8, 11, np.inf], entry=[1, 4, 5, 5])
    with pytest.raises(ValueError, match=r"at age 3 failed there.*Turnbull\(\).fit\(life, start=3\)"):
        sj.Turnbull().fit(life)
    assert sj.Turnbull().fit(life, start=3).conditional_on_ == 4.0


def test_a_start_within_an_interval_is_refused():
    life = sj.Lifetimes.from_intervals([2, 8], [5, 8])
    with pytest.raises(ValueError, match="start=3 divides what is known of row 0"):
        sj.Turnbull().fit(life, start=3)


def test_right_truncation_that_leaves_early_failures_out_of_proportion_is_refused():
    life = sj.Lifetimes.from_intervals([1, 5, 6], [1, 5, 6], right_truncation=[3, 8, 9])
    with pytest.raises(ValueError, match=r"life.without\(life.right_truncation <= 5\)"):
        sj.Turnbull().fit(life)


def test_a_thousand_inspections_at_ages_of_their_own_reach_the_conditions_of_the_maximum():
    rng = np.random.default_rng(1)
    age, inspected = rng.weibull(2, 1000), rng.uniform(0, 2, 1000)
    failed = age <= inspected
    life = sj.Lifetimes.from_intervals(np.where(failed, 0, inspected), np.where(failed, inspected, np.inf))
    model = sj.Turnbull().fit(life)
    cells = candidate_intervals(life)
    place = np.searchsorted(cells.left, model.table_["left"])
    mass = np.zeros(len(cells.left))
    mass[place] = model.table_["mass"]
    total = np.append(0, np.cumsum(mass))
    share = cells.weights / (total[cells.last] - total[cells.first])
    slope = np.array([share[(cells.first <= j) & (j < cells.last)].sum() for j in range(len(mass))])
    np.testing.assert_allclose(slope[place], 1000.0, rtol=1e-9)  # Kuhn and Tucker: n where there is mass
    assert slope.max() <= 1000.0 * (1 + 1e-9)  # and no more elsewhere


@pytest.mark.parametrize("seed", [18, 58, 155, 189])
def test_a_full_step_that_rounding_shows_as_a_loss_is_taken(seed):
    # these stood still before the maximum for 500 steps: each was halved until the log-likelihood did not fall at all
    rng, n, gap = np.random.default_rng(seed), 60, 20.0
    life, phase = 100 * rng.weibull(2, n), rng.uniform(0, gap, n)
    visit = np.ceil((life - phase) / gap)
    lower, upper = np.maximum(phase + gap * (visit - 1), 0), phase + gap * visit
    end = rng.uniform(60, 200, n)
    running = upper > end
    lower = np.where(running, phase + gap * np.floor((end - phase) / gap), lower)
    rows = sj.Lifetimes.from_intervals(lower, np.where(running, np.inf, upper))
    curve = sj.Turnbull().fit(rows)
    table = curve.table_
    inside = (table["left"].to_numpy() >= rows.lower[:, None]) & (table["right"].to_numpy() <= rows.upper[:, None])
    level = (inside / (inside @ table["mass"].to_numpy())[:, None]).sum(axis=0)
    np.testing.assert_allclose(level, n, rtol=1e-9)  # Kuhn and Tucker, as above


@pytest.mark.parametrize("exact", [0.1, 0.3])
def test_where_hundreds_of_ages_are_known_the_conditions_of_the_maximum_hold_without_a_matrix(exact):
    rng, n = np.random.default_rng(2), 2000
    age, gap = 100 * rng.weibull(2, n), 20 * rng.uniform(1, 3, n)
    lower = gap * np.floor(age / gap)
    upper = np.where(rng.random(n) < 0.2, np.inf, lower + gap)
    known = rng.random(n) < exact
    life = sj.Lifetimes.from_intervals(np.where(known, age, lower), np.where(known, age, upper))
    table = sj.Turnbull().fit(life).table_
    assert len(table) > DENSE_UP_TO
    left, right, mass = (table[name].to_numpy() for name in ("left", "right", "mass"))
    inside = np.where(known[:, None], right == age[:, None], (left >= lower[:, None]) & (right <= upper[:, None]))
    level = (inside / (inside @ mass)[:, None]).sum(axis=0)
    np.testing.assert_allclose(level, n, rtol=1e-9)  # Kuhn and Tucker, as above


# Five months of shipments: all units that still run did so at half a month to four and a half, and one of the fifth month failed.
MONTHS = [[2, 5, 9, 12, 10], [None, 2, 6, 8, 11], [None, None, 1, 5, 7], [None, None, None, 2, 4], [None, None, None, None, 1]]


def test_a_picture_ends_where_units_ran_on_into_the_last_interval_and_marks_the_rest():
    model = sj.Turnbull().fit(sj.Lifetimes.from_nevada([1000] * 5, MONTHS))
    assert model.determined_until_ == 4.5
    assert model.table_["mass"].iloc[-1] > 0.96  # all that is left, in (4.5, 5]
    ax = model.plot()
    step = next(line for line in ax.lines if line.get_label() == "Turnbull").get_xydata()
    assert step[-1].tolist() == [4.5, pytest.approx(model.table_["survival"].iloc[-2], rel=1e-14)]
    assert "after 4.5 not determined by the data" in [text.get_text() for text in ax.get_legend().get_texts()]
    assert ax.get_xlim() == (0.0, 5.0)


def test_a_fall_to_0_that_was_seen_is_drawn():
    model = sj.Turnbull().fit(sj.Lifetimes.from_intervals([0, 10, 20], [10, 20, 30]))
    assert model.determined_until_ == np.inf
    assert model.plot().lines[0].get_xydata()[-1].tolist() == [30.0, 0.0]


def test_no_point_of_probability_paper_stands_for_the_units_that_ran_on():
    life = sj.Lifetimes.from_nevada([1000] * 5, MONTHS)
    ax = sj.Weibull(1.5, 50.0).plot_probability(life)
    bars = next(artist for artist in ax.collections if artist.get_label() == "Turnbull").get_segments()
    assert [segment[1, 0] for segment in bars] == [1.0, 2.0, 3.0, 4.0]
