"""scikit-learn's tools take the learners as its own, and survjax never imports it."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

import survjax as sj
from tests.conftest import shipped


def test_clone_and_params_round_trip():
    model = sj.WeibullMixture(3, shape=[None, 2.0, None], seed=4)
    twin = clone(model)
    assert twin.get_params() == model.get_params()
    assert twin.set_params(n_components=2, shape=None).n_components == 2
    assert model.n_components == 3
    assert repr(twin) == "WeibullMixture(seed=4)"
    with pytest.raises(ValueError, match="has no parameter 'components'"):
        model.set_params(components=2)


def test_parameters_of_parameters_are_set_where_there_are_any():
    model = sj.Model(sj.Weibull())
    assert repr(model.set_params(distribution__shape=2.0)) == "Model(distribution=Weibull(shape=2.0))"
    # a new learner is set before its parameters, in any order
    assert repr(model.set_params(distribution__scale=9.0, distribution=sj.Weibull())) == "Model(distribution=Weibull(scale=9.0))"
    with pytest.raises(ValueError, match="Weibull has no parameter 'shap'; there are shape, scale"):
        model.set_params(distribution__shap=2.0)
    mixture = sj.Mixture([sj.Weibull(), sj.Weibull()])
    with pytest.raises(ValueError, match=r"no parameter 'components__shape': components is no learner; there are components, weight"):
        mixture.set_params(seed=5, components__shape=2)
    assert mixture.seed == 0  # all or nothing


def test_a_fit_is_not_cloned_and_set_params_leaves_it():
    model = sj.Weibull().fit(shipped("ball_bearings"))
    with pytest.raises(sj.NotFitted):
        _ = clone(model).log_likelihood_
    before = model.log_likelihood_
    assert model.set_params(shape=2.0).log_likelihood_ == before


def test_check_is_fitted_knows():
    check_is_fitted(sj.Weibull(2.0, 10.0))
    check_is_fitted(sj.Weibull().fit(shipped("ball_bearings")))
    with pytest.raises(Exception, match="not fitted"):
        check_is_fitted(sj.Weibull())


def test_grid_search_chooses_the_number_of_components_by_held_out_likelihood():
    life = shipped("waltons")
    shuffled = life[np.random.default_rng(0).permutation(len(life))]
    search = GridSearchCV(sj.WeibullMixture(), {"n_components": [1, 2]}, cv=3).fit(shuffled)
    assert search.best_params_ == {"n_components": 2}
    assert search.best_estimator_.n_components == 2
    scores = search.cv_results_["mean_test_score"]
    assert np.all(np.isfinite(scores))
    assert scores[1] > scores[0]


def test_cross_validation_takes_lifetimes_or_a_structured_y():
    life = shipped("ball_bearings")
    y = np.array(list(zip(life.event_observed, life.durations, strict=True)), dtype=[("event", bool), ("time", float)])
    X = np.zeros((len(life), 1))
    by_life = cross_val_score(sj.Weibull(), X, life, cv=3)
    np.testing.assert_allclose(cross_val_score(sj.Weibull(), X, y, cv=3), by_life, rtol=1e-12)
    np.testing.assert_allclose(cross_val_score(sj.Weibull(), life, cv=3), by_life, rtol=1e-12)


def test_a_pipeline_ends_in_a_learner():
    life = shipped("ball_bearings")
    pipeline = make_pipeline(StandardScaler(), sj.Weibull()).fit(np.random.default_rng(0).normal(size=(len(life), 2)), life)
    np.testing.assert_allclose(pipeline[-1].log_likelihood_, sj.Weibull().fit(life).log_likelihood_)


def test_lifetimes_carry_their_own_columns():
    life = shipped("ball_bearings")
    with pytest.raises(TypeError, match="carries its own event_observed"):
        sj.Weibull().fit(life, np.ones(len(life)))
    with pytest.raises(TypeError, match="carries its own weights"):
        sj.Weibull().fit(life, weights=np.ones(len(life)))


def test_survjax_does_not_import_scikit_learn_or_other_heavy_things():
    code = (
        "import sys, survjax as sj; m = sj.Weibull().fit([1., 2., 4.]); m.survival(1.); m.get_params(); "
        "print(*(n for n in ('sklearn', 'pandas', 'matplotlib', 'scipy.stats', 'lifelines', 'tqdm') if n in sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []
