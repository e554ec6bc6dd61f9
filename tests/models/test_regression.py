"""Regressions over any distribution: what must hold whatever the data."""

import numpy as np
import pandas as pd
import pytest

import survjax as sj

N = 256


def fleet(seed: int = 3, n: int = N) -> tuple[pd.DataFrame, sj.Lifetimes]:
    """Units whose lives a load stretches and a make shortens, a third still running, some seen late."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"load": random.normal(2.0, 0.7, n), "make": random.choice(["A", "B"], n)})
    lives = 100.0 * random.weibull(1.6, n) * np.exp(0.4 * frame["load"] - 0.5 * (frame["make"] == "B"))
    seen_until = random.uniform(60.0, 500.0, n)
    entry = np.where(random.random(n) < 0.3, 0.2 * np.minimum(lives, seen_until), 0.0)
    return frame, sj.Lifetimes(np.minimum(lives, seen_until), lives <= seen_until, entry=entry)


@pytest.fixture(scope="module")
def data():
    return fleet()


@pytest.fixture(scope="module")
def stretched(data):
    return sj.AcceleratedFailureTime(sj.Weibull()).fit(*data)


@pytest.fixture(scope="module")
def multiplied(data):
    return sj.ProportionalHazards(sj.Weibull()).fit(*data)


def test_the_weibull_is_the_law_for_which_hazards_and_times_say_the_same(stretched, multiplied):
    # Kalbfleisch & Prentice (2002), section 2.3.4: coefficients differ by the factor -shape
    assert multiplied.log_likelihood_ == pytest.approx(stretched.log_likelihood_, rel=1e-12)
    np.testing.assert_allclose(multiplied.coefficients_, -stretched.parameters_["shape"] * stretched.coefficients_, rtol=1e-6)
    np.testing.assert_allclose(multiplied.parameters_[["shape", "scale"]], stretched.parameters_[["shape", "scale"]], rtol=1e-6)
    np.testing.assert_allclose(multiplied.standard_errors_["scale"], stretched.standard_errors_["scale"], rtol=1e-5)


def test_a_formula_for_the_scale_says_what_stretched_time_does(data, stretched):
    model = sj.ParameterRegression(sj.Weibull(), {"scale": "~ load + make"}).fit(*data)
    assert model.log_likelihood_ == pytest.approx(stretched.log_likelihood_, rel=1e-12)
    told = model.parameters_
    assert np.exp(told["scale[Intercept]"]) == pytest.approx(stretched.parameters_["scale"], rel=1e-6)
    np.testing.assert_allclose(told[["scale[load]", "scale[make[T.B]]"]], stretched.coefficients_, rtol=1e-6)
    np.testing.assert_allclose(
        model.standard_errors_[["scale[load]", "scale[make[T.B]]"]], stretched.standard_errors_[["load", "make[B]"]], rtol=1e-6
    )


def test_estimates_lie_where_an_independent_optimiser_finds_them(data, stretched):
    """The likelihood written out in NumPy and maximised by SciPy."""
    from scipy.optimize import minimize

    frame, life = data
    columns = np.column_stack([frame["load"], frame["make"] == "B"])

    def negative(point):
        shape, location = np.exp(point[0]), point[1] + columns @ point[2:]
        exponent, at_entry = shape * (np.log(life.durations) - location), np.where(life.entry > 0, life.entry, 1.0)
        hazard_before = np.where(life.entry > 0, np.exp(shape * (np.log(at_entry) - location)), 0.0)
        density = np.where(life.event_observed, point[0] - np.log(life.durations) + exponent, 0.0)
        return -np.sum(density - np.exp(exponent) + hazard_before)

    found = minimize(negative, [0.0, 5.0, 0.0, 0.0], method="BFGS", options={"gtol": 1e-7})
    assert stretched.log_likelihood_ == pytest.approx(-found.fun, rel=1e-10)
    np.testing.assert_allclose(stretched.coefficients_, found.x[2:], atol=1e-5)  # BFGS stops some 1e-6 from its optimum


def test_predictions_for_a_unit_are_those_of_its_own_distribution(data, stretched):
    frame, _ = data
    times = np.array([20.0, 100.0, 300.0])
    table = stretched.predict_survival(frame[:3], times)
    assert table.shape == (3, 3)
    for row in range(3):
        own = stretched.of(frame.iloc[[row]])
        np.testing.assert_allclose(table[row], own.survival(times), rtol=1e-12)
        assert stretched.predict_rul(frame[:3], 50.0)[row] == pytest.approx(own.predict_rul(50.0), rel=1e-12)
        assert stretched.predict_failure_probability(frame[:3], 50.0, 30.0)[row] == pytest.approx(
            own.predict_failure_probability(50.0, 30.0), rel=1e-12
        )


def test_shapes_of_answers_follow_the_times_asked(data, stretched):
    frame, _ = data
    some = frame[:4]
    assert stretched.predict_survival(some, 10.0).shape == (4,)
    assert stretched.predict_survival(some, [10.0, 20.0]).shape == (4, 2)
    assert stretched.predict_failure_probability(some, np.arange(4.0), [10.0, 20.0]).shape == (4, 2)
    assert stretched.predict_rul(some, np.arange(4.0), kind="median").shape == (4,)
    own = stretched.predict_survival(some, np.array([[1.0], [2.0], [3.0], [4.0]]))
    np.testing.assert_allclose(own[:, 0], [stretched.predict_survival(some, float(t))[t - 1] for t in (1, 2, 3, 4)])
    with pytest.raises(ValueError, match="one for each of the 4 units"):
        stretched.predict_rul(some, [1.0, 2.0])


def test_intervals_are_those_of_the_delta_method_by_finite_differences(data, multiplied):
    frame, _ = data
    table = multiplied.interval("survival", frame[:2], 80.0)
    # log(-log S) = shape (log t - log scale) + x'b, in the parameters told
    told, covariance = multiplied.parameters_, multiplied.covariance_.to_numpy()
    columns = np.column_stack([frame["load"], frame["make"] == "B"]).astype(float)[:2]
    for row in range(2):
        at = np.log(80.0 / told["scale"])
        slope = np.array([at, -told["shape"] / told["scale"], *columns[row]])
        link, error = told["shape"] * at + columns[row] @ told.to_numpy()[2:], np.sqrt(slope @ covariance @ slope)
        limits = np.exp(-np.exp(link + 1.959963984540054 * error * np.array([0.0, 1.0, -1.0])))
        np.testing.assert_allclose(table.to_numpy()[row], limits, rtol=1e-9)


def test_units_of_covariates_and_of_time_leave_the_fit_what_it_is(data, stretched):
    frame, life = data
    hours = sj.Lifetimes(24.0 * life.durations, life.event_observed, entry=24.0 * life.entry)
    other = sj.AcceleratedFailureTime(sj.Weibull()).fit(frame.assign(load=frame["load"] * 1000.0 + 20_000.0), hours)
    assert other.coefficients_["load"] * 1000.0 == pytest.approx(stretched.coefficients_["load"], rel=1e-7)
    assert other.log_likelihood_ == pytest.approx(stretched.log_likelihood_ - life.n_failed * np.log(24.0), rel=1e-10)


def test_ratios_are_those_of_coefficients_however_large_a_scale_of_the_base(data):
    frame, life = data
    hours = sj.Lifetimes(24.0 * life.durations, life.event_observed, entry=24.0 * life.entry)
    model = sj.AcceleratedFailureTime(sj.Weibull()).fit(frame, hours)
    assert model.parameters_["scale"] > 1000.0  # of which there is no exponential
    ratios = model.summary_["time ratio"]
    assert list(ratios.index[ratios.isna()]) == ["shape", "scale"]
    np.testing.assert_array_equal(ratios.dropna(), np.exp(model.coefficients_))


def test_a_covariate_far_from_0_loses_no_digits(data, stretched):
    frame, life = data
    far = frame.assign(load=frame["load"] + 20_000.0)
    other = sj.AcceleratedFailureTime(sj.Weibull()).fit(far, life)
    # 20,000 + x keeps x to 4e-12 of its spread
    np.testing.assert_allclose(other.coefficients_, stretched.coefficients_, rtol=1e-8)
    np.testing.assert_allclose(other.predict_survival(far, 100.0), stretched.predict_survival(frame, 100.0), rtol=1e-8)
    assert other.base_is_of_ == "every column at its mean"
    assert np.isfinite(other.parameters_).all()


def test_rows_in_another_order_and_columns_in_another_order_are_the_same_fit(data, stretched):
    frame, life = data
    order = np.random.default_rng(0).permutation(len(life))
    other = sj.AcceleratedFailureTime(sj.Weibull()).fit(frame.iloc[order][["make", "load"]], life[order])
    np.testing.assert_allclose(other.coefficients_[["load", "make[B]"]], stretched.coefficients_, rtol=1e-8)
    np.testing.assert_allclose(other.predict(frame, 10.0), stretched.predict(frame, 10.0), rtol=1e-8)


def test_counts_are_repeated_rows(data):
    frame, life = data
    counts = np.random.default_rng(1).integers(1, 4, len(life))
    rows = np.repeat(np.arange(len(life)), counts)
    counted = sj.ProportionalHazards(sj.Weibull()).fit(frame, life.with_weights(counts))
    repeated = sj.ProportionalHazards(sj.Weibull()).fit(frame.iloc[rows], life[rows])
    assert counted.log_likelihood_ == pytest.approx(repeated.log_likelihood_, rel=1e-12)
    np.testing.assert_allclose(counted.parameters_, repeated.parameters_, rtol=1e-7)
    assert counted.bic_ == pytest.approx(repeated.bic_)


def test_a_life_cut_into_stretches_of_the_same_covariates_is_the_same_life(data, multiplied):
    frame, life = data
    half = 0.5 * (life.entry + life.durations)
    unit = np.tile(np.arange(len(life)), 2)
    start, stop = np.concatenate([life.entry, half]), np.concatenate([half, life.durations])
    event = np.concatenate([np.zeros(len(life), bool), life.event_observed])
    model = sj.ProportionalHazards(sj.Weibull()).fit(pd.concat([frame, frame]), sj.Lifetimes(stop, event, entry=start), unit=unit)
    assert model.log_likelihood_ == pytest.approx(multiplied.log_likelihood_, rel=1e-12)
    np.testing.assert_allclose(model.parameters_, multiplied.parameters_, rtol=1e-6)


def test_robust_errors_of_repeated_rows_count_each_unit_once(data):
    frame, life = data
    double, twice = (
        pd.concat([frame, frame]),
        sj.Lifetimes(np.tile(life.durations, 2), np.tile(life.event_observed, 2), entry=np.tile(life.entry, 2)),
    )
    unit = np.tile(np.arange(len(life)), 2)
    once = sj.AcceleratedFailureTime(sj.Weibull(), errors="robust").fit(frame, life)
    clustered = sj.AcceleratedFailureTime(sj.Weibull(), errors="robust")
    clustered._n_units = lambda *_: float(len(life))  # two rows of a unit over the same ages are no history
    clustered.fit(double, twice, unit=unit)
    np.testing.assert_allclose(clustered.standard_errors_, once.standard_errors_, rtol=1e-6)


def test_robust_errors_of_an_exponential_are_the_closed_form():
    """T exponential with mean exp(x'b): score x (d h - 1 d), information x x' h, as Huber's sandwich puts them together."""
    random = np.random.default_rng(5)
    x = random.normal(size=N)
    lives, until = random.exponential(50.0 * np.exp(0.3 * x)), random.uniform(20.0, 200.0, N)
    life = sj.Lifetimes(np.minimum(lives, until), lives <= until)
    model = sj.ParameterRegression(sj.Exponential(), {"scale": "~ x"}, errors="robust").fit({"x": x}, life)
    columns = np.column_stack([np.ones(N), x])
    exposure = life.durations * np.exp(-columns @ model.parameters_.to_numpy())
    scores = columns * (exposure - life.event_observed)[:, None]
    bread = np.linalg.inv(columns.T @ (columns * exposure[:, None]))
    np.testing.assert_allclose(model.covariance_, bread @ (scores.T @ scores) @ bread, rtol=1e-6)


def test_a_mixture_under_load_is_recovered_within_four_standard_errors():
    random = np.random.default_rng(11)
    n = 1024
    load, plant = random.normal(size=n), random.integers(0, 2, n)
    weak = random.random(n) < 1.0 / (1.0 + np.exp(1.0 - 1.2 * plant))
    lives = np.where(weak, 20.0 * random.weibull(0.9, n), 300.0 * np.exp(-0.6 * load) * random.weibull(3.5, n))
    life = sj.Lifetimes(np.minimum(lives, 400.0), lives < 400.0)
    model = sj.ParameterRegression(sj.WeibullMixture(), {"weight_0": "~ plant", "scale_1": "~ load"})
    model.fit({"load": load, "plant": plant}, life)
    truth = pd.Series(
        {
            "weight_0[Intercept]": -1.0,
            "weight_0[plant]": 1.2,
            "shape_0": 0.9,
            "scale_0": 20.0,
            "shape_1": 3.5,
            "scale_1[Intercept]": np.log(300.0),
            "scale_1[load]": -0.6,
        }
    )
    assert list(model.parameters_.index) == list(truth.index)
    assert (np.abs(model.parameters_ - truth) < 4.0 * model.standard_errors_).all()


def test_a_base_that_leaves_its_kind_is_told_at_the_means_wherever_a_covariate_has_its_0(data):
    frame, life = data
    here = sj.ProportionalHazards(sj.LogNormal()).fit(frame, life)
    there = sj.ProportionalHazards(sj.LogNormal()).fit(frame.assign(load=frame["load"] - 7.0), life)
    assert here.base_is_of_ == "every column at its mean"
    np.testing.assert_allclose(here.parameters_, there.parameters_, rtol=1e-7)
    assert sj.ProportionalHazards(sj.Gompertz()).fit(frame, life).base_is_of_ == "every covariate 0"


def test_a_known_parameter_of_the_base_is_that_of_covariates_of_0(data):
    frame, life = data
    model = sj.AcceleratedFailureTime(sj.Weibull(shape=1.6, scale=100.0)).fit(frame, life)
    assert model.parameters_["scale"] == 100.0
    assert model.standard_errors_["scale"] == 0.0
    zero = pd.DataFrame({"load": [0.0], "make": ["A"]})
    assert model.predict_quantile(zero, 0.5)[0] == pytest.approx(100.0 * np.log(2.0) ** (1 / 1.6), rel=1e-12)


def test_a_normal_location_by_formula_is_least_squares():
    random = np.random.default_rng(2)
    x = random.normal(size=64)
    y = 3.0 - 2.0 * x + random.normal(0.0, 0.5, 64)
    model = sj.ParameterRegression(sj.Normal(), {"location": "~ x"}).fit({"x": x}, sj.Lifetimes(y))
    columns = np.column_stack([np.ones(64), x])
    slopes, squares, *_ = np.linalg.lstsq(columns, y, rcond=None)
    np.testing.assert_allclose(model.coefficients_, slopes, rtol=1e-9)
    # the maximum of the likelihood divides by n, not by n - 2
    assert model.parameters_["scale"] == pytest.approx(np.sqrt(squares[0] / 64), rel=1e-9)


def test_causes_told_apart_take_formulas_of_their_own():
    """With all causes known the likelihood is that of two fits, each with the other's failures censored."""
    random = np.random.default_rng(8)
    x = random.normal(size=N)
    ages = np.stack([80.0 * np.exp(0.5 * x) * random.weibull(2.0, N), 120.0 * random.weibull(1.2, N)])
    first, ends = ages.argmin(axis=0), ages.min(axis=0)
    life = sj.Lifetimes(ends, cause=np.where(first == 0, "seal", "bearing"))
    risks = sj.CompetingRisks({"seal": sj.Weibull(), "bearing": sj.Exponential()})
    both = sj.ParameterRegression(risks, {"scale_0": "~ x"}).fit({"x": x}, life)
    seal = sj.ParameterRegression(sj.Weibull(), {"scale": "~ x"}).fit({"x": x}, sj.Lifetimes(ends, first == 0))
    bearing = sj.Exponential().fit(sj.Lifetimes(ends, first == 1))
    assert both.log_likelihood_ == pytest.approx(seal.log_likelihood_ + bearing.log_likelihood_, rel=1e-10)
    np.testing.assert_allclose(both.coefficients_, seal.coefficients_, rtol=1e-6)


@pytest.mark.parametrize(
    "base",
    [
        sj.DefectiveSubpopulation(sj.Weibull(), fraction_failing=0.9),
        sj.Threshold(sj.Weibull(), threshold=1.0),
        sj.ZeroInflated(sj.Weibull()),
    ],
    ids=lambda base: type(base).__name__,
)
def test_wrappers_are_bases_like_any_other(data, base):
    """At the maximum no coefficient can be moved to a higher likelihood: by the model's own likelihood of moved covariates."""
    frame, life = data
    lower = np.where(np.arange(N) < 8, 0.0, life.durations + 1.5) if isinstance(base, sj.ZeroInflated) else life.durations + 1.5
    seen = sj.Lifetimes(lower, life.event_observed | (lower == 0.0))
    model = sj.AcceleratedFailureTime(base).fit(frame, seen)
    # time stretched by e^d for all is a unit of time e^d longer: the likelihood of the fit is highest without it
    for longer in (0.98, 1.02):
        moved = sj.Lifetimes(np.where(lower > 0, lower * longer, 0.0), seen.event_observed)
        if not isinstance(base, sj.Threshold):
            assert model.log_likelihood(frame, moved) + np.log(longer) * np.sum(seen.event_observed & (lower > 0)) < model.log_likelihood_
    survival = model.predict_survival(frame, [0.0, 50.0, 1e4])
    assert (np.diff(survival, axis=1) <= 0).all()
    assert model.log_likelihood(frame, seen) == pytest.approx(model.log_likelihood_, rel=1e-12)


# ---- what is refused


def test_a_level_without_failures_is_named(data):
    frame, life = data
    spared = frame.assign(make=np.where(np.arange(N) < 20, "C", frame["make"]))
    none_failed = sj.Lifetimes(life.durations, life.event_observed & (spared["make"] != "C"), entry=life.entry)
    with pytest.raises(sj.NoFiniteMaximum, match=r"make\[C\]"):
        sj.ProportionalHazards(sj.Weibull()).fit(spared, none_failed)
    model = sj.ProportionalHazards(sj.Weibull(), penalty=1.0).fit(spared, none_failed)
    assert model.coefficients_["make[C]"] < 0
    with pytest.raises(ValueError, match="penalised"):
        _ = model.aic_


def test_a_fraction_failing_that_runs_to_1_is_named(data):
    with pytest.raises(sj.NoFiniteMaximum, match="every unit can fail"):
        sj.AcceleratedFailureTime(sj.DefectiveSubpopulation(sj.Weibull())).fit(*data)


def test_collinear_columns_are_named_and_a_penalty_takes_them(data):
    frame, life = data
    double = frame.assign(twice=2.0 * frame["load"] + 1.0)
    model = sj.ProportionalHazards(sj.Weibull())
    with pytest.raises(ValueError, match=r"collinear.*twice"):
        model.fit(double, life)
    assert model._fit is None
    penalised = sj.ProportionalHazards(sj.Weibull(), penalty=0.5).fit(double, life)
    # the two columns are the same inside, and share the effect
    assert penalised.coefficients_["load"] == pytest.approx(2.0 * penalised.coefficients_["twice"], rel=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.assign(load=np.where(np.arange(len(frame)) == 17, np.nan, frame["load"])), "load.*17"),
        (lambda frame: frame.assign(load=1.0), "'load' is 1 in every row"),
        (lambda frame: frame[:-1], "255 rows and y 256"),
    ],
)
def test_bad_covariates_are_named(data, change, message):
    frame, life = data
    with pytest.raises(ValueError, match=message):
        sj.ProportionalHazards(sj.Weibull()).fit(change(frame), life)


