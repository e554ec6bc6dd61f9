"""scikit-learn's tools judge by these scores, of regressions and of distributions."""

import pickle

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import survjax as sj
from survjax.metrics import make_scorer
from survjax.metrics.faces import CHUNK, survival_at_own
from survjax.metrics.scorers import SCORES
from tests.metrics.exponential_regression import ExponentialRegression, fleet

X, LIFE = fleet()
TIMES = np.linspace(0, 150, 31)
SETTINGS = {
    "log score": {},
    "concordance": {},
    "Uno concordance": {"times": TIMES, "censoring": LIFE},
    "dynamic AUC": {"times": TIMES[5:], "censoring": LIFE},
    "Brier": {"times": 50.0, "censoring": LIFE},
    "integrated Brier": {"times": TIMES, "censoring": LIFE},
    "CRPS": {"times": TIMES},
    "D-calibration": {},
}


def by_hand(name, model, X, life):
    survival = model.predict_survival(X, TIMES)
    restricted = np.trapezoid(survival, TIMES, axis=1)
    own = np.exp(-life.durations / model.predict(X))
    return {
        "log score": lambda: model.score(X, life),
        "concordance": lambda: sj.metrics.concordance(life, -model.predict(X)),
        "Uno concordance": lambda: sj.metrics.uno_concordance(LIFE, life, -restricted, 150.0),
        "dynamic AUC": lambda: sj.metrics.cumulative_dynamic_auc(life, -survival[:, 5:], TIMES[5:], LIFE).mean,
        "Brier": lambda: -sj.metrics.brier_score(life, model.predict_survival(X, 50.0), 50.0, LIFE),
        "integrated Brier": lambda: -sj.metrics.integrated_brier_score(life, survival, TIMES, LIFE),
        "CRPS": lambda: -sj.metrics.crps(life, survival, TIMES),
        "D-calibration": lambda: sj.metrics.d_calibration(life, own).adjusted_p_value,
    }[name]()


@pytest.mark.parametrize("name", SCORES)
def test_cross_val_score_gives_what_the_score_gives_on_each_fold(name):
    scorer = pickle.loads(pickle.dumps(make_scorer(name, **SETTINGS[name])))
    found = cross_val_score(ExponentialRegression(), X, LIFE, cv=KFold(3), scoring=scorer)
    for value, (train, test) in zip(found, KFold(3).split(X), strict=True):
        model = ExponentialRegression().fit(X[train], LIFE[train])
        assert value == pytest.approx(by_hand(name, model, X[test], LIFE[test]), rel=1e-12)


@pytest.mark.parametrize("name", SCORES)
def test_a_true_model_beats_one_that_knows_nothing(name):
    scorer = make_scorer(name, **SETTINGS[name])
    knowing = scorer(ExponentialRegression().fit(X, LIFE), X, LIFE)
    if name == "D-calibration":  # which does not ask for knowledge of units, but for the right scale
        assert knowing > 0.05 > scorer(sj.Exponential(40.0), X, LIFE)
        return
    ignorant = scorer(sj.Exponential().fit(LIFE), X, LIFE)
    assert knowing > ignorant
    if name in ("concordance", "Uno concordance", "dynamic AUC"):
        assert ignorant == pytest.approx(0.5, abs=1e-14)


def test_a_distribution_predicts_the_same_for_every_row():
    law = sj.Weibull(1.2, 90.0)
    survival = np.tile(law.survival(TIMES), (len(LIFE), 1))
    assert make_scorer("CRPS", times=TIMES)(law, X, LIFE) == pytest.approx(-sj.metrics.crps(LIFE, survival, TIMES), rel=1e-14)
    assert make_scorer("log score")(law, X, LIFE) == pytest.approx(law.score(LIFE), rel=1e-14)
    found = cross_val_score(sj.Weibull(), X, LIFE, cv=3, scoring=make_scorer("integrated Brier", times=TIMES, censoring=LIFE))
    assert np.all((found > -0.25) & (found < 0))


