"""Limits against R's survfit, against finite differences of the whole fit, and against what they must not leave."""

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq

import survjax as sj
from tests.cox.conftest import REFERENCE, case, fitted
from tests.cox.test_partial_likelihood import fleet

COX = sj.CoxProportionalHazards
LIMITS = json.loads((REFERENCE / "cox_limits.json").read_text())


@pytest.mark.parametrize("name", [name for name in LIMITS if name != "versions"])
def test_limits_of_survival_are_those_of_r(name):
    model, X = fitted(*name.split(":")), case(name.split(":")[0])[0].iloc[:2]
    reference = LIMITS[name]
    survival, hazard = (model.interval(what, X, reference["age"]) for what in ("survival", "cumulative_hazard"))
    for position, unit in enumerate(reference["units"]):
        ours = survival.xs(X.index[position], level=0)
        # R writes 15 digits; its coefficients and ours end at the rounding floor of the same likelihood
        np.testing.assert_allclose(ours["lower"], unit["lower"], rtol=1e-8)
        np.testing.assert_allclose(ours["upper"], unit["upper"], rtol=1e-8)
        np.testing.assert_allclose(ours["estimate"], np.exp(-np.array(unit["hazard"])), rtol=1e-8)
        of_hazard = hazard.xs(X.index[position], level=0)
        width = np.log(of_hazard["upper"] / of_hazard["lower"]) / (2 * 1.959963984540054)
        np.testing.assert_allclose(width * of_hazard["estimate"], unit["error"], rtol=1e-8)


def link_error(table, link):
    """The standard error on the scale of a link, from the limits."""
    return np.abs(link(table["upper"]) - link(table["lower"])).to_numpy() / (2 * 1.959963984540054)


def log_hazard(survival):
    return np.log(-np.log(survival))


def log_odds(share):
    return np.log(share / (1 - share))


def small():
    """64 units that fail one at a time, two covariates."""
    rng = np.random.default_rng(5)
    X = pd.DataFrame(rng.normal(size=(64, 2)), columns=["load", "heat"])
    age = 10 * rng.exponential(np.exp(0.5 * X["heat"] - X["load"]).to_numpy())
    end = rng.uniform(5, 40, 64)
    return X, np.minimum(age, end), age <= end


def by_hand(X, age, failed, beta, unit):
    """Ages at failure, and the rises of the hazard of a unit by Breslow's estimate at beta, with the variance of each given beta."""
    at = np.sort(age[failed])
    risk = np.exp(X.to_numpy() @ beta)
    total = np.array([risk[age >= one].sum() for one in at])
    return at, np.exp(unit @ beta) / total, np.exp(2 * (unit @ beta)) / total**2


def area(at, rises, begin, horizon):
    edges = np.concatenate([[begin], at[(at > begin) & (at < begin + horizon)], [begin + horizon]])
    return sum((b - a) * np.exp(-rises[(at > begin) & (at <= a)].sum()) for a, b in pairwise(edges))


def test_limits_of_the_rest_follow_from_the_variance_of_each_rise_and_of_the_coefficients():
    X, age, failed = small()
    model = COX().fit(X, sj.Lifetimes(age, failed))
    beta, covariance, unit = model.coefficients_.to_numpy(), model.covariance_.to_numpy(), X.iloc[3].to_numpy()
    at, _, given_beta = by_hand(X, age, failed, beta, unit)

    def ahead(at, rises):
        return np.log(rises[(at > 4.0) & (at <= 12.0)].sum())

    def share(at, rises):
        return log_odds(area(at, rises, 4.0, 8.0) / 8.0)

    found = {
        ahead: model.interval("failure_probability", X.iloc[[3]], 4.0, 8.0),
        share: model.interval("rul", X.iloc[[3]], 4.0, horizon=8.0) / 8.0,
    }
    for what, table in found.items():

        def at_beta(moved, changed=0.0, what=what):
            return what(at, by_hand(X, age, failed, moved, unit)[1] + changed)

        step = 1e-5  # central differences: an error of its square, and of 1e-16 by it
        slope = [(at_beta(beta + step * e) - at_beta(beta - step * e)) / (2 * step) for e in np.eye(2)]
        small_rise = 1e-5 * np.sqrt(given_beta)
        alone = [(at_beta(beta, h * e) - at_beta(beta, -h * e)) / (2 * h) for h, e in zip(small_rise, np.eye(len(at)), strict=True)]
        expected = np.sqrt(slope @ covariance @ slope + np.square(alone) @ given_beta)
        link = log_odds if what is share else lambda p: np.log(-np.log1p(-p))
        np.testing.assert_allclose(link_error(table, link), expected, rtol=1e-6)
        np.testing.assert_allclose(link(table["estimate"]), at_beta(beta), rtol=1e-9)


