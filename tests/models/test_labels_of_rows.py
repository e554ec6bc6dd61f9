"""Rows of several a unit: scores of histories by hand, and labels given as a column's name."""

import numpy as np
import pandas as pd
import pytest

import survjax as sj


def histories(n=96):
    """Units that go from one load to another at some age, and fail by a Weibull hazard that loads multiply."""
    rng = np.random.default_rng(7)
    load = rng.normal(size=(n, 2))
    change, end = rng.uniform(2.0, 6.0, n), rng.uniform(8.0, 20.0, n)
    need, first = rng.exponential(size=n), np.exp(0.8 * load[:, 0]) * (change / 10) ** 2
    early = need < first
    age = np.where(early, 10 * np.sqrt(need / np.exp(0.8 * load[:, 0])), 0.0)
    late = 10 * np.sqrt(np.maximum(need - first, 0.0) / np.exp(0.8 * load[:, 1]) + (change / 10) ** 2)
    age = np.where(early, age, late)
    stop, failed = np.minimum(age, end), age <= end
    both = stop > change
    one = pd.DataFrame({"start": 0.0, "stop": np.minimum(stop, change), "event": failed & ~both, "load": load[:, 0]})
    two = pd.DataFrame({"start": change, "stop": stop, "event": failed, "load": load[:, 1]})[both]
    frame = pd.concat([one.assign(id=np.arange(n)), two.assign(id=np.flatnonzero(both))], ignore_index=True)
    return frame.assign(site=[f"site {k % 12}" for k in frame["id"]])


FRAME = histories()
HISTORY = sj.History.from_frame(FRAME, "id", "start", "stop", "event", columns=["load"])


def log_likelihood_by_hand(model, history):
    shape, scale, slope = model.parameters_[["shape", "scale", "load"]]
    score = slope * history.X["load"].to_numpy()
    start, stop = history.y.entry / scale, history.y.durations / scale
    log_hazard = np.log(shape / scale) + (shape - 1) * np.log(stop) + score
    return np.sum(history.y.event_observed * log_hazard - np.exp(score) * (stop**shape - start**shape))


def test_the_score_of_a_history_is_the_log_likelihood_of_its_stretches_for_each_unit():
    model = sj.ProportionalHazards(sj.Weibull()).fit(HISTORY)
    assert model.base_is_of_ == "every covariate 0"
    # sums of some hundred terms by two ways
    np.testing.assert_allclose(model.log_likelihood(HISTORY), log_likelihood_by_hand(model, HISTORY), rtol=1e-12)
    np.testing.assert_allclose(model.score(HISTORY), log_likelihood_by_hand(model, HISTORY) / 96, rtol=1e-12)
    assert model.score(HISTORY) == model.score(HISTORY.X, HISTORY.y, unit=HISTORY.unit)
    assert model.score(HISTORY.X, HISTORY.y) == model.log_likelihood(HISTORY) / len(HISTORY)
    residuals = model.cox_snell_residuals(HISTORY)
    np.testing.assert_array_equal(residuals.durations, model.cox_snell_residuals(HISTORY.X, HISTORY.y, unit=HISTORY.unit).durations)
    with pytest.raises(TypeError, match="a History brings X, y and unit with it"):
        model.score(HISTORY, HISTORY.y)
    with pytest.raises(TypeError, match="y is missing"):
        model.score(HISTORY.X)


def test_folds_of_a_history_are_of_units_and_laws_beside_are_judged_by_the_unit():
    models = {"hazards": sj.ProportionalHazards(sj.Weibull()), "law": sj.Weibull(), "cox": sj.CoxProportionalHazards()}
    found = sj.cross_validate(models, HISTORY, cv=2, seed=5)
    held_out = []
    for fold in range(2):
        # one draw of folds, of units, as for whole lives with the same failures
        shuffled = np.random.default_rng(5).permutation(96)
        failed = pd.Series(HISTORY.y.event_observed).groupby(HISTORY.unit).any().to_numpy()
        dealt = np.empty(96, dtype=int)
        dealt[shuffled[np.argsort(~failed[shuffled], kind="stable")]] = np.arange(96) % 2
        test = dealt[HISTORY.unit] == fold
        held_out.append(HISTORY.unit[test])
        train = sj.History(HISTORY.X[~test], HISTORY.y[~test], HISTORY.unit[~test])
        rest = sj.History(HISTORY.X[test], HISTORY.y[test], HISTORY.unit[test])
        model = sj.ProportionalHazards(sj.Weibull()).fit(train)
        n_units = len(set(rest.unit))
        np.testing.assert_allclose(
            found.folds.loc[("hazards", fold), "log_score"], log_likelihood_by_hand(model, rest) / n_units, rtol=1e-10
        )
        law = sj.Weibull().fit(train.y)
        np.testing.assert_allclose(found.folds.loc[("law", fold), "log_score"], law.log_likelihood(rest.y) / n_units, rtol=1e-12)
    assert not set(held_out[0]) & set(held_out[1])
    assert found.folds.loc[["hazards", "law"], ["concordance", "crps", "d_calibration_p"]].notna().all(axis=None)
    assert found.table.loc["hazards", "log_score"] > found.table.loc["law", "log_score"]
    lives = HISTORY.y[np.append(HISTORY.unit[1:] != HISTORY.unit[:-1], True)]
    assert np.mean(lives.durations > found.times[-1]) >= 0.1