def test_a_level_unseen_and_a_column_missing_are_named_at_prediction(data, stretched):
    frame, _ = data
    with pytest.raises(ValueError, match=r"make.*Z"):
        stretched.predict(frame[:2].assign(make=["A", "Z"]))
    with pytest.raises(ValueError, match="load"):
        stretched.predict(frame[["make"]])


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: sj.ProportionalHazards(sj.Normal()), "real line"),
        (lambda: sj.AcceleratedFailureTime(sj.CompetingRisks({"a": sj.Weibull(), "b": sj.Weibull()})), "each cause"),
        (lambda: sj.ProportionalHazards(sj.ZeroInflated(sj.Weibull())), "dead on arrival"),
        (lambda: sj.ParameterRegression(sj.Weibull(), {"scole": "~ load"}), "no parameter 'scole'"),
        (lambda: sj.ParameterRegression(sj.Weibull(shape=2.0), {"shape": "~ load"}), "shape is known"),
        (lambda: sj.ProportionalHazards(sj.Weibull(), penalty=-1.0), "penalty"),
        (lambda: sj.ProportionalHazards(sj.Weibull(), errors="sandwich"), "errors must be"),
    ],
)
def test_what_cannot_be_fitted_is_refused(data, model, message):
    with pytest.raises(ValueError, match=message):
        model().fit(*data)


