"""What a fitted model answers: values, shapes, intervals, and what it refuses to be asked."""

import mpmath
import numpy as np
import pandas as pd
import pytest

import survjax as sj
from tests.conftest import shipped

KNOWN = sj.Weibull(shape=2.5, scale=10.0)
MIXED = sj.WeibullMixture(weight=[0.25, 0.75], shape=[0.8, 5.0], scale=[30.0, 150.0])


def test_known_models_answer_without_a_fit():
    t = np.array([1.0, 10.0, 30.0])
    h = (t / 10) ** 2.5
    np.testing.assert_allclose(KNOWN.survival(t), np.exp(-h), rtol=1e-14)
    np.testing.assert_allclose(KNOWN.cumulative_hazard(t), h, rtol=1e-14)
    np.testing.assert_allclose(KNOWN.hazard(t), 2.5 * h / t, rtol=1e-13)
    np.testing.assert_allclose(KNOWN.density(t), 2.5 * h / t * np.exp(-h), rtol=1e-13)
    np.testing.assert_allclose(KNOWN.quantile(1 - np.exp(-1)), 10.0, rtol=1e-14)
    np.testing.assert_allclose(KNOWN.mean(), float(10 * mpmath.gamma(mpmath.mpf(1.4))), rtol=1e-14)
    np.testing.assert_allclose(KNOWN.median(), 10 * np.log(2) ** 0.4, rtol=1e-14)
    np.testing.assert_allclose(KNOWN.predict_failure_probability(5.0, 3.0), 1 - np.exp(0.5**2.5 - 0.8**2.5), rtol=1e-13)


# mpmath: scale / shape * exp(x) * gammainc(1 / shape, x), x = (60 / scale)^shape, 40 digits
@pytest.mark.parametrize(("shape", "scale", "expected"), [(5.0, 10.0, 0.0015430511468332734), (10.0, 5.0, 9.6903349732498932e-11)])
def test_remaining_life_far_in_the_tail(shape, scale, expected):
    np.testing.assert_allclose(sj.Weibull(shape, scale).predict_rul(60.0), expected, rtol=1e-11)


def test_kinds_of_remaining_life_agree_with_each_other():
    age = np.array([0.0, 5.0, 40.0])
    median = KNOWN.predict_rul(age, kind="median")
    np.testing.assert_array_equal(median, KNOWN.predict_rul(age, kind=0.5))
    np.testing.assert_allclose(KNOWN.predict_failure_probability(age, median), 0.5, rtol=1e-12)
    np.testing.assert_array_equal(KNOWN.predict(age), KNOWN.predict_rul(age))
    np.testing.assert_allclose(KNOWN.predict_rul(age, horizon=np.inf), KNOWN.predict_rul(age), rtol=1e-10)
    assert np.all(KNOWN.predict_rul(age, horizon=0.5) < 0.5)
    np.testing.assert_allclose(KNOWN.predict_rul(0.0, horizon=1e-3), 1e-3, rtol=1e-7)


def test_the_restricted_mean_agrees_with_mpmath():
    for age, horizon in ((0.0, 3.0), (12.0, 1.0), (4.0, 100.0)):
        exact = mpmath.quad(
            lambda u, a=age: mpmath.exp(((a) / 10) ** mpmath.mpf(2.5) - ((a + u) / 10) ** mpmath.mpf(2.5)), [0, horizon / 10, horizon]
        )
        np.testing.assert_allclose(KNOWN.predict_rul(age, horizon=horizon), float(exact), rtol=1e-10)


def test_shapes_follow_the_arguments():
    ages, horizons = np.array([1.0, 2.0, 3.0]), np.array([1.0, 5.0])
    assert isinstance(KNOWN.survival(1.0), float)
    assert isinstance(KNOWN.predict_failure_probability(1, 2), float)
    assert KNOWN.survival([1, 2]).shape == (2,)
    assert KNOWN.survival([]).shape == (0,)
    table = KNOWN.predict_failure_probability(ages[:, None], horizons)
    assert table.shape == (3, 2)
    np.testing.assert_array_equal(table[1], KNOWN.predict_failure_probability(2.0, horizons))
    assert KNOWN.survival(pd.Series([1.0, 2.0], index=[7, 9])).dtype == np.float64
    assert KNOWN.survival(np.array([1, 2], dtype=np.int32)).dtype == np.float64


