"""The CRPS and the log score against closed forms and integrals."""

import numpy as np
import pytest
from scipy.integrate import quad

import survjax as sj
from survjax.metrics import crps, log_score

GRID = np.linspace(0, 60, 6001)


def exponential(n):
    return np.tile(np.exp(-GRID), (n, 1))


@pytest.mark.parametrize("age", [0.0, 0.505, 1.2345, 7.0])
def test_of_a_failure_under_the_exponential_it_is_the_closed_form(age):
    # int_0^y (1 - e^-t)^2 + int_y^inf e^-2t = y + 2 e^-y - 3/2; straight lines over steps of 0.01 leave 0.01^2 / 12 of curvature
    assert crps([age], exponential(1), GRID) == pytest.approx(age + 2 * np.exp(-age) - 1.5, abs=1e-5)


def test_running_units_and_failures_within_intervals_leave_out_what_is_not_known():
    life = sj.Lifetimes.from_intervals([2.0, 1.0, 0.0], [np.inf, 3.0, 0.7], weights=[1, 2, 3])

    def lived(end):
        return quad(lambda t: (1 - np.exp(-t)) ** 2, 0, end, epsabs=1e-13)[0]

    expected = (lived(2.0) + 2 * (lived(1.0) + np.exp(-6.0) / 2) + 3 * np.exp(-1.4) / 2) / 6
    assert crps(life, exponential(3), GRID) == pytest.approx(expected, abs=1e-5)


def test_late_entry_is_judged_given_entry():
    # memoryless: from entry on the exponential is as new; the entry lies off the grid
    life = sj.Lifetimes([3.0, 4.5], [1, 0], entry=[1.7777, 0])
    since = sj.Lifetimes([3.0 - 1.7777, 4.5], [1, 0])
    found = crps(life, exponential(2), GRID, survival_at_entry=np.exp([-1.7777, 0.0]))
    assert found == pytest.approx(crps(since, exponential(2), GRID), abs=1e-5)


@pytest.mark.filterwarnings("error")
def test_an_entry_that_was_hardly_to_be_survived_is_judged_like_any_other():
    # memoryless: survival from the entry at 700 on is as from 0, though it was 1e-304 by then and twice over out of the number range
    grid = np.linspace(0.0, 5.0, 501)
    ages = np.concatenate([[0.0], 700.0 + grid])
    late = sj.Lifetimes([702.0], [1], entry=[700.0])
    found = crps(late, np.exp(-ages)[None, :], ages, survival_at_entry=[np.exp(-700.0)])
    assert found == pytest.approx(crps([2.0], np.exp(-grid)[None, :], grid), rel=1e-9)
    deep = np.where(ages < 700.0, 1.0, 5e-324)[None, :]
    assert crps(late, deep, ages, survival_at_entry=[5e-324]) == pytest.approx(3.0)
    with pytest.raises(ValueError, match=r"in row 0 .*survival_at_entry is 1e-310, and survival at 700, .* is 9.85968e-305"):
        crps(late, np.exp(-ages)[None, :], ages, survival_at_entry=[1e-310])


def test_straight_lines_are_integrated_exactly():
    # S = 1 - t/10: F^2 = t^2 / 100 up to 3.3, then (1 - t/10)^2
    found = crps([3.3], [[1.0, 0.75, 0.0]], [0.0, 2.5, 10.0])
    assert found == pytest.approx((3.3**3 + 6.7**3) / 300, rel=1e-14)


def test_a_sure_prediction_is_judged_by_its_absolute_error():
    sure = (np.array([0.0, 4.9999999, 5.0, 10.0]), [[1.0, 1.0, 0.0, 0.0]])
    for age, error in ((3.0, 2.0), (7.5, 2.5)):
        assert crps([age], sure[1], sure[0]) == pytest.approx(error, abs=1e-7)


def test_log_score_is_the_mean_log_likelihood_of_the_model():
    life = sj.Lifetimes([33.0, 44.0, 52.0], [1, 0, 1], entry=[0, 10, 20], weights=[1, 2, 3])
    law = sj.Weibull(2.0, 40.0)
    terms = (np.log(law.density(life.durations)), np.log(law.survival(life.durations)))
    assert log_score(life, *terms, np.log(law.survival(life.entry))) == pytest.approx(law.score(life), rel=1e-13)
    assert log_score([1.0], [-np.inf], [0.0]) == -np.inf


def test_what_cannot_be_judged_is_refused():
    late = sj.Lifetimes([3.0, 4.5], [1, 0], entry=[1, 0])
    with pytest.raises(ValueError, match="pass survival_at_entry"):
        crps(late, exponential(2), GRID)
    with pytest.raises(ValueError, match="row 0 has 0"):
        crps(late, exponential(2), GRID, survival_at_entry=[0.0, 1.0])
    with pytest.raises(ValueError, match="none did"):
        crps([3.0], exponential(1), GRID, survival_at_entry=[1.0])
    with pytest.raises(ValueError, match="at least two times"):
        crps([3.0], [[0.5]], [1.0])
    with pytest.raises(ValueError, match="pass log_survival_at_entry"):
        log_score(late, [0, 0], [0, 0])
    with pytest.raises(ValueError, match="none did"):
        log_score([1.0], [0.0], [0.0], [0.0])
    with pytest.raises(ValueError, match="log_score of densities needs ages at failure: row 0"):
        log_score(sj.Lifetimes.from_intervals([1], [2]), [0.0], [0.0])
