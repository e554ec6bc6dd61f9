"""Several models on the same folds: what the table says, what is missing and why, the picture."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold

import survjax as sj
from survjax.cross_validation import LATE, SCORES, CrossValidation, _named
from survjax.metrics import concordance, crps, d_calibration, integrated_brier_score
from survjax.model_labels import told_apart
from tests.metrics.exponential_regression import ExponentialRegression, fleet

X, LIFE = fleet()


class Choosy(ExponentialRegression):
    """Refuses where row 0 is held out, and has no likelihood."""

    score = property()

    def fit(self, X, y):
        if not (y.durations == LIFE.durations[0]).any():
            raise RuntimeError("no row 0 to learn from")
        return super().fit(X, y)

    def __repr__(self):
        return "Choosy()"


@pytest.fixture(scope="module")
def judged():
    return sj.cross_validate([ExponentialRegression(), sj.Weibull(), sj.KaplanMeier(), Choosy()][:2], X, LIFE, cv=3)


def test_each_fold_has_the_scores_of_a_model_fitted_to_the_others():
    found = sj.cross_validate([ExponentialRegression()], X, LIFE, cv=KFold(3))
    for fold, (train, test) in enumerate(KFold(3).split(X)):
        model, life = ExponentialRegression().fit(X[train], LIFE[train]), LIFE[test]
        survival = model.predict_survival(X[test], found.times)
        expected = {
            "concordance": concordance(life, -model.predict(X[test])),  # of one order with the restricted life
            "integrated_brier": integrated_brier_score(life, survival, found.times, censoring=LIFE),
            "log_score": model.score(X[test], life),
            "crps": crps(life, survival, found.times),
            "d_calibration_p": d_calibration(life, np.exp(-life.durations / model.predict(X[test]))).adjusted_p_value,
        }
        row = found.folds.loc["ExponentialRegression()", fold]
        np.testing.assert_allclose(row[list(expected)], list(expected.values()), rtol=1e-12)


def test_the_table_holds_means_and_spreads_and_the_better_model_wins(judged):
    table = judged.table
    assert list(table.index) == ["ExponentialRegression()", "Weibull()"]
    of_first = judged.folds.loc["ExponentialRegression()"]
    np.testing.assert_allclose(table.loc["ExponentialRegression()", list(SCORES)].astype(float), of_first[list(SCORES)].mean(), rtol=1e-14)
    np.testing.assert_allclose(table["crps_spread"].iloc[0], of_first["crps"].std(ddof=1), rtol=1e-14)
    assert list(table["missing"]) == ["", ""]
    assert table["concordance"].iloc[1] == 0.5
    assert table["integrated_brier"].is_monotonic_increasing
    assert table["crps"].is_monotonic_increasing
    assert table["log_score"].is_monotonic_decreasing
    assert "ExponentialRegression()" in repr(judged)
    assert "<table" in judged._repr_html_()


def test_what_is_shown_is_mean_and_spread_and_what_is_missing_in_words():
    shown = repr(sj.cross_validate({"km": sj.KaplanMeier(), "law": sj.Weibull(1.0, 90.0)}, None, LIFE, cv=2, times=[0, 50, 150]))
    assert "0.5 ± 0" in shown
    assert "–" in shown
    assert "km: log_score (all folds): TypeError: KaplanMeier has no log-likelihood of single units" in shown


def test_the_ages_judged_leave_a_tenth_in_view(judged):
    last = judged.times[-1]
    assert judged.times[0] == 0
    assert np.mean(LIFE.durations > last) >= 0.1 > np.mean(LIFE.durations > LIFE.durations[LIFE.durations > last].min())


def test_what_fails_is_named_with_why_and_has_no_mean():
    models = {"choosy": Choosy(), "fine": ExponentialRegression()}
    found = sj.cross_validate(models, X, LIFE, cv=KFold(3))
    assert found.failures.to_dict("records")[0] == {
        "model": "choosy", "fold": 0, "score": "fit", "reason": "RuntimeError: no row 0 to learn from",
    }  # fmt: skip
    said = found.table.loc["choosy", "missing"]
    assert "fit (fold 0): RuntimeError: no row 0 to learn from" in said
    assert "log_score (folds 1, 2): TypeError: Choosy has no log-likelihood of single units" in said
    assert found.table.loc["choosy", list(SCORES)].isna().all()
    assert found.folds.loc["choosy", list(SCORES)].notna().sum().to_dict() == dict.fromkeys(SCORES, 2) | {"log_score": 0}
    assert found.table.loc["fine", list(SCORES)].notna().all()
    for ax in found.plot():
        plt.close(ax.figure)


def test_if_nothing_can_be_fitted_the_first_failure_is_raised():
    with pytest.raises(RuntimeError, match="no row 0"):
        sj.cross_validate([Choosy()], X, LIFE, cv=[(np.arange(1, 256), np.arange(1))])


def test_late_entry_has_no_brier_score_and_keeps_the_others():
    entry = 0.3 * LIFE.durations
    found = sj.cross_validate([ExponentialRegression()], X, sj.Lifetimes(LIFE.durations, LIFE.event_observed, entry=entry), cv=2)
    assert found.table["missing"].iloc[0] == f"integrated_brier (all folds): {LATE}"
    assert list(found.had_by_none()) == ["integrated_brier"]
    panels = found.plot()
    assert len(panels) == len(SCORES) - 1
    plt.close(panels[0].figure)
    assert found.table.drop(columns=["integrated_brier", "integrated_brier_spread", "missing"]).notna().all(axis=None)


def test_failures_within_intervals_keep_the_scores_that_are_defined():
    inspected = 20 * np.ceil(LIFE.durations / 20)
    life = sj.Lifetimes.from_intervals(
        np.where(LIFE.event_observed, inspected - 20, LIFE.durations), np.where(LIFE.event_observed, inspected, np.inf)
    )
    table = sj.cross_validate([sj.Exponential()], None, life, cv=2).table
    assert table[["log_score", "crps", "d_calibration_p"]].notna().all(axis=None)
    assert "concordance (all folds): ValueError: concordance needs ages at failure" in table["missing"].iloc[0]


def test_scores_missing_for_one_reason_are_told_together():
    of = [
        {"model": "m", "fold": 1, "score": score, "reason": reason}
        for score, reason in (("crps", "A"), ("log_score", "B"), ("concordance", "A"))
    ]
    folds = pd.DataFrame(index=pd.MultiIndex.from_product([["m"], [0, 1]], names=["model", "fold"]))
    found = CrossValidation(folds, pd.DataFrame(of), np.array([1.0]))
    assert found._missing("m") == "crps, concordance (fold 1): A; log_score (fold 1): B"  # was a sentence for each


def test_a_frame_a_structured_y_and_a_list_of_folds_give_the_same():
    frame = pd.DataFrame(X, columns=["load", "make"], index=np.arange(len(X))[::-1])
    y = np.array(list(zip(LIFE.event_observed, LIFE.durations, strict=True)), dtype=[("event", bool), ("time", float)])
    folds = [(train.tolist(), test) for train, test in KFold(2).split(X)]
    found = sj.cross_validate([ExponentialRegression()], frame, y, cv=folds, progress=False)
    expected = sj.cross_validate([ExponentialRegression()], X, LIFE, cv=KFold(2))
    pd.testing.assert_frame_equal(found.folds[list(SCORES)], expected.folds[list(SCORES)])


def test_a_curve_without_a_distribution_stands_beside_them():
    # up to 150 and not beyond the last age of any training: D-calibration asks for ages beyond it
    found = sj.cross_validate([sj.KaplanMeier()], None, LIFE, cv=2, times=np.linspace(0, 150, 50))
    assert found.folds["concordance"].tolist() == [0.5, 0.5]
    assert found.folds["integrated_brier"].between(0.1, 0.25).all()
    assert "log_score (all folds): TypeError: KaplanMeier has no log-likelihood of single units" in found.table["missing"].iloc[0]


def test_random_folds_share_out_failures_and_keep_groups_together():
    seen = []

    class Watched(ExponentialRegression):
        def fit(self, X, y):
            seen.append((X[:, 0], y.n_failed))
            return super().fit(X, y)

        def __repr__(self):
            return "Watched()"

    sj.cross_validate([Watched()], X, LIFE, cv=4, seed=3)
    failed = [LIFE.n_failed - number for _, number in seen]
    assert max(failed) - min(failed) <= 1
    held_out = [set(X[:, 0]) - set(rows) for rows, _ in seen]
    assert sum(map(len, held_out)) == len(set().union(*held_out)) == len(X)
    seen.clear()
    groups = np.repeat([f"unit {k}" for k in range(64)], 4)
    sj.cross_validate([Watched()], X, LIFE, cv=4, groups=groups)
    for rows, _ in seen:
        assert set(np.bincount(np.flatnonzero(np.isin(X[:, 0], rows)) // 4, minlength=64)) == {0, 4}
    seen.clear()
    sj.cross_validate([Watched()], X, LIFE, cv=GroupKFold(4), groups=groups)
    assert len(seen) == 4


def sites():
    """Units of 16 sites, 8 each, of which a gamma frailty makes some much worse."""
    random = np.random.default_rng(21)
    site = np.repeat([f"site {k}" for k in range(16)], 8)
    rates = np.repeat(random.gamma(1.0, 1.0, 16), 8)
    ages = 100.0 * (random.exponential(size=128) / rates) ** 0.5
    return site, sj.Lifetimes(np.minimum(ages, 250.0), ages < 250.0)


def test_a_shared_frailty_is_fitted_and_scored_with_the_groups():
    site, life = sites()
    found = sj.cross_validate([sj.Frailty(sj.Weibull())], None, life, cv=2, groups=site)
    for fold, (train, test) in enumerate(found_folds(site, life)):
        model = sj.Frailty(sj.Weibull()).fit(life[train], group=site[train])
        assert found.folds["log_score"].iloc[fold] == model.score(life[test], group=site[test])
        assert model.score(life[test], group=site[test]) != model.score(life[test])
    assert not len(found.failures)


def found_folds(site, life):
    from survjax.metrics.folds import split

    return split(life, 2, site, 0)


def test_without_groups_a_shared_frailty_is_not_judged_as_another_model():
    _, life = sites()
    models = [sj.Frailty(sj.Weibull())]
    with pytest.raises(TypeError, match=r"Frailty learns from groups, .* a frailty of single units: pass groups="):
        sj.cross_validate(models, None, life, cv=2)
    with pytest.raises(
        TypeError, match=r"groups must be a label for each row; got the text 'site', and there is no X.* groups=frame\['site'\]"
    ):
        sj.cross_validate(models, None, life, cv=2, groups="site")
    with pytest.raises(
        TypeError, match=r"group must be a label for each row; got the text 'site', and there is no X.* group=frame\['site'\]"
    ):
        sj.Frailty(sj.Weibull()).fit(life, group="site")


def test_a_search_over_a_shared_frailty_has_no_way_to_hand_groups_on():
    site, life = sites()
    search = GridSearchCV(sj.Frailty(sj.Weibull()), {"distribution": ["gamma"]})
    with pytest.raises(TypeError, match="GridSearchCV does not hand groups on to Frailty"):
        sj.cross_validate([search], None, life, cv=2, groups=site)


def test_a_model_given_stays_unfitted():
    law = sj.Weibull()
    sj.cross_validate([law], None, LIFE, cv=2)
    with pytest.raises(sj.NotFitted):
        law.survival(1.0)


def test_the_picture_has_a_panel_for_each_score_and_a_line_for_each_model(judged):
    panels = judged.plot()
    assert len(panels) == len(SCORES)
    assert [label.get_text() for label in panels[0].get_yticklabels()] == list(judged.table.index)
    np.testing.assert_allclose(panels[0].lines[0].get_xdata(), judged.folds.loc["ExponentialRegression()", "concordance"])
    plt.close(panels[0].figure)


def test_labels_of_the_picture_are_what_tells_models_apart(judged):
    # long calls took a third of the picture, and what differed was cut off
    formulas = ["~ load + temperature + C(make) + np.log(age)", "~ load + temperature + C(make) + site"]
    models = [
        sj.ProportionalHazards(sj.Weibull(), formulas[0]),
        sj.ProportionalHazards(sj.Weibull(), formulas[1]),
        sj.AcceleratedFailureTime(sj.WeibullMixture(), formulas[1]),
        sj.Weibull(),
    ]
    calls = [model.constructor() for model in models]
    labels = [
        "ProportionalHazards(formula=…np.log(age), …)",
        "ProportionalHazards(formula=…site, …)",
        "AcceleratedFailureTime(…)",
        "Weibull()",
    ]
    assert told_apart(calls, 28) == labels
    assert told_apart(["a pipeline, repr'd", "Odd(1, 2"], 5) == ["a pipeline, repr'd", "Odd(1, 2"]
    folds = pd.concat([judged.folds.loc["ExponentialRegression()"]] * 4, keys=calls, names=["model", "fold"])
    panels = CrossValidation(folds, judged.failures[:0], judged.times).plot()
    shown = [label.get_text() for label in panels[0].get_yticklabels()]
    assert [text.replace("\n", "") for text in shown] == labels
    assert max(len(line) for text in shown for line in text.splitlines()) <= 28
    plt.close(panels[0].figure)


def test_bad_input_is_refused_with_the_remedy():
    model = ExponentialRegression()
    for models, error, words in (
        ([], ValueError, "no models"),
        (model, TypeError, r"Pass \[model\]"),
        ([model, ExponentialRegression()], ValueError, "two models are called"),
        ([object()], TypeError, "object cannot be judged"),
    ):
        with pytest.raises(error, match=words):
            sj.cross_validate(models, X, LIFE)
    for changed, words in (
        ({"X": X[:-1]}, "X has 255 rows and y 256"),
        ({"cv": 1}, "cv must be a whole number of at least 2"),
        ({"cv": 300}, "cv=300 folds need as many units or groups; there are 256"),
        ({"groups": [1, 2]}, r"groups must be one label for each of the 256 rows"),
        ({"groups": np.arange(256), "cv": list(KFold(2).split(X))}, "groups are not looked at"),
        ({"y": LIFE.with_weights(np.where(LIFE.event_observed, 0, 1))}, "no unit has failed"),
        ({"y": sj.Lifetimes(np.full(256, 9.0))}, "the first failure, at 9"),
    ):
        with pytest.raises(ValueError, match=words):
            sj.cross_validate([model], **({"X": X, "y": LIFE} | changed))


def test_what_several_models_lack_for_one_reason_is_said_once():
    late = sj.Lifetimes(LIFE.durations, LIFE.event_observed, entry=0.3 * LIFE.durations)
    shown = repr(sj.cross_validate({"one": ExponentialRegression(), "two": ExponentialRegression()}, X, late, cv=2))
    # was a column of dashes, and a paragraph that named a row
    assert shown.splitlines()[-1] == f"integrated_brier: {LATE}"
    assert "integrated_brier" not in shown.splitlines()[0]
    assert shown.count("late entry") == 1


def test_the_seconds_of_a_fit_stand_beside_its_scores(judged):
    assert (judged.folds["seconds"] > 0).all()
    assert judged.table["seconds"].iloc[0] == judged.folds["seconds"].iloc[:3].median()
    assert "seconds" in repr(judged)


def test_models_are_named_by_calls_that_can_be_read_and_told_apart():
    formulas = [{"scale": "~ load + temperature + C(make) + np.log(age)"}, {"scale": "~ load + C(make) + np.log(age) + site"}]
    models = [sj.ProportionalHazards(sj.Weibull(), "~ load"), *(sj.ParameterRegression(sj.Weibull(), one) for one in formulas)]
    expected = [
        "ParameterRegression(formulas=…temperature + C(make) + np.log(age), …)",
        "ParameterRegression(formulas=…C(make) + np.log(age) + site, …)",
    ]
    assert list(_named(models)) == ["ProportionalHazards(base=Weibull(), formula='~ load')", *expected]
    # the name of a fitted model was its class alone
    assert list(_named([sj.Weibull().fit(LIFE), sj.Exponential().fit(LIFE)])) == ["Weibull()", "Exponential()"]
