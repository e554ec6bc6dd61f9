"""Ages as recorded: to half the resolution of the records, within the window of the row, and what a fit makes of them."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import norm

import survjax as sj


def ends(life):
    return np.stack([life.lower, life.upper], axis=1).tolist()


def test_a_failure_is_known_to_half_the_resolution_and_a_running_unit_stays():
    life = sj.Lifetimes([33.0, 44.0, 52.0], [1, 0, 1], resolution=1.0)
    assert ends(life) == [[32.5, 33.5], [44.0, np.inf], [51.5, 52.5]]
    assert (life.n_failed, life.n_exact, life.n_running) == (2.0, 0.0, 1.0)


def test_an_age_recorded_as_0_is_one_below_half_the_resolution():
    life = sj.Lifetimes([0.0, 0.25, 7.0], resolution=1.0)
    assert ends(life) == [[-0.5, 0.5], [-0.25, 0.75], [6.5, 7.5]]
    # a law of positive lifetimes reads it from 0 on, however it came by it
    for model in (sj.Weibull().fit([0.0, 0.25, 7.0], resolution=1.0), sj.Weibull().fit(life)):
        assert ends(model.lifetimes_) == [[0.0, 0.5], [0.0, 0.75], [6.5, 7.5]]
        assert model.log_likelihood(life) == pytest.approx(model.log_likelihood_, rel=1e-14)
        np.testing.assert_array_equal(model.goodness_of_fit(life, n_bootstrap=1).distances, model.goodness_of_fit(n_bootstrap=1).distances)
    with pytest.raises(ValueError, match=r'row 0 has durations=0 .* say how: resolution=1.0 for days, and rounded="down"'):
        sj.Weibull().fit([0.0, 7.0])


def test_only_an_interval_about_an_age_of_0_or_more_may_begin_before_0():
    with pytest.raises(ValueError, match=r"row 1 has durations=-3 .* Check the sign"):
        sj.Weibull().fit(sj.Lifetimes.from_intervals([1.0, -3.0], [2.0, 2.5]))


def test_on_the_whole_real_line_0_is_no_end_even_if_no_age_is_negative():
    assert ends(sj.Lifetimes([-3.0, 0.25], resolution=1.0)) == [[-3.5, -2.5], [-0.25, 0.75]]
    ages = np.round(np.random.default_rng(2).normal(3.0, 2.0, 64))
    ages = ages[ages >= 0.0]
    model = sj.Normal().fit(ages, resolution=1.0)
    assert (ages == 0.0).any()
    assert (model.lifetimes_.lower == -0.5).any()

    def minus_log_likelihood(x):
        return -np.log(norm.cdf(ages + 0.5, x[0], np.exp(x[1])) - norm.cdf(ages - 0.5, x[0], np.exp(x[1]))).sum()

    best = minimize(minus_log_likelihood, [3.0, 0.5], method="Nelder-Mead", options={"xatol": 1e-11, "fatol": 1e-13})
    # Nelder-Mead compares values: their rounding of 1e-14 hides steps of 1e-7 and less
    np.testing.assert_allclose(model.parameters_, [best.x[0], np.exp(best.x[1])], rtol=1e-6)


def test_completed_units_are_of_the_unit_that_follows_and_running_ones_half_a_unit_older():
    exact = sj.Lifetimes([33.0, 44.0, 0.0], [1, 0, 1])
    life = exact.at_resolution(1.0, "down")
    assert ends(life) == [[33.0, 34.0], [44.5, np.inf], [0.0, 1.0]]
    assert ends(sj.Lifetimes([33.0, 44.0, 0.0], [1, 0, 1], resolution=[1.0, 0.0, 2.0], rounded="down")) == [[33, 34], [44, np.inf], [0, 2]]
    frame = exact.to_frame()
    for other in (
        sj.Lifetimes.from_frame(frame, lower="lower", upper="upper", resolution=1.0, rounded="down"),
        sj.Weibull().fit(exact, resolution=1.0, rounded="down").lifetimes_,
    ):
        assert ends(other) == ends(life)


def test_the_window_of_a_row_holds_for_completed_units_too():
    life = sj.Lifetimes.from_intervals(
        [5.0, 5.0, 5.0, 5.0], [5.0, 5.0, 5.0, np.inf], entry=[4.0, 0, 0, 0], right_truncation=[np.inf, 5.25, 9.0, np.inf],
        observed_until=[9.0, 5.0, 5.0, 5.0],
    ).at_resolution(1.0, "down")  # fmt: skip
    assert ends(life) == [[5.0, 6.0], [5.0, 5.25], [5.0, 6.0], [5.5, np.inf]]
    # an end of observation in completed units is no earlier than what was seen
    np.testing.assert_array_equal(life.observed_until, [9.0, 6.0, 6.0, 5.5])


def test_an_interval_stays_inside_the_window_of_its_row():
    life = sj.Lifetimes.from_intervals(
        [5.0, 5.0, 5.0, 5.0],
        [5.0] * 4,
        entry=[4.75, 0, 0, 0],
        right_truncation=[np.inf, 5.25, 5.0, np.inf],
        observed_until=[9, 9, 9, 5.125],
    ).at_resolution(1.0)
    assert ends(life) == [[4.75, 5.5], [4.5, 5.25], [4.5, 5.0], [4.5, 5.125]]
    np.testing.assert_array_equal(life.observed_until, [9, 9, 9, 5.125])  # what is known of the study does not change


def test_failures_within_an_interval_are_no_less_certain_than_they_were():
    life = sj.Lifetimes.from_intervals([1.0, 4.0, 6.0], [3.0, 4.0, np.inf], resolution=2.0)
    assert ends(life) == [[1.0, 3.0], [3.0, 5.0], [6.0, np.inf]]
    assert ends(life.at_resolution(2.0)) == ends(life)  # nothing exact is left


def test_rows_may_have_resolutions_of_their_own():
    # 0: from a counter that is read at once
    assert ends(sj.Lifetimes([10.0, 20.0, 30.0], resolution=[1.0, 0.0, 7.0])) == [[9.5, 10.5], [20.0, 20.0], [26.5, 33.5]]


def test_weights_causes_and_frames_keep_their_rows():
    exact = sj.Lifetimes([3, 5, 3, 5, 5], [1, 0, 1, 0, 1], weights=[1, 2, 3, 4, 5], cause=["a", None, "a", None, "b"])
    life = exact.at_resolution(1.0)
    np.testing.assert_array_equal(life.weights, exact.weights)
    assert life.cause.tolist() == exact.cause.tolist()
    again = sj.Lifetimes.from_intervals(**life.to_frame())
    pd.testing.assert_frame_equal(again.to_frame(), life.to_frame())
    pd.testing.assert_frame_equal(exact.collapse().at_resolution(1.0).to_frame(), life.collapse().to_frame())
    assert life.collapse().n_failed == 9.0


def test_every_door_takes_it_alike():
    frame = pd.DataFrame({"age": [3.0, 5.0, 8.0, 9.0], "failed": [1, 0, 1, 1]})
    life = sj.Lifetimes(frame["age"], frame["failed"]).at_resolution(0.5)
    assert ends(sj.Lifetimes.from_frame(frame, "age", "failed", resolution=0.5)) == ends(life)
    assert ends(sj.Lifetimes(frame["age"], frame["failed"], resolution=pd.Series([0.5] * 4))) == ends(life)
    expected = sj.Weibull().fit(life).parameters_
    for fitted in (
        sj.Weibull().fit(frame["age"], frame["failed"], resolution=0.5),
        sj.Weibull().fit(sj.Lifetimes(frame["age"], frame["failed"]), resolution=[0.5] * 4),
        sj.Weibull().fit(np.zeros((4, 1)), sj.Lifetimes(frame["age"], frame["failed"]), resolution=0.5),
    ):
        pd.testing.assert_series_equal(fitted.parameters_, expected, check_exact=True)
        assert ends(fitted.lifetimes_) == ends(life)


REFUSED = {
    "0": (0.0, ValueError, "resolution must be more than 0; it is 0. Leave it out"),
    "negative": (-1.0, ValueError, "resolution must be more than 0; it is -1"),
    "infinite": (np.inf, ValueError, "resolution must be finite"),
    "missing": ([1.0, np.nan, 1.0], ValueError, "row 1 has resolution=nan"),
    "negative in a row": ([1.0, 1.0, -2.0], ValueError, "row 2 has resolution=-2 .* Use 0 for an age that is known exactly"),
    "too few": ([1.0, 1.0], ValueError, "resolution has 2 rows and there are 3"),
    "text": ("day", TypeError, "resolution must be numbers"),
    "too fine": (1e-5, ValueError, "row 1 has resolution=1e-05 .* leave resolution out for such rows"),
    "another index": (pd.Series([1.0, 1.0, 1.0], index=[2, 1, 0]), ValueError, "durations and resolution are pandas Series"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_resolution_is_refused_with_the_row_and_the_way_out(kind):
    resolution, error, message = REFUSED[kind]
    ages = pd.Series([0.5, 40.0, 30.0])
    with pytest.raises(error, match=message):
        sj.Lifetimes(ages, resolution=resolution)
    with pytest.raises(error, match=message):
        sj.Weibull().fit(ages, resolution=resolution)


def test_how_ages_were_rounded_is_one_of_two_words_and_needs_to_what():
    for refused in (lambda **given: sj.Lifetimes([1.0, 2.0], **given), lambda **given: sj.Weibull().fit([1.0, 2.0], **given)):
        with pytest.raises(ValueError, match='rounded must be "nearest" or "down"'):
            refused(resolution=1.0, rounded="up")
        with pytest.raises(ValueError, match="nothing says to what: give resolution="):
            refused(rounded="down")
    cut = sj.Lifetimes.from_intervals([3.0, 5.0], [3.0, 5.0], right_truncation=[5.0, 5.0])
    with pytest.raises(ValueError, match=r"row 1 has right_truncation=5 .* add the resolution to it"):
        cut.at_resolution(1.0, "down")


def test_completed_units_cost_nothing_once_it_is_said_that_they_are():
    random = np.random.default_rng(3)
    lives, watched = 4.0 * random.weibull(1.5, 1024), random.uniform(0.0, 8.0, 1024)
    ages, failed = np.floor(np.minimum(lives, watched)), lives <= watched
    model = sj.Weibull().fit(ages, failed, resolution=1.0, rounded="down")
    nearest = sj.Weibull().fit(ages, failed, resolution=1.0)
    assert np.all(np.abs(model.parameters_ - [1.5, 4.0]) < 3 * model.standard_errors_)
    assert abs(nearest.parameters_["shape"] - 1.5) > 4 * nearest.standard_errors_["shape"]


def coarse(n, seed=0):
    """Lives recorded in whole months, of which many are the same."""
    random = np.random.default_rng(seed)
    lives = 8.0 * random.weibull(1.4, n)
    ends = random.uniform(2.0, 14.0, n)
    failed = lives <= ends
    return np.where(failed, np.round(lives), ends), failed


def by_hand(ages, failed, resolution):
    """Shape, scale, log-likelihood of a Weibull with failures known to half the resolution, by scipy."""

    def minus_log_likelihood(x):
        k, eta = np.exp(x)
        low, high = np.maximum(ages - resolution / 2, 0.0), ages + resolution / 2
        survived, ahead = (low / eta) ** k, (high / eta) ** k - (low / eta) ** k
        return -np.where(failed, -survived + np.log(-np.expm1(-ahead)), -((ages / eta) ** k)).sum()

    best = minimize(minus_log_likelihood, [0.0, 2.0], method="Nelder-Mead", options={"xatol": 1e-11, "fatol": 1e-13})
    return [*np.exp(best.x), -best.fun]


def test_the_fit_of_rounded_lives_is_that_of_a_likelihood_written_by_hand():
    ages, failed = coarse(64)
    shape, scale, log_likelihood = by_hand(ages, failed, 1.0)
    model = sj.Weibull().fit(ages, failed, resolution=1.0)
    # Nelder-Mead compares values: their rounding of 1e-14 hides steps of 1e-7 and less
    np.testing.assert_allclose(model.parameters_, [shape, scale], rtol=1e-6)
    np.testing.assert_allclose(model.log_likelihood_, log_likelihood, rtol=1e-12)


def test_rounding_costs_what_its_width_is_and_resolution_gives_it_back():
    # of 1024 lives in whole months the early ones, put in the middle of their month, are too long: infant mortality looks like none
    random = np.random.default_rng(7)
    lives = 4.0 * random.weibull(0.9, 1024)
    recorded = np.floor(lives) + 0.5
    model = sj.Weibull().fit(recorded, resolution=1.0)
    naive = sj.Weibull().fit(recorded)
    assert abs(model.parameters_["shape"] - 0.9) < 3 * model.standard_errors_["shape"]
    assert abs(naive.parameters_["shape"] - 0.9) > 4 * naive.standard_errors_["shape"]


def test_a_fine_resolution_is_the_density_times_its_width():
    ages, failed = 100 * np.random.default_rng(1).weibull(2.0, 64), np.ones(64)
    exact, model = sj.Weibull().fit(ages, failed), sj.Weibull().fit(ages, failed, resolution=0.1)
    # the next term of the midpoint rule is of the square of the relative width of 1e-3
    np.testing.assert_allclose(model.parameters_, exact.parameters_, rtol=1e-5)
    np.testing.assert_allclose(model.log_likelihood_, exact.log_likelihood_ + 64 * np.log(0.1), rtol=1e-5)


def components_on_ties():
    """64 lives of a component narrower than a month among 64 others, all cut up to whole months."""
    random = np.random.default_rng(1)
    lives = np.concatenate([60 * random.weibull(1.2, 64), 20.3 * random.weibull(40.0, 64)])
    return np.ceil(lives) - 0.5


def test_a_component_narrower_than_the_records_is_a_spike_only_of_exact_ages():
    ages = components_on_ties()
    exact, model = sj.WeibullMixture().fit(ages), sj.WeibullMixture().fit(ages, resolution=1.0)
    assert exact.parameters_["weight_0"] == 1.0
    assert any("ended in a spike" in note and "resolution=" in note for note in exact.notes_)
    truth = np.array([0.5, 40.0, 20.3, 0.5, 1.2, 60.0])
    assert np.all(np.abs(model.parameters_ - truth) < 4 * model.standard_errors_)
    assert model.n_hits_ >= 3


def test_with_a_resolution_the_likelihood_of_a_mixture_is_bounded():
    # 19 of 57 recorded alike: a component on them of ever larger shape
    life = sj.Lifetimes(np.append([5.0] * 19, 5.0 * np.arange(2, 40)))
    heights = []
    for ages in (life, life.at_resolution(1.0)):
        spikes = [sj.WeibullMixture(weight=[1 / 3, 2 / 3], shape=[shape, 1.5], scale=[5.0, 120.0]) for shape in (1e2, 1e4, 1e6)]
        heights.append([spike.log_likelihood(ages) for spike in spikes])
    exact, recorded = heights
    np.testing.assert_allclose(np.diff(exact), 19 * np.log(100), rtol=1e-3)  # the rest of each density is that of the other component
    np.testing.assert_allclose(np.diff(recorded), 0.0, atol=1e-3)
    # it rises to a limit that no finite shape reaches, so that one Weibull is what there is, and the reader is told
    model = sj.WeibullMixture().fit(life, resolution=1.0)
    assert model.parameters_["weight_0"] == 1.0
    assert any("ended in a spike" in note for note in model.notes_)
