"""Models learned from landmarks: rows of one unit count as one in every error."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import survjax as sj
from survjax.errors import BadRow


def worn_fleet(seed, n=64):
    """Units whose wear grows with the share of their life that is gone, read every 10 days."""
    rng = np.random.default_rng(seed)
    ends = 40 + 60 * rng.weibull(2.0, n)
    failed = rng.random(n) < 0.8
    rows = [(unit, age, age / end + rng.normal(0, 0.1)) for unit, end in enumerate(ends) for age in np.arange(0.0, end, 10.0)]
    units = pd.DataFrame({"unit": range(n), "duration": np.where(failed, ends, 0.9 * ends), "event_observed": failed})
    log = pd.DataFrame(rows, columns=["unit", "time", "wear"])
    return log[log["time"] < units["duration"].to_numpy()[log["unit"]]].reset_index(drop=True), units


@pytest.fixture(scope="module")
def rows():
    return sj.Landmarks(*worn_fleet(3), clock="remaining")


LEARNERS = {
    "time": lambda: sj.AcceleratedFailureTime(sj.Weibull()),
    "hazard": lambda: sj.ProportionalHazards(sj.Weibull()),
    "scaling": lambda: sj.HazardScaling(sj.Weibull()),
    "periods": lambda: sj.DiscreteTimeHazard(periods=20.0, baseline="log"),
    "cox": lambda: sj.CoxProportionalHazards(ties="breslow"),
}


@pytest.mark.parametrize("name", LEARNERS)
def test_copies_of_a_row_in_one_cluster_say_no_more_than_the_row(rows, name):
    each = np.arange(len(rows))
    once = LEARNERS[name]().fit(rows.X, rows.y, cluster=each)
    thrice = np.repeat(each, 3)
    copied = LEARNERS[name]().fit(rows.X.iloc[thrice], rows.y[thrice], cluster=thrice)
    # the optima of one and of three copies agree to their own stop rule
    np.testing.assert_allclose(copied.coefficients_, once.coefficients_, rtol=1e-6)
    np.testing.assert_allclose(copied.covariance_, once.covariance_, rtol=1e-5)


def test_landmarks_are_fitted_as_they_are_and_the_fit_says_so(rows):
    whole = sj.AcceleratedFailureTime(sj.Weibull()).fit(rows)
    parts = sj.AcceleratedFailureTime(sj.Weibull()).fit(rows.X, rows.y, cluster=rows.unit)
    np.testing.assert_array_equal(whole.covariance_, parts.covariance_)
    assert any("Learned from landmarks" in note for note in whole.notes_)
    alone = sj.AcceleratedFailureTime(sj.Weibull()).fit(rows.X, rows.y)
    assert not np.allclose(whole.standard_errors_, alone.standard_errors_, rtol=0.1)
    now = rows.latest(pd.DataFrame({"unit": ["x"] * 2, "time": [0.0, 30.0], "wear": [0.0, 0.9]}))
    nearly_worn = whole.predict_rul(now.X, now.entry)
    assert nearly_worn[0] < 0.5 * whole.predict_rul(now.X.assign(**{"wear last": 0.3}), now.entry)[0]


def test_cox_counts_landmarks_of_a_unit_as_one(rows):
    whole = sj.CoxProportionalHazards(ties="breslow").fit(rows)
    parts = sj.CoxProportionalHazards(ties="breslow").fit(rows.X, rows.y, cluster=rows.unit)
    np.testing.assert_array_equal(whole.covariance_, parts.covariance_)
    assert "Learned from landmarks" in whole.notes_[0]

    def with_more_of(unit, by):
        weighted = rows.y.with_weights(np.where(rows.unit == unit, 1.0 + by, 1.0))
        return sj.CoxProportionalHazards(ties="breslow").fit(rows.X, weighted).coefficients_.to_numpy()

    # what a change of each unit's weight does; central differences, whose error is the square of the step
    moved = np.array([(with_more_of(unit, 1e-4) - with_more_of(unit, -1e-4)) / 2e-4 for unit in range(64)])
    np.testing.assert_allclose(whole.covariance_, moved.T @ moved, rtol=1e-6)


def test_on_the_clock_of_age_a_row_is_conditional_on_survival_to_its_landmark():
    rows = sj.Landmarks(*worn_fleet(3))
    model = sj.ProportionalHazards(sj.Weibull()).fit(rows)
    shape, scale, wear = (model.parameters_[name] for name in ("shape", "scale", "wear last"))
    hazard = np.exp(wear * rows.X["wear last"].to_numpy())
    lived = (rows.y.durations / scale) ** shape - (rows.age / scale) ** shape
    failing = np.log(shape / scale) + (shape - 1) * np.log(rows.y.durations / scale) + np.log(hazard)
    expected = np.sum(rows.y.event_observed * failing - hazard * lived)
    # the likelihood written out; sums of some 400 terms
    np.testing.assert_allclose(model.log_likelihood_, expected, rtol=1e-10)


def test_a_cox_regression_of_landmarks_has_the_errors_of_clusters(rows):
    model = sj.CoxProportionalHazards().fit(rows)
    reference = sm.PHReg(rows.y.durations, rows.X.to_numpy(float), rows.y.event_observed.astype(int), ties="efron")
    reference = reference.fit(groups=rows.unit, disp=0)
    # remaining lives of this fleet have no ties; both stop by rules of their own
    np.testing.assert_allclose(model.coefficients_, reference.params, rtol=1e-6)
    np.testing.assert_allclose(model.standard_errors_, reference.bse, rtol=1e-5)
    assert any("Learned from landmarks" in note for note in model.notes_)
    now = rows.latest(pd.DataFrame({"unit": ["x"] * 2, "time": [0.0, 30.0], "wear": [0.0, 0.9]}))
    limits = model.interval("survival", now.X, 10.0)
    naive = sj.CoxProportionalHazards().fit(rows.X, rows.y).interval("survival", now.X, 10.0)
    assert (limits["upper"] - limits["lower"]).iloc[0] > (naive["upper"] - naive["lower"]).iloc[0]


def test_landmarks_on_the_clock_of_age_fail_together_which_efrons_rule_does_not_take():
    rows = sj.Landmarks(*worn_fleet(3))
    with pytest.raises(BadRow, match=r'row 7 fails at age .* copies of one failure.*ties="breslow"'):
        sj.CoxProportionalHazards().fit(rows)
    model = sj.CoxProportionalHazards(ties="breslow").fit(rows)
    parametric = sj.ProportionalHazards(sj.Weibull()).fit(rows)
    # two models of one hazard ratio: they differ by less than it is known
    np.testing.assert_allclose(model.coefficients_, parametric.coefficients_, atol=float(model.standard_errors_.iloc[0]))


def test_a_hazard_by_periods_of_landmarks_is_a_binary_regression_with_the_errors_of_clusters():
    log, units = worn_fleet(3, n=256)
    units["duration"] = 10.0 * np.ceil(units["duration"] / 10.0)
    rows = sj.Landmarks(log, units)
    model = sj.DiscreteTimeHazard(periods=10.0, baseline="log").fit(rows)
    first, last = (np.round(ages / 10.0).astype(int) for ages in (rows.age, rows.y.durations))
    row = np.repeat(np.arange(len(rows)), last - first)
    period = np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True)]) + 1
    failed = rows.y.event_observed[row] & (period == last[row])
    known = np.column_stack([np.ones(len(row)), np.log(10.0 * period), rows.X.to_numpy()[row]])
    fit = sm.GLM(failed.astype(float), known, family=sm.families.Binomial())
    clusters = {"groups": pd.factorize(rows.unit[row])[0], "use_correction": False}
    reference = fit.fit(tol=1e-14, cov_type="cluster", cov_kwds=clusters)
    np.testing.assert_allclose(model.parameters_, reference.params, rtol=1e-6)  # its own stop rule
    np.testing.assert_allclose(model.standard_errors_, reference.bse, rtol=1e-5)
    with pytest.raises(ValueError, match="leave out random="):
        sj.DiscreteTimeHazard(periods=10.0, baseline="log", random=["Intercept"]).fit(rows)


def test_what_cannot_be_learned_from_landmarks_is_refused(rows):
    with pytest.raises(TypeError, match="does not count"):
        sj.Weibull().fit(rows)
    with pytest.raises(TypeError, match="bring X, y and cluster"):
        sj.ProportionalHazards(sj.Weibull()).fit(rows, rows.y)
    with pytest.raises(TypeError, match="ends are not known"):
        sj.ProportionalHazards(sj.Weibull()).fit(rows.latest(worn_fleet(3)[0]))
    with pytest.raises(ValueError, match="give one"):
        sj.ProportionalHazards(sj.Weibull()).fit(rows.X, rows.y, unit=rows.unit, cluster=rows.unit)
    with pytest.raises(ValueError, match="give one"):
        sj.CoxProportionalHazards().fit(rows.X, rows.y, unit=rows.unit, cluster=rows.unit)
    with pytest.raises(ValueError, match="column 'unit' is missing in X"):
        sj.DiscreteTimeHazard(periods=20.0).fit(rows.X, rows.y, cluster="unit")
    with pytest.raises(ValueError, match="cluster has 1 labels"):
        sj.ProportionalHazards(sj.Weibull()).fit(rows.X, rows.y, cluster=["a"])


def test_repetitions_of_a_study_would_draw_landmarks_that_do_not_depend_on_each_other(rows):
    model = sj.AcceleratedFailureTime(sj.Weibull()).fit(rows)
    with pytest.raises(ValueError, match="landmarks of one unit depend on each other, and repetitions of a study"):
        model.goodness_of_fit(rows.X, rows.y)


def test_a_weight_counts_rows_of_its_cluster(rows):
    weights = 1.0 + np.arange(len(rows)) % 3
    counted = sj.Lifetimes(rows.y.durations, rows.y.event_observed, weights=weights)
    weighted = sj.AcceleratedFailureTime(sj.Weibull()).fit(rows.X, counted, cluster=rows.unit)
    each = np.repeat(np.arange(len(rows)), weights.astype(int))
    repeated = sj.AcceleratedFailureTime(sj.Weibull()).fit(rows.X.iloc[each], rows.y[each], cluster=rows.unit[each])
    # the two optima agree to their own stop rule
    np.testing.assert_allclose(weighted.covariance_, repeated.covariance_, rtol=1e-5)


# ---- what a model keeps of its landmarks

NEW = pd.DataFrame({"unit": ["x", "x", "y", "y"], "time": [0.0, 30.0, 0.0, 30.0], "wear": [0.0, 0.97, 0.0, 0.4]})


@pytest.fixture(scope="module")
def near():
    return sj.Landmarks(*worn_fleet(3), clock="remaining", horizon=15.0)


@pytest.mark.parametrize("name", ["time", "hazard", "scaling", "periods"])
def test_a_model_of_landmarks_with_a_horizon_refuses_what_lies_beyond_it_saved_or_not(name, near, tmp_path):
    learner = sj.DiscreteTimeHazard(periods=5.0, baseline="log") if name == "periods" else LEARNERS[name]()
    model = learner.fit(near)
    assert any("Rows end 15 after their landmark" in note for note in model.notes_)
    model.save(tmp_path / "model.json")
    now = near.latest(NEW)
    for one in (model, sj.load(tmp_path / "model.json")):
        assert np.all(one.predict_failure_probability(now.X, now.entry, 15.0) > 0)
        for beyond in (
            lambda one=one: one.predict_failure_probability(now.X, now.entry, 15.1),
            lambda one=one: one.predict_failure_probability(now.X, 5.0, 15.0),
            lambda one=one: one.predict_rul(now.X, now.entry),
            lambda one=one: one.predict_survival(now.X, [10.0, 20.0]),
        ):
            with pytest.raises(ValueError, match=r"horizon=15.*predict_failure_probability\(X, age, 15\).*horizon=15\)"):
                beyond()


def test_a_life_or_an_interval_that_ends_beyond_the_horizon_is_refused_by_row(near):
    model = sj.AcceleratedFailureTime(sj.Weibull()).fit(near)
    now = near.latest(NEW)
    assert 0 < model.predict_rul(now.X[:1], kind="median")[0] < 15.0
    with pytest.raises(BadRow, match="row 1 of X") as refused:
        model.predict_rul(now.X, now.entry, kind="median")
    assert refused.value.rows == (1,)
    with pytest.raises(ValueError, match="horizon=15"):
        model.predict_rul_interval(now.X, now.entry)
    with pytest.raises(ValueError, match="horizon=15"):
        model.interval("rul", now.X, now.entry, kind="median")
    with pytest.raises(ValueError, match="horizon=15"):
        model.interval("failure_probability", now.X, now.entry, 20.0)
    with pytest.raises(ValueError, match="horizon=15"):
        model.of(now.X[:1])
    table = model.interval("failure_probability", now.X, now.entry, 15.0)
    assert table.index.tolist() == ["x", "y"]
    assert table.index.name == "unit"


def test_a_cox_regression_on_the_clock_of_age_looks_no_further_than_the_horizon():
    rows = sj.Landmarks(*worn_fleet(3), horizon=15.0)
    model = sj.CoxProportionalHazards(ties="breslow").fit(rows)
    now = rows.latest({"unit": ["x"] * 3, "time": [0.0, 30.0, 60.0], "wear": [0.0, 0.5, 0.9]})
    assert np.all(model.predict_failure_probability(now.X, now.entry, 15.0) > 0)
    for beyond in (
        lambda: model.predict_failure_probability(now.X, now.entry, 15.1),
        lambda: model.predict(now.X, now.entry),
        lambda: model.predict_rul(now.X, now.entry, kind="mean", horizon=20.0),
        lambda: model.interval("failure_probability", now.X, now.entry, 20.0),
    ):
        with pytest.raises(ValueError, match="horizon=15"):
            beyond()


def test_a_fit_counts_units_beside_rows_and_has_no_criteria_of_copied_failures(rows):
    log, units = worn_fleet(3)
    said = f"fitted to {len(log)} rows of {len(units)} units, {units['event_observed'].sum()} failed"
    for name in ("time", "periods", "cox"):
        model = LEARNERS[name]().fit(rows)
        assert said in repr(model)
        assert said in model._repr_html_()
        with pytest.raises(ValueError, match="cross_validate"):
            _ = model.aic_
    with pytest.raises(ValueError, match="bic_ compares likelihoods of independent units"):
        _ = LEARNERS["time"]().fit(rows).bic_
    once = sj.Landmarks(log, units, at=[20.0], clock="remaining")
    model = LEARNERS["time"]().fit(once)
    # Schwarz (1978), by hand: 3 parameters, each unit once
    np.testing.assert_allclose(model.bic_, 3 * np.log(len(once)) - 2 * model.log_likelihood_, rtol=1e-12)


def test_x_of_landmarks_without_their_units_does_not_go_unnoticed(rows, near):
    alone = LEARNERS["time"]().fit(rows.X, rows.y)
    assert "fit(landmarks), or cluster=landmarks.unit" in alone.notes_[0]
    assert not any("landmarks" in note for note in LEARNERS["time"]().fit(rows.X, rows.y, cluster=rows.unit).notes_)
    told = LEARNERS["time"]().fit(near.X, near.y, cluster=near.unit)
    assert any("horizon=15" in note for note in told.notes_)
    with pytest.raises(AttributeError, match="has not learned from Landmarks"):
        _ = told.landmarks_
    with pytest.raises(ValueError, match=r"cross_validate\(models, landmarks\), or groups=landmarks.unit"):
        sj.cross_validate([LEARNERS["time"]()], rows.X, rows.y)


def test_cross_validation_of_landmarks_holds_out_whole_units(rows):
    models = {"time": LEARNERS["time"](), "alone": sj.Weibull()}
    whole = sj.cross_validate(models, rows, cv=2, progress=False)
    by_hand = sj.cross_validate(models, rows.X, rows.y, cv=2, groups=rows.unit, progress=False)
    assert set(whole.failures["score"]) == {"d_calibration_p"}
    assert whole.failures["reason"].str.contains("several of each").all()
    but = ["seconds", "d_calibration_p"]
    pd.testing.assert_frame_equal(whole.folds.drop(columns=but), by_hand.folds.drop(columns=but))
    sites = np.where(rows.age > 20, "north", "south")
    with pytest.raises(ValueError, match=r"unit 0 is in group south with row 0 and in north with row 3 of the Landmarks"):
        sj.cross_validate(models, rows, groups=sites)
    with pytest.raises(TypeError, match="ends are not known"):
        sj.cross_validate(models, rows.latest(NEW))


def test_a_saved_model_makes_rows_to_predict_for_from_a_new_log(tmp_path):
    log, units = worn_fleet(3)
    units["make"] = np.where(units["unit"] % 2, "odd", "even")
    rows = sj.Landmarks(log, units, features=["last", "slope 20"], clock="remaining")
    model = LEARNERS["time"]().fit(rows)
    model.save(tmp_path / "model.json")
    loaded = sj.load(tmp_path / "model.json")
    known = {"unit": ["x", "y"], "make": ["odd", "even"]}
    expected = rows.latest(NEW, known)
    for one in (model, loaded):
        now = one.landmarks_.latest(NEW, known)
        pd.testing.assert_frame_equal(now.X, expected.X)
        assert now.entry.tolist() == [0.0, 0.0]
    assert repr(loaded) == repr(model)
    with pytest.raises(ValueError, match="another unit of time"):
        loaded.landmarks_.latest(NEW.assign(time=NEW["time"] * 24), known)
    model.fit(sj.from_sensor_log(log, units))
    with pytest.raises(AttributeError, match="has not learned from Landmarks"):
        _ = model.landmarks_


def test_a_feature_of_ones_own_is_lost_in_a_file_and_that_is_said(tmp_path):
    @dataclass(frozen=True)
    class Range(sj.features.Windowed):
        def of_windows(self, time, values, begins, counts):
            return np.maximum.reduceat(values, begins) - np.minimum.reduceat(values, begins)

    rows = sj.Landmarks(*worn_fleet(3), features=["last", Range(25)], clock="remaining")
    model = LEARNERS["time"]().fit(rows)
    model.save(tmp_path / "model.json")
    loaded, now = sj.load(tmp_path / "model.json"), model.landmarks_.latest(NEW)
    np.testing.assert_array_equal(now.X["wear range 25"], [0.0, 0.0])
    np.testing.assert_array_equal(loaded.predict_rul(now.X, now.entry), model.predict_rul(now.X, now.entry))
    with pytest.raises(ValueError, match="'range 25', which no file can hold"):
        loaded.landmarks_.latest(NEW)


def test_a_network_of_windows_says_how_landmarks_are_given_to_it(rows):
    with pytest.raises(TypeError, match=r"windows = rows.windows\(5\), then fit\(windows, rows.y, unit=rows.unit\)"):
        sj.NeuralMixture(network="recurrent").fit(rows)
