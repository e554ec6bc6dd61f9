"""The hazard scaled in two stages: by other means, by simulation, and where it must refuse."""

import numpy as np
import pandas as pd
import pytest

import survjax as sj
from tests.models.test_regression import fleet

N = 256


@pytest.fixture(scope="module")
def data():
    return fleet()


@pytest.fixture(scope="module")
def inspected(data):
    """The same fleet, of which some failures are known to lie within an interval only, some of these from the very beginning."""
    frame, life = data
    random = np.random.default_rng(8)
    kind = random.integers(0, 4, N) * life.event_observed
    lower = np.where(kind == 1, 0.5 * (life.entry + life.durations), np.where(kind == 2, 0.0, life.durations))
    upper = np.where(life.event_observed, np.where(np.isin(kind, (1, 2)), 1.2 * life.durations, life.durations), np.inf)
    return frame, sj.Lifetimes.from_intervals(lower, upper, entry=life.entry)


@pytest.fixture(scope="module")
def scaled(data):
    return sj.HazardScaling(sj.Weibull()).fit(*data)


def columns_of(frame: pd.DataFrame) -> np.ndarray:
    return np.column_stack([np.ones(len(frame)), frame["load"], frame["make"] == "B"])


class ByHand:
    """Both stages over a Weibull in NumPy: estimating equations a row, in log shape, log scale, and coefficients in the user's units."""

    def __init__(self, frame, life):
        self.columns, self.life = columns_of(frame), life

    def log_likelihoods(self, base, coefficients):
        shape, scale = np.exp(base)
        life, factor = self.life, np.exp(self.columns @ coefficients)

        def hazard(age):
            return factor * (np.maximum(age, 0.0) / scale) ** shape

        begin = np.maximum(life.lower, life.entry)
        end = np.where(np.isinf(life.upper) | life.event_observed, begin + 1.0, life.upper)
        within = np.log(np.exp(-hazard(begin)) - np.exp(-hazard(end)))
        at = np.log(factor) + np.log(shape) - shape * np.log(scale) + (shape - 1) * np.log(np.maximum(life.lower, 1e-300))
        ended = np.where(life.event_observed, at - hazard(begin), np.where(np.isinf(life.upper), -hazard(begin), within))
        return ended + hazard(life.entry)

    def equations(self, point):
        """(n, p + q): derivatives of the first stage's terms in the base, of the second's in the coefficients, by differences."""
        base, coefficients, step = point[:2], point[2:], 1e-5
        nothing = np.zeros_like(coefficients)
        found = [
            (self.log_likelihoods(base + step * e, nothing) - self.log_likelihoods(base - step * e, nothing)) / (2 * step)
            for e in np.eye(2)
        ]
        found += [
            (self.log_likelihoods(base, coefficients + step * e) - self.log_likelihoods(base, coefficients - step * e)) / (2 * step)
            for e in np.eye(len(coefficients))
        ]
        return np.column_stack(found)

    def sandwich(self, point):
        step = 1e-4
        slopes = [
            (self.equations(point + step * e) - self.equations(point - step * e)).sum(axis=0) / (2 * step) for e in np.eye(len(point))
        ]
        bread = np.linalg.inv(np.array(slopes).T)
        each = self.equations(point)
        return bread @ (each.T @ each) @ bread.T


def test_both_stages_and_their_sandwich_are_those_written_out_by_hand(inspected):
    frame, life = inspected
    model = sj.HazardScaling(sj.Weibull()).fit(frame, life)
    told = model.parameters_.to_numpy()
    by_hand = ByHand(frame, life)
    point = np.concatenate([np.log(told[:2]), told[2:]])
    # both sets of equations are solved, to what differences of 1e-5 leave
    np.testing.assert_allclose(by_hand.equations(point).sum(axis=0), 0.0, atol=1e-5)
    assert model.log_likelihood_ == pytest.approx(by_hand.log_likelihoods(point[:2], point[2:]).sum(), rel=1e-12)
    to_user = np.diag(np.append(told[:2], np.ones(3)))  # from log shape and log scale
    expected = to_user @ by_hand.sandwich(point) @ to_user.T
    scale = np.sqrt(np.diag(expected))
    np.testing.assert_allclose(model.covariance_ / np.outer(scale, scale), expected / np.outer(scale, scale), atol=1e-5)