REFUSED = {
    "negative age": (lambda m: m.predict_rul([1.0, -2.0]), ValueError, r"age must be 0 or more; it is -2 at position 1"),
    "infinite age": (lambda m: m.predict_rul(np.inf), ValueError, r"age must be finite"),
    "negative horizon": (lambda m: m.predict_failure_probability(1.0, -2.0), ValueError, r"horizon must be 0 or more"),
    "negative time": (lambda m: m.survival(-1.0), ValueError, r"t must be 0 or more"),
    "nan": (lambda m: m.survival([1.0, np.nan]), ValueError, r"position \(1,\) is nan"),
    # a scalar nan slipped through and became a negative probability
    "scalar nan": (lambda m: m.predict_failure_probability(100.0, np.nan), ValueError, r"horizon must be numbers, not nan"),
    "data frame": (lambda m: m.predict(pd.DataFrame({"hours": [1.0]})), TypeError, r"one column of numbers; got a DataFrame"),
    "probability": (lambda m: m.quantile(1.5), ValueError, r"p must be a probability between 0 and 1; it is 1.5"),
    "kind": (lambda m: m.predict_rul(1.0, kind="mode"), ValueError, r'kind must be "mean", "median" or a probability'),
    "horizon of a median": (lambda m: m.predict_rul(1.0, kind="median", horizon=2.0), ValueError, r"a horizon restricts the mean"),
    "lifetimes": (lambda m: m.predict(shipped("ball_bearings")), TypeError, r"life\.running\(\)\.durations"),
    "text": (lambda m: m.survival("soon"), TypeError, r"got str 'soon'"),
    "shapes": (lambda m: m.predict_failure_probability([1.0, 2.0], [1.0, 2.0, 3.0]), ValueError, r"age\[:, None\]"),
    "indexes": (
        lambda m: m.predict_failure_probability(pd.Series([1.0, 2.0]), pd.Series([1.0, 2.0], index=[1, 0])),
        ValueError,
        r"different indexes",
    ),
    "level": (lambda m: m.interval("survival", 1.0, level=95), ValueError, r"between 0 and 1, for instance 0.95; got 95"),
    "method": (lambda m: m.interval("survival", 1.0, method="magic"), ValueError, r'method must be "wald" or "likelihood"; got'),
    "side": (lambda m: m.interval("survival", 1.0, side="left"), ValueError, r'"two", "lower" or "upper"'),
    "life in vain": (lambda m: m.interval("survival", 1.0, life=shipped("waltons")), ValueError, r"life is not used"),
    "what": (lambda m: m.interval("surviving", 1.0), ValueError, r"there is no interval of 'surviving'"),
    "missing argument": (lambda m: m.interval("failure_probability", 1.0), TypeError, r"needs horizon"),
    "extra argument": (lambda m: m.interval("mean", 1.0), TypeError, r"takes no arguments"),
    "unknown keyword": (lambda m: m.interval("survival", time=1.0), TypeError, r"time= is not one of them"),
    "what as a list": (lambda m: m.interval(["survival"], 1.0), ValueError, r"there is no interval of \['survival'\]"),
    "masked": (lambda m: m.survival(np.ma.array([1.0, 2.0], mask=[0, 1])), ValueError, r"t must be numbers; row 1 is missing"),
    "one masked": (lambda m: m.survival(np.ma.masked), ValueError, r"t must be numbers; it is missing"),
    "masked table": (lambda m: m.survival(np.ma.array([[1.0, 2.0]], mask=[[0, 1]])), ValueError, r"position \(0, 1\) is missing"),
    "NA": (lambda m: m.survival(pd.NA), TypeError, r"got NAType"),
    "a huge integer": (lambda m: m.survival(10**400), ValueError, r"it is beyond the largest float"),
    "sample of -1": (lambda m: m.sample(-1, 0), ValueError, r"n must be a whole number of at least 0; got -1"),
    "sample of 2.5": (lambda m: m.sample(2.5, 0), ValueError, r"n must be a whole number of at least 0; got 2\.5"),
    "sample of True": (lambda m: m.sample(True, 0), ValueError, r"n must be a whole number"),
    "sample of a shape": (lambda m: m.sample((2, 3), 0), ValueError, r"n must be a whole number"),
    "negative seed": (lambda m: m.sample(2, -1), ValueError, r"seed must be a whole number of at least 0; got -1"),
    "text seed": (lambda m: m.sample(2, "a"), ValueError, r"seed must be a whole number"),
    "no seed": (lambda m: m.sample(2, None), ValueError, r"seed must be a whole number"),  # was random every time
    "no rows": (lambda m: m.log_likelihood(shipped("ball_bearings")[:0]), ValueError, r"this Lifetimes has no rows"),
    "score of no rows": (lambda m: m.score(shipped("ball_bearings")[:0]), ValueError, r"this Lifetimes has no rows"),
    "fit to no rows": (lambda m: sj.Weibull().fit(shipped("ball_bearings")[:0]), ValueError, r"this Lifetimes has no rows"),
    "no weight": (lambda m: m.score(sj.Lifetimes([1.0, 2.0], weights=[0, 1])[:1]), ValueError, r"has no rows of any weight"),
    "known and nothing seen": (lambda m: sj.Weibull(2.0, 10.0).fit([0.0], [0]), ValueError, r"still running at age 0"),
    "derivative at 0": (lambda m: m.hazard_derivatives([1.0, 0.0]), ValueError, r"It is 0 at position 1"),
    "no data": (lambda m: m.log_likelihood_, sj.NotFitted, r"is fully known and has seen no data"),
    "no path": (lambda m: m.path_, sj.NotFitted, r"is fully known and has seen no data"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_questions_without_an_answer_are_refused(case):
    ask, error, message = REFUSED[case]
    with pytest.raises(error, match=message):
        ask(KNOWN)


def test_an_unfitted_model_says_what_it_has_still_to_learn():
    with pytest.raises(sj.NotFitted, match="has still to learn shape, scale"):
        sj.Weibull().survival(1.0)
    with pytest.raises(sj.NotFitted, match="has still to learn scale"):
        sj.Weibull(shape=2.0).survival(1.0)


@pytest.mark.parametrize(
    "make",
    [
        lambda: sj.Weibull(shape=-1.0),
        lambda: sj.Weibull(shape=0),
        lambda: sj.Weibull(scale=np.inf),
        lambda: sj.Weibull(shape="two"),
        lambda: sj.Weibull(shape=True),
        lambda: sj.Weibull(shape=np.True_),
        lambda: sj.Weibull(shape="2"),
        lambda: sj.Weibull(shape=b"2"),
        lambda: sj.Weibull(shape=[2.0]),
        lambda: sj.Weibull(shape=pd.Series([2.0])),
        lambda: sj.Weibull(shape=np.ma.masked),
        lambda: sj.Weibull(shape=10**400),
        lambda: sj.WeibullMixture(0),
        lambda: sj.WeibullMixture(2.5),
        lambda: sj.WeibullMixture(2, shape=[1.0]),
        lambda: sj.WeibullMixture(weight=[0.7, 0.7], shape=[1, 1], scale=[1, 1]),
        lambda: sj.WeibullMixture(n_starts=0),
        lambda: sj.WeibullMixture(n_starts=True),
        lambda: sj.WeibullMixture(np.array([2, 3])),
        lambda: sj.WeibullMixture(seed=-1),
        lambda: sj.WeibullMixture(seed="a"),
        lambda: sj.WeibullMixture(shape={1.0, 2.0}),
        lambda: sj.WeibullMixture(shape={0: 1.0, 1: 2.0}),
        lambda: sj.Mixture(3),
        lambda: sj.Mixture(None),
        lambda: sj.Model(sj.distributions.Mixture((sj.distributions.Weibull(),), (0.5, 0.5))),
        lambda: sj.Model(sj.distributions.Mixture((sj.distributions.Weibull(),), 1.0)),
        lambda: sj.WeibullMixture(shape=3.0),
        lambda: sj.Mixture(sj.Weibull()),
        lambda: sj.Mixture([sj.Weibull]),
        lambda: sj.Model("weibull"),
    ],
)
def test_impossible_constructor_values_are_refused_at_use(make):
    with pytest.raises((TypeError, ValueError), match=r"must|expected|add up"):
        make().fit(shipped("ball_bearings"))


def test_hazard_derivatives_are_those_of_the_closed_form(bearings):
    t = np.array([5.0, 50.0, 120.0])
    k, eta = bearings.parameters_
    h, log = k / eta * (t / eta) ** (k - 1), np.log(t / eta)
    hazard, jacobian, hessian = bearings.hazard_derivatives(t)
    np.testing.assert_allclose(hazard, h, rtol=1e-12)
    np.testing.assert_allclose(jacobian, np.stack([h * (1 / k + log), -h * k / eta], axis=1), rtol=1e-11)
    mixed = -h * (2 / eta + k * log / eta)
    closed = np.array([[h * (2 * log / k + log**2), mixed], [mixed, h * k * (k + 1) / eta**2]]).transpose(2, 0, 1)
    np.testing.assert_allclose(hessian, closed, rtol=1e-11)


def test_hazard_derivatives_of_a_mixture_agree_with_finite_differences(waltons):
    t = np.array([10.0, 40.0, 70.0])
    _, jacobian, hessian = waltons.hazard_derivatives(t)
    assert jacobian.shape == (3, 6)
    assert hessian.shape == (3, 6, 6)
    values = waltons.parameters_.to_numpy()

    def exact(v, time):
        w, k, s = v[0::3], v[1::3], v[2::3]
        survival = w * np.exp(-((time / s) ** k))
        return np.sum(survival * k / s * (time / s) ** (k - 1)) / np.sum(survival)

    for row, time in enumerate(t):
        for i, e in enumerate(np.diag(1e-5 * values)):
            slope = (exact(values + e, time) - exact(values - e, time)) / (2 * e[i])
            np.testing.assert_allclose(jacobian[row, i], slope, rtol=1e-6, atol=1e-10)
            bend = (waltons_jacobian(values + e, time) - waltons_jacobian(values - e, time)) / (2 * e[i])
            np.testing.assert_allclose(hessian[row, i], bend, rtol=1e-5, atol=1e-8)


def waltons_jacobian(values, time):
    steps = np.diag(1e-4 * values)
    w, k, s = values[0::3], values[1::3], values[2::3]
    survival = w * np.exp(-((time / s) ** k))
    rate = k / s * (time / s) ** (k - 1)
    h, total = np.sum(survival * rate) / np.sum(survival), np.sum(survival)
    log = np.log(time / s)
    slope = np.zeros(len(steps))
    slope[0::3] = survival / w * (rate - h) / total
    slope[1::3] = survival * (rate * (1 / k + log) - (time / s) ** k * log * (rate - h)) / total
    slope[2::3] = survival * (-rate * k / s + (time / s) ** k * k / s * (rate - h)) / total
    return slope


def test_membership_is_bayes_rule(waltons):
    w, k, s = (waltons.parameters_.to_numpy()[i::3] for i in range(3))
    t = np.array([0.0, 20.0, 60.0])
    survival = w * np.exp(-((t[:, None] / s) ** k))
    np.testing.assert_allclose(waltons.predict_component(t), survival / survival.sum(1, keepdims=True), rtol=1e-12)
    density = survival[1:] * k / s * (t[1:, None] / s) ** (k - 1)
    np.testing.assert_allclose(waltons.predict_component(t[1:], failed=True), density / density.sum(1, keepdims=True), rtol=1e-12)
    assert waltons.predict_component(20.0).shape == (2,)


def test_membership_takes_flags_that_broadcast(waltons):
    ages = np.array([20.0, 60.0])
    table = waltons.predict_component(ages[:, None], failed=[True, 0])
    np.testing.assert_array_equal(table[:, 0], waltons.predict_component(ages, failed=1))
    np.testing.assert_array_equal(table[:, 1], waltons.predict_component(ages, failed=pd.array([False, False], dtype="boolean")))


@pytest.mark.parametrize(
    ("age", "failed", "error", "message"),
    [
        (pd.Series([1.0, 2.0]), pd.Series([1, 0], index=[1, 0]), ValueError, "age and failed are pandas Series with different indexes"),
        ([1.0, 2.0], 2, ValueError, "failed must be 1 .* it is 2"),
        ([1.0, 2.0], [1, 0.5], ValueError, "row 1 has failed=0.5"),
        ([[1.0, 2.0]], [[1, np.nan]], ValueError, r"position \(0, 1\) has failed=nan"),
        ([1.0, 2.0], "yes", TypeError, "failed must be .* got str 'yes'"),
        ([1.0, 2.0], ["yes", "no"], TypeError, "failed must be .* row 0 is 'yes'"),
        ([1.0, 2.0], None, TypeError, "failed must be .* got None"),
        ([1.0, 2.0], pd.array([True, None], dtype="boolean"), ValueError, "failed must be .* row 1 is missing"),
        ([1.0, 2.0], [1, 0, 1], ValueError, r"age \(2,\), failed \(3,\)"),
        # was answered for age 1
        ([1.0, 0.0], True, ValueError, "age must be more than 0 where failed; row 1 has age=0"),
    ],
)
def test_flags_of_membership_are_read_as_flags(age, failed, error, message):
    with pytest.raises(error, match=message):
        MIXED.predict_component(age, failed=failed)


def test_a_unit_running_at_age_0_contributes_nothing_to_a_likelihood(bearings):
    assert bearings.log_likelihood([0.0, 0.0], [0, 0]) == 0.0
    assert MIXED.score([0.0], [0]) == 0.0
    assert bearings.log_likelihood([0.0, 10.0], [0, 0]) == bearings.log_likelihood([10.0], [0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: sj.Weibull(sahpe=2.0), r"Weibull\.__init__\(\) got an unexpected keyword argument 'sahpe'"),
        (lambda: sj.Weibull(1.0, 2.0, 3.0), r"Weibull\.__init__\(\) takes from 1 to 3 positional arguments but 4 were given"),
        (lambda: sj.Weibull(1.0, shape=2.0), r"Weibull\.__init__\(\) got multiple values for argument 'shape'"),
        (lambda: sj.Exponential(rat=1.0), r"Exponential\.__init__\(\) got an unexpected keyword argument 'rat'"),
        (lambda: sj.WeibullMixture(shapes=[1.0]), r"WeibullMixture\.__init__\(\) got an unexpected keyword argument 'shapes'"),
    ],
)
def test_constructors_are_called_as_python_calls_them(make, message):
    with pytest.raises(TypeError, match=message):
        make()


def test_samples_are_the_seeds(waltons):
    np.testing.assert_array_equal(waltons.sample(100, seed=3), waltons.sample(100, seed=3))
    lives = np.sort(MIXED.sample(1024, seed=4))
    distance = np.abs(1 - MIXED.survival(lives) - (np.arange(1024) + 0.5) / 1024).max()
    assert distance < 1.95 / np.sqrt(1024)  # the 99.9 % point of Kolmogorov's distribution; one fixed seed


def test_likelihood_of_other_data_and_score(bearings):
    life = shipped("ball_bearings")
    np.testing.assert_allclose(bearings.log_likelihood(life), bearings.log_likelihood_, rtol=1e-13)
    np.testing.assert_allclose(bearings.score(life), bearings.log_likelihood_ / 23, rtol=1e-13)
    running = sj.Lifetimes([10.0, 20.0], [0, 0], entry=[5.0, 0.0])
    expected = np.log(bearings.survival(10.0) / bearings.survival(5.0) * bearings.survival(20.0))
    np.testing.assert_allclose(bearings.log_likelihood(running), expected, rtol=1e-12)


def test_few_failures_and_chance_components_are_said():
    assert any("Only 1 failure for 1 parameter:" in note for note in sj.Exponential().fit([3.0]).notes_)
    assert any("Only 4 failures for 2 parameters" in note for note in sj.Weibull().fit([1.0, 2.0, 3.0, 4.0]).notes_)
    lives = np.append(100 * np.random.default_rng(3).weibull(1.2, 60), 70 + 0.2 * np.arange(6))
    notes = sj.WeibullMixture().fit(lives).notes_
    assert any("fall close together" in note for note in notes)


def test_set_params_leaves_the_fit_as_it_is(bearings):
    model = sj.Weibull().fit(shipped("ball_bearings")).set_params(shape=-1)
    assert model.predict_rul(10.0) == pytest.approx(bearings.predict_rul(10.0))
    assert model.log_likelihood(shipped("ball_bearings")) == pytest.approx(bearings.log_likelihood_)