@pytest.mark.parametrize("name", ["log score", "integrated Brier", "concordance", "D-calibration"])
def test_pipelines_and_searches_are_looked_into(name):
    scorer = make_scorer(name, **SETTINGS[name])
    pipeline = make_pipeline(StandardScaler(), ExponentialRegression()).fit(X, LIFE)
    # an unpenalised fit is the same in any unit of X; BFGS stops at a gradient of 1e-5
    assert scorer(pipeline, X, LIFE) == pytest.approx(scorer(ExponentialRegression().fit(X, LIFE), X, LIFE), rel=1e-5)
    search = GridSearchCV(pipeline, {"exponentialregression__ridge": [0.0, 1e4]}, cv=3, scoring=scorer).fit(X, LIFE)
    assert scorer(search, X, LIFE) == pytest.approx(scorer(search.best_estimator_, X, LIFE), rel=1e-14)


def test_grid_search_finds_that_so_strong_a_penalty_costs():
    scorer = make_scorer("integrated Brier", times=TIMES, censoring=LIFE)
    search = GridSearchCV(ExponentialRegression(), {"ridge": [1.0, 1e4]}, cv=3, scoring=scorer).fit(X, LIFE)
    assert search.best_params_ == {"ridge": 1.0}


def test_a_structured_y_is_taken():
    y = np.array(list(zip(LIFE.event_observed, LIFE.durations, strict=True)), dtype=[("event", bool), ("time", float)])
    model = ExponentialRegression().fit(X, LIFE)
    for name, settings in SETTINGS.items():
        scorer = make_scorer(name, **settings)
        assert scorer(model, X, y) == scorer(model, X, LIFE)


def test_survival_at_each_units_own_age_is_exact_and_asks_for_no_square_table():
    asked = []

    class Watched(ExponentialRegression):
        def predict_survival(self, X, times):
            asked.append((len(X), len(times)))
            return super().predict_survival(X, times)

    X, life = fleet(1024, seed=1)
    ages = np.round(life.durations)  # with ties
    model = Watched().fit(X, life)
    np.testing.assert_allclose(survival_at_own(model, X, ages), np.exp(-ages / model.predict(X)), rtol=1e-12)
    assert max(rows * times for rows, times in asked) <= CHUNK**2


def test_settings_that_would_not_be_looked_at_are_refused():
    for name, settings, words in (
        ("brier", {}, "no score is called 'brier'; there are log score"),
        ("log score", {"times": TIMES}, "does not look at times"),
        ("integrated Brier", {}, "needs at least 2 times"),
        ("Brier", {"times": TIMES}, "at one time"),
        ("CRPS", {"times": TIMES, "censoring": LIFE}, "does not weight by censoring"),
    ):
        with pytest.raises(ValueError, match=words):
            make_scorer(name, **settings)


def test_what_cannot_predict_is_told_what_is_missing():
    with pytest.raises(TypeError, match=r"StandardScaler cannot be judged: it has neither predict_survival\(X, times\)"):
        make_scorer("CRPS", times=TIMES)(StandardScaler(), X, LIFE)
    with pytest.raises(TypeError, match="KaplanMeier has no log-likelihood of single units"):
        make_scorer("log score")(sj.KaplanMeier().fit(LIFE), X, LIFE)

    class Wrong(ExponentialRegression):
        def predict_survival(self, X, times):
            return super().predict_survival(X, times).T

    with pytest.raises(ValueError, match=r"Wrong.predict_survival\(X, times\) must have shape \(256, 31\)"):
        make_scorer("CRPS", times=TIMES)(Wrong().fit(X, LIFE), X, LIFE)


@pytest.mark.parametrize("name", ["concordance", "Uno concordance"])
def test_infinite_expected_lives_are_no_order(name):
    # they were all ties, a concordance of one half
    class Endless(ExponentialRegression):
        def predict(self, X, age=0.0):
            return np.full(len(X), np.inf)

    model = Endless().fit(X, LIFE)
    with pytest.raises(ValueError, match="row 0 is infinite"):
        make_scorer(name)(model, X, LIFE)
    assert make_scorer(name, times=TIMES)(model, X, LIFE) > 0.5