def test_errors_are_those_of_repeated_samples():
    """Standard errors against the spread of 300 samples; of 300 a spread is known to 4.1 %."""
    random = np.random.default_rng(21)
    found, errors = [], []
    for _ in range(300):
        load = random.normal(size=N)
        lives, until = 100.0 * random.weibull(1.5, N) * np.exp(-0.5 * load), random.uniform(50.0, 200.0, N)
        model = sj.HazardScaling(sj.Weibull()).fit({"load": load}, sj.Lifetimes(np.minimum(lives, until), lives <= until))
        found.append(model.parameters_)
        errors.append(model.standard_errors_**2)
    ratio = np.std(found, axis=0, ddof=1) / np.sqrt(np.mean(errors, axis=0))
    np.testing.assert_allclose(ratio, 1.0, atol=4 * 0.041)


def test_a_bootstrap_through_both_stages_says_what_the_sandwich_does(data, scaled):
    # 200 replicates know a standard error to 5 %
    model = sj.HazardScaling(sj.Weibull(), errors="bootstrap").fit(*data, seed=1)
    np.testing.assert_allclose(model.standard_errors_ / scaled.standard_errors_, 1.0, atol=4 * 0.05)
    again = sj.HazardScaling(sj.Weibull(), errors="bootstrap").fit(*data, seed=1)
    assert (again.covariance_ == model.covariance_).all(axis=None)


def test_the_fit_is_certified_and_the_likelihood_is_that_of_its_predictions(data, scaled):
    frame, life = data
    assert scaled.newton_decrement_ < 1e-11
    assert scaled.gradient_norm_ < 1e-5
    assert scaled.log_likelihood(frame, life) == pytest.approx(scaled.log_likelihood_, rel=1e-12)
    told = scaled.parameters_.to_numpy()
    score = columns_of(frame) @ told[2:]
    expected = np.exp(-np.exp(score) * (80.0 / told[1]) ** told[0])
    np.testing.assert_allclose(scaled.predict_survival(frame, 80.0), expected, rtol=1e-10)
    assert scaled.base_is_of_ == "a score of 0, the fleet as one"
    base = sj.Weibull().fit(life)
    np.testing.assert_allclose(told[:2], base.parameters_, rtol=1e-9)


def test_the_interval_of_remaining_life_is_of_new_units_unless_an_age_is_given(data, scaled):
    frame = data[0].iloc[:3]
    pd.testing.assert_frame_equal(scaled.interval("rul", frame, kind="median"), scaled.interval("rul", frame, 0.0, "median"))
    np.testing.assert_allclose(scaled.interval("rul", frame)["estimate"], scaled.predict_rul(frame), rtol=1e-12)


def test_intervals_of_predictions_carry_both_stages(data, scaled):
    frame, _ = data
    table = scaled.interval("survival", frame[:2], 80.0)
    told, covariance = scaled.parameters_.to_numpy(), scaled.covariance_.to_numpy()
    for row, known in enumerate(columns_of(frame)[:2]):
        at = np.log(80.0 / told[1])
        slope = np.concatenate([[at, -told[0] / told[1]], known])
        link, error = told[0] * at + known @ told[2:], np.sqrt(slope @ covariance @ slope)
        limits = np.exp(-np.exp(link + 1.959963984540054 * error * np.array([0.0, 1.0, -1.0])))
        np.testing.assert_allclose(table.to_numpy()[row], limits, rtol=1e-9)
    assert np.isfinite(scaled.predict_rul_interval(frame[:2], 20.0)).all(axis=None)


