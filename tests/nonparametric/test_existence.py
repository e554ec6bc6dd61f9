"""Whether Turnbull's estimate exists under truncation on both sides: by hand, and by an optimiser that knows no condition."""

import numpy as np
import pytest
from scipy.optimize import minimize

import survjax as sj
from survjax.errors import NoFiniteMaximum
from survjax.nonparametric.candidates import candidate_intervals


def truncated(lower, upper, entry, end):
    return sj.Lifetimes.from_intervals(lower, upper, entry=entry, right_truncation=end)


def greatest_within(life, least):
    """The greatest log-likelihood of masses none of which is less than a share ``least`` of another, by L-BFGS from four starts."""
    cells = candidate_intervals(life)
    cell = np.arange(len(cells.left))
    failed = ((cells.first[:, None] <= cell) & (cell < cells.last[:, None])).astype(float)
    window = ((cells.window_first[:, None] <= cell) & (cell < cells.window_last[:, None])).astype(float)

    def loss(logs):
        mass = np.exp(logs)
        inside, seen = failed @ mass, window @ mass
        slope = (cells.weights / inside) @ failed - (cells.weights / seen) @ window
        return -(cells.weights @ (np.log(inside) - np.log(seen))), -slope * mass

    rng, bounds = np.random.default_rng(0), [(np.log(least), 0.0)] * len(cell)
    starts = [rng.uniform(np.log(least) / spread, 0.0, len(cell)) for spread in (8, 8, 1, 1)]
    return max(-minimize(loss, x, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-15, "gtol": 1e-10}).fun for x in starts)


def test_two_windows_that_each_hold_the_failure_of_the_other_give_the_estimate_in_closed_form():
    # p1/(p1 + p2) p2/(p1 + p2) p2/(p2 + p3) p3/(p2 + p3) is greatest where all are equal
    model = sj.Turnbull().fit(truncated([1, 2, 2, 3], [1, 2, 2, 3], [0, 0, 1, 1], [2, 2, 3, 3]))
    np.testing.assert_allclose(model.table_["mass"], 1 / 3, rtol=1e-9)  # the climb stops at a slope of 1e-10
    assert model.log_likelihood_ == pytest.approx(4 * np.log(0.5), rel=1e-14)


def test_a_first_age_that_nobody_outlived_in_its_window_is_refused_with_a_start():
    # p1/(p1 + p2) p2/(p2 + p3) p3/(p2 + p3): the first factor rises to 1 as p2 and p3 go to 0 in proportion
    with pytest.raises(ValueError, match=r"all units at risk at age 1 failed there.*start=1"):
        sj.Turnbull().fit(truncated([1, 2, 3], [1, 2, 3], [0, 1, 1], [2, 3, 3]))


def test_early_lives_that_go_to_nothing_are_named_with_the_way_to_leave_them_apart():
    # p1/(p1 + p2) p2/(p1 + p2) p3/(p1 + p2 + p3): nobody in the window of the last failed early, so that p1 and p2 go to 0
    life = truncated([1, 2, 3, 4, 3], [1, 2, 3, 4, 3], [0, 0, 0.5, 0.5, 2.5], [2, 2, 5, 5, 4.5])
    with pytest.raises(
        NoFiniteMaximum, match=r"rows 0, 1 could only be seen to fail between ages 0 and 2, while rows 2, 3 could be"
    ) as told:
        sj.Turnbull().fit(life)
    assert "apart = (life.right_truncation <= 2):" in str(told.value)
    apart = life.right_truncation <= 2
    assert sj.Turnbull().fit(life[apart]).survival(1) == pytest.approx(0.5, rel=1e-9)
    assert sj.Turnbull().fit(life.without(apart)).survival(3) == pytest.approx(1 / 3, rel=1e-9)


def test_groups_that_could_not_be_seen_at_each_others_ages_have_no_one_estimate():
    # each group has p/(p + q) q/(p + q), whatever it is of all
    with pytest.raises(NoFiniteMaximum, match=r"rows 0, 1 could .* between ages 0 and 3, and rows 2, 3 only at other ages: .* the same"):
        sj.Turnbull().fit(truncated([1, 2, 11, 12], [1, 2, 11, 12], [0, 0, 10, 10], [3, 3, 13, 13]))


def rows_on_a_grid(seed):
    rng = np.random.default_rng(seed)
    exact = (0.0, 0.5, 1.0)[seed % 3]
    rows = []
    for _ in range(rng.integers(4, 12)):
        entry = rng.integers(0, 4)
        end = entry + rng.integers(2, 6)
        upper = rng.integers(entry + 1, end + 1)
        known = rng.random() < exact
        rows.append((upper - 0.5, upper - 0.5, entry, end) if known else (rng.integers(entry, upper), upper, entry, end))
    return truncated(*np.array(rows, float).T)


# 1,000 such seeds were tried; these are of every kind, some with rows that lie on both sides of a stretch
@pytest.mark.parametrize("seed", [0, 1, 14, 42, 15, 36, 7, 4, 55, 2, 5, 21, 67, 109])
def test_an_optimiser_finds_nothing_better_or_rises_without_end(seed):
    life = rows_on_a_grid(seed)
    try:
        model = sj.Turnbull().fit(life)
    except ValueError:
        values = [greatest_within(life, least) for least in (1e-2, 1e-4, 1e-7)]
        assert values[0] < values[1] < values[2]
    else:
        assert greatest_within(life, 1e-9) <= model.log_likelihood_ + 1e-7  # L-BFGS may not quite arrive, and a bound costs 1e-9
