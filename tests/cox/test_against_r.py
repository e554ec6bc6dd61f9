"""Every number of a Cox regression against R's survival (make_cox.R), run to its rounding floor."""

import numpy as np
import pytest

import survjax as sj
from tests.cox.conftest import MEDICAL, case, fitted

# R writes 15 digits, and its coefficients end where a step gains less than 1e-14 of the log-likelihood.
EXACT = {"rtol": 1e-9, "atol": 1e-12}
PLAIN = [
    "lung",
    "ovarian",
    "rats",
    "heart",
    "heart_strata",
    "lung_late",
    "lung_late_strata",
    "lung_repeated",
    "capacitor",
    "tires",
    "drives",
]
NAMES = [f"{name}:{ties}" for name in [*PLAIN, "ovarian_robust", "heart_robust"] for ties in ("efron", "breslow")]
NAMES += ["lung_shares:breslow", "lung_shares_robust:breslow"]
TESTED = ["lung", "ovarian", "rats", "heart", "heart_strata", "lung_late", "lung_late_strata", "drives"]
WITH_BASELINE = [f"{name}:{ties}" for name in TESTED if name != "drives" for ties in ("efron", "breslow")] + ["lung_shares:breslow"]


@pytest.fixture(scope="module")
def models():
    return {name: fitted(*name.split(":")) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_coefficients_and_likelihood(name, r_cox, models):
    model, reference = models[name], r_cox[name]
    np.testing.assert_allclose(model.coefficients_, list(reference["coef"].values()), **EXACT)
    np.testing.assert_allclose(model.covariance_, reference["vcov"], **EXACT)
    np.testing.assert_allclose([model.null_log_likelihood_, model.log_likelihood_], reference["loglik"], rtol=1e-12)
    tests = model.global_tests()["statistic"]
    np.testing.assert_allclose(tests[["Wald", "score"]], [reference["wald"], reference["score"]], rtol=1e-9)
    np.testing.assert_allclose(tests["likelihood ratio"], 2 * np.diff(reference["loglik"])[0], rtol=1e-9)
    # the gradient of standardised covariates, by unit: nothing is left of it but rounding
    assert model.optimality_ < 1e-12


@pytest.mark.parametrize("name", [name for name in NAMES if "robust" not in name])
def test_concordance(name, r_cox, models):
    X, y, _ = case(name.split(":")[0])
    np.testing.assert_allclose(models[name].score(X, y), r_cox[name]["concordance"], rtol=1e-13)


@pytest.mark.parametrize("transform", ["km", "rank", "identity", "log"])
@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("name", TESTED)
def test_proportional_hazards(name, ties, transform, r_cox, models):
    table = models[f"{name}:{ties}"].schoenfeld_test(transform=transform)
    np.testing.assert_allclose(table, r_cox[f"{name}:{ties}"]["zph"][transform], rtol=1e-8)  # a p-value in the tail multiplies the error


@pytest.mark.parametrize("name", WITH_BASELINE)
def test_the_baseline(name, r_cox, models):
    reference = r_cox[name]["baseline"]
    X = case(name.split(":")[0])[0].iloc[:1].copy()
    strata = {"heart_strata": "surgery", "lung_late_strata": "sex"}.get(name.split(":")[0])
    labels = [int(label.partition("=")[2] or label) for label in reference.get("strata", [])]
    for column in X:  # R's is of a unit with 0 everywhere, survjax's of one at the means
        X[column] = "f" if X[column].dtype == object else 0
    for row, (age, hazard) in enumerate(zip(reference["time"], reference["hazard"], strict=True)):
        unit = X.assign(**{strata: labels[row]}) if strata else X
        # through exp and log an absolute error of 1e-16 in a survival near 1
        np.testing.assert_allclose(-np.log(models[name].predict_survival(unit, age)[0]), hazard, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("kind", ["martingale", "deviance", "score", "dfbeta", "schoenfeld", "scaled_schoenfeld"])
@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("name", ["ovarian", "heart", "heart_strata"])
def test_residuals(name, ties, kind, r_cox, models):
    found = models[f"{name}:{ties}"].residuals(kind).to_numpy()
    expected = np.array(r_cox[f"{name}:{ties}"]["residuals"][kind])
    if kind == "scaled_schoenfeld":  # R has failures of one age in another order there
        found, expected = (rows[np.lexsort(rows.round(6).T)] for rows in (found, expected))
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_a_ridge(ties, r_cox):
    X, y, _ = case("lung")
    model = sj.CoxProportionalHazards(ties=ties, penalty=0.1 * len(X)).fit(X, y)
    reference, spread = r_cox[f"lung_ridge:{ties}"], X[MEDICAL].std(ddof=0).to_numpy()
    np.testing.assert_allclose(model.coefficients_ * spread, reference["coef"], rtol=1e-8)
    np.testing.assert_allclose(model.covariance_ * np.outer(spread, spread), reference["vcov"], rtol=1e-8)