def test_unfitted_models_say_so(data):
    with pytest.raises(sj.NotFitted, match="fit"):
        sj.ProportionalHazards(sj.Weibull()).predict(data[0])


def test_scikit_learn_clones_and_scores(data, stretched):
    from sklearn.base import clone
    from sklearn.model_selection import cross_val_score

    copy = clone(sj.AcceleratedFailureTime(sj.Weibull(), penalty=0.1))
    assert copy.get_params()["penalty"] == 0.1
    frame, life = data
    assert stretched.score(frame, life) == pytest.approx(stretched.log_likelihood_ / N, rel=1e-12)
    assert np.isfinite(cross_val_score(copy, frame, life, cv=3)).all()


def test_no_units_get_empty_answers(data, stretched):
    none = data[0][:0]
    assert stretched.predict_survival(none, 100.0).shape == (0,)
    assert stretched.predict_survival(none, [100.0, 200.0]).shape == (0, 2)
    assert stretched.interval("survival", none, 100.0).shape == (0, 3)
    assert stretched.predict_rul_interval(none, 10.0).shape == (0, 2)


def test_ages_of_units_in_another_order_are_refused(data, stretched):
    # a column of ages sorted otherwise gave each unit the age of another
    some = data[0][:3]
    ages = pd.Series([10.0, 20.0, 30.0], index=[2, 1, 0])
    for ask in (stretched.predict, stretched.predict_rul_interval, lambda X, age: stretched.interval("rul", X, age=age)):
        with pytest.raises(ValueError, match="different indexes"):
            ask(some, ages)
    expected = stretched.predict(some, ages.sort_index().to_numpy())
    np.testing.assert_array_equal(stretched.predict(some, ages.sort_index()), expected)


def test_robust_errors_of_counts_are_those_of_repeated_rows(data):
    # a row for three units was one unit of three times the score
    frame, life = data
    counts = np.arange(len(life)) % 3
    rows = np.repeat(np.arange(len(life)), counts)
    model = sj.AcceleratedFailureTime(sj.Weibull(), errors="robust")
    counted = model.fit(frame, life.with_weights(counts.astype(float))).standard_errors_
    np.testing.assert_allclose(counted, model.fit(frame.iloc[rows], life[rows]).standard_errors_, rtol=1e-6)