def test_a_life_cut_into_stretches_is_the_same_life_with_the_same_errors(data, scaled):
    frame, life = data
    half = 0.5 * (life.entry + life.durations)
    unit = np.tile(np.arange(N), 2)
    start, stop = np.concatenate([life.entry, half]), np.concatenate([half, life.durations])
    cut = sj.Lifetimes(stop, np.concatenate([np.zeros(N, bool), life.event_observed]), entry=start)
    model = sj.HazardScaling(sj.Weibull()).fit(pd.concat([frame, frame]), cut, unit=unit)
    assert model.log_likelihood_ == pytest.approx(scaled.log_likelihood_, rel=1e-12)
    np.testing.assert_allclose(model.parameters_, scaled.parameters_, rtol=1e-7)
    np.testing.assert_allclose(model.standard_errors_, scaled.standard_errors_, rtol=1e-7)
    assert repr(model).splitlines()[0] == repr(scaled).splitlines()[0]  # as many units
    whole = sj.HazardScaling(sj.Weibull(), penalty="cv", l1_ratio=1.0, folds=5).fit(frame, life, unit=np.arange(N), seed=2)
    pieces = sj.HazardScaling(sj.Weibull(), penalty="cv", l1_ratio=1.0, folds=5).fit(pd.concat([frame, frame]), cut, unit=unit, seed=2)
    np.testing.assert_allclose(pieces.cross_validation_.index, whole.cross_validation_.index, rtol=1e-7)
    np.testing.assert_allclose(pieces.cross_validation_["score"], whole.cross_validation_["score"], rtol=1e-7)


def test_counts_are_repeated_rows_errors_included(data):
    frame, life = data
    counts = np.random.default_rng(1).integers(0, 4, N)
    these = np.repeat(np.arange(N), counts)
    model = sj.HazardScaling(sj.Weibull(), penalty=0.1)
    counted, repeated = model.fit(frame, life.with_weights(counts)).summary_, model.fit(frame.iloc[these], life[these]).summary_
    np.testing.assert_allclose(counted, repeated, rtol=1e-7)


def test_a_covariate_far_from_0_and_another_unit_of_time_change_nothing(data, scaled):
    frame, life = data
    hours = sj.Lifetimes(24.0 * life.durations, life.event_observed, entry=24.0 * life.entry)
    other = sj.HazardScaling(sj.Weibull()).fit(frame.assign(load=frame["load"] + 20_000.0), hours)
    np.testing.assert_allclose(other.coefficients_[["load", "make[B]"]], scaled.coefficients_[["load", "make[B]"]], rtol=1e-7)
    np.testing.assert_allclose(other.standard_errors_[["load", "make[B]"]], scaled.standard_errors_[["load", "make[B]"]], rtol=1e-7)


def test_joint_is_the_likelihood_of_proportional_hazards(data):
    joint = sj.HazardScaling(sj.Weibull(), joint=True).fit(*data)
    other = sj.ProportionalHazards(sj.Weibull(), errors="robust").fit(*data)
    pd.testing.assert_frame_equal(joint.summary_, other.summary_)
    assert joint.aic_ == other.aic_
    ridge = sj.HazardScaling(sj.Weibull(), joint=True, penalty=0.1).fit(*data)
    other = sj.ProportionalHazards(sj.Weibull(), penalty=0.1 * N, errors="robust").fit(*data)
    pd.testing.assert_series_equal(ridge.parameters_, other.parameters_)
    with pytest.raises(AttributeError, match="no certificate"):
        _ = joint.newton_decrement_


def test_a_mixture_under_covariates_is_fitted_by_default(data):
    frame, life = data
    model = sj.HazardScaling().fit(frame, life)
    assert {"weight_0", "weight_1", "shape_0", "scale_0", "shape_1", "scale_1"} < set(model.parameters_.index)
    assert list(model.coefficients_.index) == ["Intercept", "load", "make[B]"]
    assert model.log_likelihood(frame, life) == pytest.approx(model.log_likelihood_, rel=1e-10)
    assert np.isfinite(model.standard_errors_).all()


def test_a_base_of_which_some_never_fail_is_scaled_too():
    random = np.random.default_rng(4)
    n = 1024
    load = random.normal(size=n)
    hazard = random.exponential(size=n) * np.exp(-0.5 * load)  # in the base 40 % ever fail
    share = -np.expm1(-hazard) / 0.4
    lives = np.where(share < 1.0, 50.0 * np.sqrt(-np.log1p(-np.minimum(share, 1.0 - 1e-12))), np.inf)
    life = sj.Lifetimes(np.minimum(lives, 300.0), lives <= 300.0)
    base = sj.DefectiveSubpopulation(sj.Weibull(shape=2.0, scale=50.0), fraction_failing=0.4)
    model = sj.HazardScaling(base).fit({"load": load}, life)
    told, errors = model.coefficients_, model.standard_errors_[model.coefficients_.index]
    assert (np.abs(told - [0.0, 0.5]) < 4 * errors).all()