@pytest.mark.parametrize("late", [False, True])
def test_robust_limits_are_the_sum_of_squares_of_what_a_change_of_each_units_weight_does(late):
    X, age, failed = small()
    rng = np.random.default_rng(1)
    entry = np.where(np.arange(64) % 3, 0.0, 0.5 * age) if late else np.zeros(64)
    weights = rng.uniform(0.5, 2.0, 64)
    # every third unit in two rows, the second of another load
    cut = np.flatnonzero(np.arange(64) % 3 == 1)
    middle = 0.5 * (entry[cut] + age[cut])
    rows = pd.concat([X, X.iloc[cut].assign(load=X["load"].iloc[cut] + 0.3)], ignore_index=True)
    stop, event = np.append(age, age[cut]), np.append(failed, failed[cut])
    stop[cut], event[cut] = middle, False
    start, unit = np.append(entry, middle), np.append(np.arange(64), cut)
    plant = np.where(unit < 40, "north", "south")

    def fit(weights):
        life = sj.Lifetimes(stop, event, entry=start, weights=weights[unit])
        return COX(ties="breslow", errors="robust").fit(rows, life, unit=unit, strata=plant)

    def links(model):
        some, where = rows.iloc[[2, 50]], ["north", "south"]
        return np.concatenate(
            [
                log_hazard(model.predict_survival(some, 9.0, strata=where)),
                np.log(-np.log1p(-model.predict_failure_probability(some, 3.0, 6.0, strata=where))),
                log_odds(model.predict_rul(some, 3.0, "mean", 6.0, strata=where) / 6.0),
            ]
        )

    step = 1e-4
    moved = [(links(fit(weights * (1 + step * e))) - links(fit(weights * (1 - step * e)))) / (2 * step) for e in np.eye(64)]
    model, some, where = fit(weights), rows.iloc[[2, 50]], ["north", "south"]
    found = np.concatenate(
        [
            link_error(model.interval("survival", some, 9.0, strata=where), log_hazard),
            link_error(model.interval("failure_probability", some, 3.0, 6.0, strata=where), lambda p: np.log(-np.log1p(-p))),
            link_error(model.interval("rul", some, 3.0, horizon=6.0, strata=where) / 6.0, log_odds),
        ]
    )
    # the square of the step, relative, with a margin
    np.testing.assert_allclose(found, np.sqrt(np.sum(np.square(moved), axis=0)), rtol=1e-6)


def test_limits_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(11)
    units = pd.DataFrame({"load": [0.0, 1.0]})
    hits = []
    for _ in range(200):
        load = rng.normal(size=100)
        age = 10 * rng.exponential(np.exp(-0.7 * load))
        model = COX().fit({"load": load}, sj.Lifetimes(np.minimum(age, 30), age <= 30))
        for table, truth in (
            (model.interval("survival", units, 8.0), np.exp(-0.8 * np.exp([0.0, 0.7]))),
            (model.interval("failure_probability", units, 4.0, 8.0), -np.expm1(-0.8 * np.exp([0.0, 0.7]))),
            (model.interval("rul", units, 0.0, horizon=8.0), [10 * (1 - np.exp(-0.8 * r)) / r for r in np.exp([0.0, 0.7])]),
        ):
            hits.append((table["lower"] <= truth) & (truth <= table["upper"]))
    # four standard errors of 200 independent draws, of the normal limits of some 90 failures
    assert np.all(np.abs(np.mean(np.reshape(hits, (200, 6)), axis=0) - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 200))


@pytest.fixture(scope="module")
def model():
    return COX().fit(*fleet())


def test_the_estimate_is_the_prediction_and_no_limit_leaves_its_range(model):
    X, life = fleet()
    last, age = life.durations.max(), np.arange(256) % 7
    predicted = {
        "survival": (model.predict_survival(X, [2.0, last]), ([2.0, last],), 1.0),
        "failure_probability": (model.predict_failure_probability(X, age, [1.0, last - 7]), (age, [1.0, last - 7]), 1.0),
        "cumulative_hazard": (model.predict_cumulative_hazard(X, last), (last,), np.inf),
    }
    for what, (expected, at, most) in predicted.items():
        table = model.interval(what, X, *at)
        np.testing.assert_allclose(table["estimate"], expected.ravel(), rtol=1e-12)
        assert ((table["lower"] >= 0) & (table["lower"] <= table["estimate"])).all()
        assert ((table["upper"] <= most) & (table["upper"] >= table["estimate"])).all()
    table = model.interval("rul", X, age, horizon=20.0)
    np.testing.assert_allclose(table["estimate"], model.predict_rul(X, age, "mean", 20.0), rtol=1e-12)
    assert (
        (table["lower"] > 0) & (table["lower"] < table["estimate"]) & (table["estimate"] < table["upper"]) & (table["upper"] < 20)
    ).all()


