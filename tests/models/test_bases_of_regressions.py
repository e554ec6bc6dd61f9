"""Regressions over mixtures, defective fractions and laws of the whole line."""

import numpy as np
import pandas as pd
import pytest

import survjax as sj


def test_a_law_of_the_whole_line_predicts_at_negative_ages():
    from scipy.stats import norm

    random = np.random.default_rng(8)
    frame = pd.DataFrame({"x": random.normal(size=64)})
    model = sj.ParameterRegression(sj.Normal(), {"location": "~ x"}).fit(frame, sj.Lifetimes(-5.0 + frame["x"] + random.normal(size=64)))
    told, two = model.parameters_, frame[:2]
    location = told["location[Intercept]"] + told["location[x]"] * two["x"].to_numpy()
    law = norm(location, told["scale"])
    # closed forms of SciPy, of numbers of order 1
    np.testing.assert_allclose(model.predict_survival(two, -6.0), law.sf(-6.0), rtol=1e-12)
    np.testing.assert_allclose(
        model.predict_failure_probability(two, -6.0, 0.5), (law.cdf(-5.5) - law.cdf(-6.0)) / law.sf(-6.0), rtol=1e-12
    )
    limits = model.interval("quantile", two, 0.05)
    np.testing.assert_allclose(limits["estimate"], law.ppf(0.05), rtol=1e-10)
    assert ((limits["lower"] < limits["estimate"]) & (limits["estimate"] < limits["upper"])).all()
    bounds = model.predict_rul_interval(two, -6.0)
    assert ((bounds["lower"] > 0.0) & (bounds["lower"] < bounds["upper"])).all()


def test_the_probability_of_ever_failing_follows_covariates():
    random = np.random.default_rng(9)
    frame = pd.DataFrame({"make": random.choice(["A", "B"], 64)})
    fails = random.random(64) < np.where(frame["make"] == "A", 0.7, 0.4)
    life = sj.Lifetimes(np.where(fails, 100.0 * random.weibull(2.0, 64), 400.0), fails)
    model = sj.ParameterRegression(sj.DefectiveSubpopulation(sj.Weibull()), {"fraction_failing": "~ make"}).fit(frame, life)
    told = model.parameters_
    failing = 1.0 / (1.0 + np.exp(-told["fraction_failing[Intercept]"]))
    defective = failing * np.exp(-((200.0 / told["scale"]) ** told["shape"]))
    row = frame[frame["make"] == "A"][:1]
    limits = model.interval("probability_of_failing", row, 200.0).iloc[0]
    assert limits["estimate"] == pytest.approx(defective / (1.0 - failing + defective), rel=1e-10)
    assert 0.0 < limits["lower"] < limits["estimate"] < limits["upper"] < 1.0
    assert any("never fail" in note for note in model.notes_)


def test_a_component_that_shrinks_onto_a_few_failures_is_said_to():
    # a pair of units alike and one near them make a component of shape 164, and once nothing was said of it
    random = np.random.default_rng(8)
    x, lives = random.normal(size=64), random.weibull(1.5, 64) * 10.0
    lives[:2], x[:2] = 3.0, 0.5
    life = sj.Lifetimes(lives)
    model = sj.AcceleratedFailureTime(sj.WeibullMixture()).fit({"x": x}, life, n_starts=1)
    assert model.parameters_["shape_0"] > 100.0
    assert any("component 0 is held up by 2.7 different failures" in note for note in model.notes_)
    # more starts find a higher maximum, without it
    whole = sj.AcceleratedFailureTime(sj.WeibullMixture()).fit({"x": x}, life)
    assert whole.log_likelihood_ > model.log_likelihood_ + 0.5
    assert whole.parameters_[["shape_0", "shape_1"]].max() < 100.0
    # of a shape that was given nothing shrinks
    given = sj.Mixture([sj.Weibull(shape=178.0), sj.Weibull()])
    assert sj.AcceleratedFailureTime(given).fit({"x": x}, life).notes_ == []


def units_of_one_weibull(seed):
    random = np.random.default_rng(seed)
    x, z = random.normal(size=(2, 200))
    lives, followed = 100.0 * random.weibull(2.0, 200) * np.exp(-0.2 * x), random.uniform(60.0, 200.0, 200)
    return {"x": x, "z": z}, sj.Lifetimes(np.minimum(lives, followed), lives <= followed)


def test_a_mixture_over_covariates_has_no_shape_beyond_100_held_up_by_five_failures():
    # it was 108: the columns of a score, by which a component can meet two more failures, were not counted
    X, life = units_of_one_weibull(8)
    model = sj.AcceleratedFailureTime(sj.WeibullMixture()).fit(X, life)
    assert model.parameters_[["shape_0", "shape_1"]].max() < 100.0
    assert any("different failures" in note for note in model.notes_)


def test_a_sharp_component_and_one_component_that_does_as_well_are_said():
    X, life = units_of_one_weibull(2)
    model = sj.ProportionalHazards(sj.WeibullMixture()).fit(X, life)
    (rests,) = [note for note in model.notes_ if "may be a coincidence" in note]
    assert rests.startswith("Component 0 rests on about 7 of 142 failures")  # of a weight of 0.033 times 200 units
    (safer,) = [note for note in model.notes_ if "safer description" in note]
    one = sj.ProportionalHazards(sj.Weibull()).fit(X, life)
    by_failures = [m.bic_ - len(m.parameters_) * np.log(200 / life.n_failed) for m in (one, model)]
    by_failures[1] += np.log(200 / life.n_failed)  # the last weight is what the others leave
    assert f"over one Weibull, which is the safer description: by BIC with n = {life.n_failed:g} failures" in safer
    assert f"has {by_failures[0]:.2f} against {by_failures[1]:.2f} for" in safer