# ---- penalties


def test_a_path_has_the_fit_of_each_strength_and_names_its_columns(data):
    frame, life = data
    model = sj.HazardScaling(sj.Weibull(), l1_ratio=1.0, penalty=0.05)
    path = model.path(frame, life, n_strengths=9, smallest=0.01)
    assert list(path.coefficients.columns) == ["Intercept", "load", "make[B]"]
    assert len(path.table) == 9
    assert path.table["columns kept"].iloc[0] == 0
    assert path.table["columns kept"].iloc[-1] == 2
    assert path.table["log-likelihood"].is_monotonic_increasing
    assert (path.table["duality gap"] < 1e-6).all()
    with pytest.raises(sj.NotFitted):
        _ = model.coefficients_
    strength = path.coefficients.index[4]
    alone = model.set_params(penalty=strength).fit(frame, life)
    np.testing.assert_allclose(alone.coefficients_, path.coefficients.iloc[4], atol=1e-3)
    assert alone.duality_gap_ < 1e-10
    assert alone.log_likelihood_ == pytest.approx(path.table["log-likelihood"].iloc[4], abs=1e-3)
    assert "lasso" in alone.notes_[0]


def test_cross_validation_leaves_out_columns_that_say_nothing():
    random = np.random.default_rng(2)
    frame = pd.DataFrame(random.normal(size=(N, 12)), columns=[f"x{i}" for i in range(12)])
    lives = 10.0 * random.weibull(1.3, N) * np.exp(-0.8 * frame["x0"])
    life = sj.Lifetimes(lives)
    model = sj.HazardScaling(sj.Weibull(), penalty="cv", l1_ratio=1.0, folds=5).fit(frame, life, seed=3)
    table = model.cross_validation_
    best = table.index[table["best"]][0]
    assert model.penalty_ == best == table["score"].idxmax()
    strict = table.index[table["one standard error"]][0]
    floor = table["score"].max() - table.loc[best, "standard error"]
    assert strict == table.index[table["score"] >= floor].max() >= best
    assert table.loc[strict, "columns kept"] < 12
    assert model.coefficients_["x0"] > 0.4
    again = sj.HazardScaling(sj.Weibull(), penalty="cv", l1_ratio=1.0, folds=5).fit(frame, life, seed=3)
    pd.testing.assert_frame_equal(again.cross_validation_, table)


def test_collinear_columns_are_named_and_a_penalty_takes_them(data):
    frame, life = data
    double = frame.assign(twice=2.0 * frame["load"] + 1.0)
    with pytest.raises(ValueError, match=r"collinear.*twice"):
        sj.HazardScaling(sj.Weibull()).fit(double, life)
    uncounted = np.arange(N) < 3  # rows that count for nothing tell no columns apart
    with pytest.raises(ValueError, match=r"collinear.*twice"):
        sj.HazardScaling(sj.Weibull()).fit(
            double.assign(twice=double["twice"] + uncounted * frame["load"] ** 2), life.with_weights(1.0 - uncounted)
        )
    ridge = sj.HazardScaling(sj.Weibull(), penalty=0.01).fit(double, life)
    assert ridge.coefficients_["load"] == pytest.approx(2.0 * ridge.coefficients_["twice"], rel=1e-6)
    with pytest.raises(ValueError, match=r"lasso keeps.*twice"):
        sj.HazardScaling(sj.Weibull(), penalty=0.01, l1_ratio=1.0).fit(double, life)
    net = sj.HazardScaling(sj.Weibull(), penalty=0.01, l1_ratio=0.9).fit(double, life)
    assert net.coefficients_["load"] == pytest.approx(2.0 * net.coefficients_["twice"], rel=1e-5)