def test_where_nothing_can_happen_there_is_nothing_to_be_unsure_of(model):
    X, _ = fleet()
    for table, value in (
        (model.interval("survival", X, 0.0), 1.0),
        (model.interval("failure_probability", X, 1.2, 0.5), 0.0),  # failures are at whole ages
        (model.interval("rul", X, 1.0, horizon=0.0), 0.0),
        (model.interval("rul", X, 1.2, horizon=0.5), 0.5),
    ):
        np.testing.assert_array_equal(table, value)


def test_the_interval_of_remaining_life_is_of_new_units_unless_an_age_is_given(model):
    X = fleet()[0].iloc[:2]
    pd.testing.assert_frame_equal(model.interval("rul", X, horizon=20.0), model.interval("rul", X, 0.0, horizon=20.0))


def test_tables_are_as_those_of_other_regressions(model):
    X, _ = fleet()
    named = X.iloc[:3].set_axis(["a", "b", "c"])
    assert list(model.interval("survival", named, 3.0).index) == ["a", "b", "c"]
    two = model.interval("survival", named, t=[3.0, 5.0])
    assert two.index.names == [None, "position"]
    assert list(two.columns) == ["estimate", "lower", "upper"]
    table, summary = model.interval("coefficients", level=0.9), model.summary(0.9)
    pd.testing.assert_frame_equal(table, summary[["estimate", "lower", "upper"]])
    pd.testing.assert_frame_equal(table, model.interval("parameters", level=0.9))
    for side, other in (("lower", "upper"), ("upper", "lower")):
        one = model.interval("survival", named, 3.0, side=side, level=0.95)
        np.testing.assert_allclose(one[side], model.interval("survival", named, 3.0, level=0.9)[side])
        np.testing.assert_array_equal(one[other], 1.0 if other == "upper" else 0.0)


def test_few_at_a_time_give_the_same(model, monkeypatch):
    from survjax.cox import baseline

    X, _ = fleet()
    robust = COX(errors="robust").fit(*fleet())
    asked = [("failure_probability", np.arange(256) % 7, [1.0, 9.0]), ("survival", [2.0, 9.0])]
    whole = [one.interval(what, X, *at) for one in (model, robust) for what, *at in asked]
    whole += [one.interval("rul", X.iloc[:9], 1.0, horizon=9.0) for one in (model, robust)]
    monkeypatch.setattr(baseline, "AT_ONCE", 300)
    again = [one.interval(what, X, *at) for one in (model, robust) for what, *at in asked]
    again += [one.interval("rul", X.iloc[:9], 1.0, horizon=9.0) for one in (model, robust)]
    for one, other in zip(whole, again, strict=True):
        pd.testing.assert_frame_equal(one, other, rtol=1e-12)  # matrix products of other shapes round otherwise


def test_a_ridge_says_what_its_limits_are_about():
    X, life = fleet()
    model = COX(penalty=20.0).fit(X, life)
    assert any("intervals lie about the shrunk ones" in note for note in model.notes_)
    plain = COX().fit(X, life)
    narrower = link_error(model.interval("survival", X, 5.0), log_hazard)
    assert np.mean(narrower) < np.mean(link_error(plain.interval("survival", X, 5.0), log_hazard))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, X: m.interval("hazard", X, 3.0), "has no interval of 'hazard'; it has those of coefficients, survival"),
        (lambda m, X: m.interval("rul", X, 3.0), "pass a horizon, or kind="),
        (lambda m, X: m.interval("survival", X, 3.0, method="bootstrap"), 'made by method="wald"'),
        (lambda m, X: m.interval("survival", X, 3.0, side="both"), 'side must be "two"'),
        (lambda m, X: m.interval("survival", X, 3.0, level=95), "level is the confidence"),
        (lambda m, X: m.interval("survival", X, 1e9), "beyond 65, the last age under observation"),
        (lambda m, X: m.interval("failure_probability", X, pd.Series(1.0, index=X.index + 1), 3.0), "different indexes"),
    ],
)
def test_what_has_no_limits_is_refused(model, call, message):
    with pytest.raises(ValueError, match=message):
        call(model, fleet()[0])


def test_units_are_needed_and_coefficients_need_none(model):
    X, life = fleet()
    with pytest.raises(TypeError, match="pass X, what is known of them"):
        model.interval("survival")
    with pytest.raises(TypeError, match="takes no further arguments"):
        model.interval("coefficients", X)
    lasso = COX(penalty=5.0, l1_ratio=1.0).fit(X, life)
    for asked in (("coefficients",), ("survival", X, 3.0)):
        with pytest.raises(ValueError, match="lasso"):
            lasso.interval(*asked)