def test_a_formula_of_one_component_is_not_asked_of_one_weibull():
    of_one = sj.ParameterRegression(sj.WeibullMixture(), {"scale_1": "~ x"})
    assert not of_one._can_be_over_one(of_one._base_template())
    of_both = sj.ParameterRegression(sj.WeibullMixture(), {"scale": "~ x"})
    assert of_both._can_be_over_one(of_both._base_template())


@pytest.mark.parametrize("model", [sj.ProportionalHazards, sj.HazardScaling])
def test_starts_and_seed_may_be_the_bases_own(model, monkeypatch):
    # those of the base were not looked at, and a grid search could set no others
    seen = []
    from survjax.models import hazard_scaling, regression

    for module, name in ((regression, "fit_regression"), (hazard_scaling, "fit_distribution")):
        plain = getattr(module, name)

        def noted(*args, plain=plain, **keywords):
            seen.append((keywords["n_starts"], keywords["seed"]))
            return plain(*args, **keywords)

        monkeypatch.setattr(module, name, noted)
    random = np.random.default_rng(3)
    X, life = {"x": random.normal(size=64)}, sj.Lifetimes(50.0 * random.weibull(1.5, 64))
    learner = model(sj.WeibullMixture(n_starts=2, seed=5), "~ x").set_params(base__n_starts=1)
    learner.fit(X, life)
    learner.fit(X, life, n_starts=3, seed=7)
    model(sj.distributions.Weibull(), "~ x").fit(X, life)
    assert seen == [(1, 5), (3, 7), (None, 0)]
    with pytest.raises(ValueError, match=r"n_starts .* must be a whole number of at least 1; got 0"):
        learner.fit(X, life, n_starts=0)


def worn_out(shape=3.0):
    """256 units of one population that wear out, some still running."""
    random = np.random.default_rng(1)
    load = random.normal(size=256)
    life = 100.0 * random.weibull(shape, 256) * np.exp(-0.4 * load)
    return pd.DataFrame({"load": load}), sj.Lifetimes(np.minimum(life, 150.0), life < 150.0)


def test_a_cause_whose_share_of_the_failures_runs_to_0_is_named():
    X, life = worn_out()
    alone = sj.ProportionalHazards(sj.Weibull()).fit(X, life)
    shape, scale, slope = alone.parameters_[["shape", "scale", "load"]]
    # the derivative of the log-likelihood in a constant rate added to the base's hazard, where it is 0: the rate stays there
    ages, score = life.durations, slope * X["load"].to_numpy()
    hazard = shape / scale * (ages / scale) ** (shape - 1)
    assert np.sum(life.event_observed / hazard) - np.sum(np.exp(score) * ages) < -1.0
    told = rf"no higher than without component 1 \(Exponential\) of the competing risks, {alone.log_likelihood_:.6g}: .* Leave it out"
    with pytest.raises(sj.NoFiniteMaximum, match=told):
        # was "flat ... Leave columns out, give a penalty, or take a simpler base"
        sj.ProportionalHazards(sj.CompetingRisks([sj.Weibull(), sj.Exponential()])).fit(X, life)
    by_parameter = {"scale_0": "~ load", "scale_1": "~ load"}
    with pytest.raises(sj.NoFiniteMaximum, match=r"without component 1 \(Exponential\)"):
        sj.ParameterRegression(sj.CompetingRisks([sj.Weibull(), sj.Exponential()]), by_parameter).fit(X, life)


def test_causes_that_are_both_there_are_left_alone():
    X, life = worn_out()
    random = np.random.default_rng(2)
    early = 200.0 * random.exponential(size=256) * np.exp(-0.4 * X["load"].to_numpy())
    both = sj.Lifetimes(np.minimum(life.durations, early), life.event_observed | (early < life.durations))
    model = sj.AcceleratedFailureTime(sj.CompetingRisks([sj.Weibull(), sj.Exponential()])).fit(X, both)
    # four standard errors, of what they were drawn from
    truth = {"shape_0": 3.0, "scale_0": 100.0, "scale_1": 200.0, "load": -0.4}
    assert all(abs(model.parameters_[name] - value) < 4.0 * model.standard_errors_[name] for name, value in truth.items())


def test_components_that_coincide_are_said_to_be_one_population():
    X, life = worn_out(shape=2.0)
    alone = sj.AcceleratedFailureTime(sj.Exponential()).fit(X, life)
    scale, slope = alone.parameters_[["scale", "load"]]
    # no other exponential beside it raises the likelihood (the gradient function of Lindsay 1983, Annals of Statistics 11)
    lived = life.durations * np.exp(-slope * X["load"].to_numpy())
    rates = np.geomspace(0.01, 100.0, 401) / scale
    gains = [np.sum((rate * scale) ** life.event_observed * np.exp((1 / scale - rate) * lived)) - 256 for rate in rates]
    assert max(gains) < 1e-6
    told = rf"no higher than that of the same regression over one Exponential, {alone.log_likelihood_:.6g}: .* Take that base"
    with pytest.raises(sj.NoFiniteMaximum, match=told):
        sj.AcceleratedFailureTime(sj.Mixture([sj.Exponential(), sj.Exponential()])).fit(X, life)