def test_groups_of_a_history_hold_whole_units():
    site = np.array([f"site {k % 12}" for k in HISTORY.unit])
    found = sj.cross_validate([sj.Frailty(sj.Weibull())], HISTORY, cv=2, groups=site)
    assert not len(found.failures[found.failures["score"] != "integrated_brier"])
    torn = np.arange(len(HISTORY)) % 2
    with pytest.raises(ValueError, match=r"unit \d+ is in group . with row \d+ and in . with row \d+ of the History"):
        sj.cross_validate([sj.Weibull()], HISTORY, cv=2, groups=torn)


LIVES = sj.Lifetimes(FRAME["stop"], FRAME["event"], entry=FRAME["start"])
COVARIATES = FRAME[["load", "id", "site"]]


@pytest.mark.parametrize("label", ["cluster", "unit"])
@pytest.mark.parametrize("kind", ["ProportionalHazards", "HazardScaling", "CoxProportionalHazards"])
def test_labels_by_the_name_of_their_column_are_those_labels_and_no_covariate(kind, label):
    learner = getattr(sj, kind)
    column = {"cluster": "site", "unit": "id"}[label]
    model = learner() if kind == "CoxProportionalHazards" else learner(sj.Weibull())
    with_formula = type(model)(**{**model.get_params(deep=False), "formula": "~ load"})
    beside = type(model)(**model.get_params(deep=False)).fit(FRAME[["load"]], LIVES, **{label: FRAME[column].to_numpy()})
    model.fit(FRAME[["load", column]], LIVES, **{label: column})
    with_formula.fit(COVARIATES, LIVES, **{label: column})
    for other in (model, with_formula):
        pd.testing.assert_frame_equal(other.covariance_, beside.covariance_)
    times = [3.0, 6.0]
    np.testing.assert_array_equal(model.predict_survival(COVARIATES, times), beside.predict_survival(FRAME[["load"]], times))


def test_columns_of_labels_are_found_in_mappings_and_left_to_formulas_that_name_them():
    told = {"load": FRAME["load"].to_numpy(), "site": FRAME["site"].tolist()}
    named = sj.ProportionalHazards(sj.Weibull()).fit(told, LIVES, cluster="site")
    assert named.coefficients_.index.tolist() == ["load"]
    by_site = sj.ProportionalHazards(sj.Weibull(), "~ load + C(site)").fit(FRAME, LIVES, cluster="site")
    assert len(by_site.coefficients_) == 12
    parts = sj.ParameterRegression(sj.Weibull(), {"scale": "~ ."}).fit(FRAME[["load", "site"]], LIVES, cluster="site")
    assert parts.coefficients_.index.tolist() == ["scale[Intercept]", "scale[load]"]
    with pytest.raises(ValueError, match="column 'plant' is missing in X"):
        named.fit(FRAME, LIVES, cluster="plant")
    with pytest.raises(TypeError, match=r"got the text 'site', and X is an array.*cluster=frame\['site'\]"):
        named.fit(FRAME[["load"]].to_numpy(), LIVES, cluster="site")


def test_groups_of_a_frailty_by_the_name_of_their_column():
    columns = FRAME[["load", "site"]]
    beside = sj.Frailty(sj.ProportionalHazards(sj.Weibull())).fit(columns[["load"]], LIVES, group=FRAME["site"], unit=FRAME["id"])
    model = sj.Frailty(sj.ProportionalHazards(sj.Weibull())).fit(FRAME[["load", "site", "id"]], LIVES, group="site", unit="id")
    pd.testing.assert_series_equal(model.parameters_, beside.parameters_)
    found = model.predict_survival(columns, 5.0, group="site")
    np.testing.assert_array_equal(found, beside.predict_survival(columns, 5.0, group=FRAME["site"].tolist()))
    one = model.predict_survival(columns, 5.0, group="site 3")
    assert np.all((found == one) == (FRAME["site"] == "site 3"))
    expected = beside.log_likelihood(columns, LIVES, group=FRAME["site"], unit=FRAME["id"])
    assert model.log_likelihood(FRAME, LIVES, group="site", unit="id") == expected
    np.testing.assert_allclose(model.score(HISTORY, group=[f"site {k % 12}" for k in HISTORY.unit]), expected / 96, rtol=1e-12)


def test_folds_by_the_name_of_a_column():
    lives = FRAME.drop_duplicates("id", keep="last")
    life = sj.Lifetimes(lives["stop"], lives["event"])
    models = {"hazards": sj.ProportionalHazards(sj.Weibull())}
    named = sj.cross_validate(models, lives[["load", "site"]], life, cv=2, groups="site")
    beside = sj.cross_validate(models, lives[["load"]], life, cv=2, groups=lives["site"])
    pd.testing.assert_frame_equal(named.folds.drop(columns="seconds"), beside.folds.drop(columns="seconds"))
