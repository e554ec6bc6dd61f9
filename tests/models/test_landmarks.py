"""Models learned from landmarks: rows of one unit count as one in every error."""

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
    with pytest.raises(ValueError, match="cluster has 1 labels"):
        sj.ProportionalHazards(sj.Weibull()).fit(rows.X, rows.y, cluster=["a"])


def test_a_weight_counts_rows_of_its_cluster(rows):
    weights = 1.0 + np.arange(len(rows)) % 3
    counted = sj.Lifetimes(rows.y.durations, rows.y.event_observed, weights=weights)
    weighted = sj.AcceleratedFailureTime(sj.Weibull()).fit(rows.X, counted, cluster=rows.unit)
    each = np.repeat(np.arange(len(rows)), weights.astype(int))
    repeated = sj.AcceleratedFailureTime(sj.Weibull()).fit(rows.X.iloc[each], rows.y[each], cluster=rows.unit[each])
    # the two optima agree to their own stop rule
    np.testing.assert_allclose(weighted.covariance_, repeated.covariance_, rtol=1e-5)