# ---- what is refused


def test_a_level_without_failures_is_named(data):
    frame, life = data
    spared = frame.assign(make=np.where(np.arange(N) < 20, "C", frame["make"]))
    none_failed = sj.Lifetimes(life.durations, life.event_observed & (spared["make"] != "C"), entry=life.entry)
    with pytest.raises(sj.NoFiniteMaximum, match=r"make\[C\]"):
        sj.HazardScaling(sj.Weibull()).fit(spared, none_failed)
    assert sj.HazardScaling(sj.Weibull(), penalty=0.01).fit(spared, none_failed).coefficients_["make[C]"] < 0


def test_a_level_of_which_all_had_failed_when_first_looked_at_is_named(data):
    frame, life = data
    worst = frame.assign(make=np.where(np.arange(N) < 20, "C", frame["make"]))
    first = np.arange(N) < 20
    lower = np.where(first, 0.0, life.durations)
    upper = np.where(first | life.event_observed, life.durations, np.inf)
    all_failed = sj.Lifetimes.from_intervals(lower, upper)
    with pytest.raises(sj.NoFiniteMaximum, match=r"make\[C\]"):
        sj.HazardScaling(sj.Weibull()).fit(worst, all_failed)


def test_right_truncation_names_the_way_out(data):
    frame, life = data
    returned = sj.Lifetimes.from_intervals(life.durations, life.durations, right_truncation=life.durations + 50.0)
    with pytest.raises(ValueError, match="joint=True"):
        sj.HazardScaling(sj.Weibull()).fit(frame, returned)


def test_a_row_that_a_known_base_forbids_is_named(data):
    frame, life = data
    # (100 / 1e-150)^3 is beyond all numbers: nobody is alive
    with pytest.raises(ValueError, match="row 0 cannot be as it is under the base"):
        sj.HazardScaling(sj.Weibull(shape=3.0, scale=1e-150)).fit(frame, life)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"penalty": -1.0}, "penalty must be"),
        ({"penalty": "best"}, "penalty must be"),
        ({"l1_ratio": 0.5}, "penalty is 0"),
        ({"l1_ratio": 1.5, "penalty": 1.0}, "between 0"),
        ({"errors": "robust"}, "errors must be"),
        ({"joint": True, "penalty": "cv"}, "two stages"),
        ({"joint": True, "errors": "bootstrap"}, "two stages"),
        ({"formula": "~ load - 1"}, "intercept"),
        ({"penalty": "cv", "folds": 1}, "folds"),
        ({"base": sj.Normal()}, "real line"),
        ({"base": sj.ZeroInflated(sj.Weibull())}, "dead on arrival"),
        ({"base": sj.CompetingRisks({"a": sj.Weibull(), "b": sj.Weibull()})}, "each cause"),
    ],
)
def test_what_cannot_be_fitted_is_refused(data, settings, message):
    model = sj.HazardScaling(**({"base": sj.Weibull()} | settings))
    with pytest.raises(ValueError, match=message):
        model.fit(*data)
    assert model._fit is None


def test_criteria_of_maxima_are_refused_and_so_is_a_path_of_one_likelihood(data, scaled):
    with pytest.raises(ValueError, match="two stages"):
        _ = scaled.aic_
    with pytest.raises(AttributeError, match="duality gap"):
        _ = scaled.duality_gap_
    with pytest.raises(AttributeError, match="cross-validated"):
        _ = scaled.cross_validation_
    with pytest.raises(ValueError, match="no paths"):
        sj.HazardScaling(sj.Weibull(), joint=True).path(*data)


def test_it_is_an_estimator_that_can_be_cloned_pickled_and_scored(data, scaled):
    import pickle

    from sklearn.base import clone

    copy = clone(sj.HazardScaling(sj.Weibull(), penalty=0.1, l1_ratio=0.5))
    assert copy.get_params()["l1_ratio"] == 0.5
    assert scaled.score(*data) == pytest.approx(scaled.log_likelihood_ / N, rel=1e-12)
    again = pickle.loads(pickle.dumps(scaled))
    pd.testing.assert_frame_equal(again.summary_, scaled.summary_)