@pytest.mark.parametrize("errors", ["model", "robust"])
def test_spans_after_ages_at_which_few_were_at_risk_lose_no_digits(errors, monkeypatch):
    from survjax.cox import doubt

    X, age, failed = small()
    # two early birds of which one fails when they are alone: a rise of 1 or so, where others are of 1e-2 and less
    X = pd.concat([X, X.iloc[:2]], ignore_index=True)
    life = sj.Lifetimes(np.append(age + 10, [1.0, 2.0]), np.append(failed, [1, 0]), entry=np.append(np.full(64, 5.0), [0.0, 0.0]))
    model = COX(errors=errors, ties="breslow").fit(X, life)
    asked = ("failure_probability", X, 10.0, [0.2, 1.0, 20.0])
    plain = model.interval(*asked)
    monkeypatch.setattr(doubt, "LOST", np.inf)  # every span by itself
    pd.testing.assert_frame_equal(model.interval(*asked), plain, rtol=1e-10)
    monkeypatch.setattr(doubt, "LOST", 0.0)
    monkeypatch.setattr(doubt, "LEAST", 0.0)
    pd.testing.assert_frame_equal(model.interval(*asked), plain, rtol=1e-10)


def efron_by_hand(load, age, failed, weight):
    """The coefficient of one covariate and the ages and rises of the hazard, where a tied failure counts its mean weight (as in R)."""

    def at_each(beta):
        risk = weight * np.exp(beta * load)
        for one in np.unique(age[failed]):
            alive, dead = age >= one, failed & (age == one)
            left = 1 - np.arange(dead.sum()) / dead.sum()  # of those who fail, still at risk
            total = risk[alive & ~dead].sum() + left * risk[dead].sum()
            moment = (risk * load)[alive & ~dead].sum() + left * (risk * load)[dead].sum()
            mean_weight = weight[dead].mean()
            yield one, mean_weight * np.sum(1 / total), (weight * load)[dead].sum() - mean_weight * np.sum(moment / total)

    beta = brentq(lambda beta: sum(score for _, _, score in at_each(beta)), -3.0, 3.0, xtol=1e-14)
    ages, rises, _ = zip(*at_each(beta), strict=True)
    return beta, np.array(ages), np.array(rises)


def test_robust_limits_of_tied_failures_are_the_sum_of_squares_of_what_weights_do():
    X, age, failed = small()
    load, age = X["load"].to_numpy(), np.ceil(age / 4)  # eight ages or so

    def log_hazard_ahead(weight):
        beta, ages, rises = efron_by_hand(load, age, failed, weight)
        return np.log(rises[(ages > 1) & (ages <= 4)].sum()) + beta * 0.8

    step = 1e-4
    moved = [(log_hazard_ahead(1 + step * e) - log_hazard_ahead(1 - step * e)) / (2 * step) for e in np.eye(64)]
    model = COX(errors="robust").fit({"load": load}, sj.Lifetimes(age, failed))
    table = model.interval("failure_probability", {"load": 0.8}, 1.0, 3.0)
    np.testing.assert_allclose(link_error(table, lambda p: np.log(-np.log1p(-p))), np.linalg.norm(moved), rtol=1e-6)


def test_units_far_from_all_others_have_limits_within_the_range(model):
    X, _ = fleet()
    for load in (-2000.0, -30.0, 30.0, 2000.0):
        far = X.iloc[:2].assign(load=load)
        for table, most in (
            (model.interval("survival", far, [1.0, 5.0, 20.0]), 1.0),
            (model.interval("failure_probability", far, 5.0, [0.5, 3.0]), 1.0),
            (model.interval("rul", far, 5.0, horizon=[0.5, 3.0]), 3.0),
        ):
            assert table.notna().all(axis=None)
            assert ((table["lower"] >= 0) & (table["lower"] <= table["estimate"]) & (table["estimate"] <= table["upper"])).all()
            assert (table["upper"] <= most).all()


@pytest.mark.parametrize("errors", ["model", "robust"])
def test_a_stratum_without_failures_and_a_table_without_rows_are_no_trouble(errors):
    X, life = fleet()
    plant = np.where(np.arange(256) < 20, "new", "old")
    model = COX(errors=errors).fit(X, sj.Lifetimes(life.durations, life.event_observed & (plant == "old")), strata=plant)
    for asked in (("survival", 1.0), ("failure_probability", 1.0, 0.5)):
        new = model.interval(asked[0], X[:3], *asked[1:], strata=plant[:3])
        assert np.ptp(new.to_numpy(), axis=1).max() == 0.0
        assert len(model.interval(asked[0], X[:0], *asked[1:], strata=plant[:0])) == 0
    np.testing.assert_array_equal(model.interval("rul", X[:3], 1.0, horizon=1.0, strata=plant[:3]), 1.0)
    assert len(model.interval("rul", X[:0], 1.0, horizon=1.0, strata=plant[:0])) == 0
