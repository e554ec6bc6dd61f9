"""Predictions of units against a baseline worked out by hand, and what is refused because the data do not reach."""

import pickle

import numpy as np
import pandas as pd
import pytest

import survjax as sj
from survjax.errors import BadRow
from tests.cox.test_partial_likelihood import fleet

COX = sj.CoxProportionalHazards


@pytest.fixture(scope="module")
def model():
    return COX().fit(*fleet())


def by_hand(model, unit, ages):
    """Survival of one unit at ages, from the published baseline and coefficients alone."""
    X, _ = fleet()
    factor = np.exp(float((unit - X.mean().to_numpy()) @ model.coefficients_.to_numpy()))
    baseline = model.baseline_cumulative_hazard_
    return np.exp(-factor * np.array([baseline[baseline.index <= age].iloc[-1] if (baseline.index <= age).any() else 0.0 for age in ages]))


def test_survival_is_that_of_the_baseline(model):
    X, life = fleet()
    ages = np.array([0.0, 0.9, 1.0, 3.5, 12.0, life.durations.max()])
    found = model.predict_survival(X, ages)
    assert found.shape == (256, 6)
    for row in (0, 17, 255):
        np.testing.assert_allclose(found[row], by_hand(model, X.iloc[row].to_numpy(), ages), rtol=1e-11)
    np.testing.assert_array_equal(model.predict_survival(X, 3.5), found[:, 3])
    np.testing.assert_allclose(model.predict_partial_hazard(X), np.log(found[:, 4]) / np.log(by_hand(model, X.mean().to_numpy(), [12.0])))


def test_failure_probability_is_conditional_on_the_age(model):
    X, _ = fleet()
    age = np.arange(256) % 5
    alive, later = (np.array([model.predict_survival(X.iloc[[i]], float(t))[0] for i, t in enumerate(at)]) for at in (age, age + 4.0))
    found = model.predict_failure_probability(X, age, 4.0)
    np.testing.assert_allclose(found, 1 - later / alive, rtol=1e-10, atol=1e-14)
    both = model.predict_failure_probability(X, age, [2.0, 4.0])
    assert both.shape == (256, 2)
    np.testing.assert_array_equal(both[:, 1], found)
    np.testing.assert_array_equal(model.predict_failure_probability(X, age, 0.0), 0.0)


def test_the_restricted_mean_is_the_area_under_survival(model):
    X, life = fleet()
    last = life.durations.max()
    for row, age, horizon in ((0, 0.0, 7.3), (3, 2.0, 5.0), (9, 4.25, last - 4.25)):
        unit = X.iloc[[row]]
        edges = np.unique(np.concatenate([[age, age + horizon], np.arange(np.ceil(age), age + horizon)]))
        alive = model.predict_survival(unit, edges[:-1])[0] / model.predict_survival(unit, age)[0]
        np.testing.assert_allclose(model.predict_rul(unit, age, "mean", horizon)[0], np.diff(edges) @ alive, rtol=1e-11)
    np.testing.assert_allclose(model.predict(X, 4.25), model.predict_rul(X, 4.25, "mean", last - 4.25), rtol=1e-13)


def test_few_rows_at_a_time_give_the_same(model, monkeypatch):
    from survjax.cox import baseline

    X, _ = fleet()
    whole = model.predict(X, 1.0), model.predict_survival(X, [1.0, 4.0])
    monkeypatch.setattr(baseline, "AT_ONCE", 64)
    np.testing.assert_array_equal(model.predict(X, 1.0), whole[0])
    np.testing.assert_array_equal(model.predict_survival(X, [1.0, 4.0]), whole[1])


def test_a_quantile_of_remaining_life_is_the_first_age_at_which_so_many_have_failed(model):
    X, _ = fleet()
    for share, age in ((0.5, 0.0), (0.1, 3.0)):
        unit = X.iloc[[5]]
        life = model.predict_rul(unit, age, share)[0]
        assert model.predict_failure_probability(unit, age, life)[0] >= share
        assert model.predict_failure_probability(unit, age, life - 1e-9)[0] < share
    np.testing.assert_array_equal(model.predict_rul(X.iloc[:3], 1.0), model.predict_rul(X.iloc[:3], 1.0, 0.5))


def test_a_median_reached_but_for_rounding_is_reached():
    # ten of twenty fail one by one: survival ends at a half to the last bit or so, at a coefficient of 0
    X = pd.DataFrame({"load": np.tile([0.0, 1.0], 10)})
    life = sj.Lifetimes(np.repeat(np.arange(1.0, 11.0), 2), np.ones(20))
    model = COX(penalty=1e9).fit(X, life)
    share = -np.expm1(-model.baseline_cumulative_hazard_.iloc[4])
    np.testing.assert_allclose(model.predict_rul(X, 0.0, float(share)), 5.0)


def test_nothing_is_said_of_ages_beyond_the_data(model):
    X, life = fleet()
    last = life.durations.max()
    with pytest.raises(ValueError, match=r"one of times is 1e\+06, beyond .* the last age under observation"):
        model.predict_survival(X, [1.0, 1e6])
    with pytest.raises(ValueError, match=rf"age \+ horizon of row 2 is .*, beyond {last:g}"):
        model.predict_failure_probability(X, 1.0, np.where(np.arange(256) == 2, 1e4, 1.0)[:, None])
    with pytest.raises(ValueError, match="age of row 1 is"):
        model.predict(X, np.where(np.arange(256) == 1, 1e4, 1.0))
    with pytest.raises(ValueError, match="needs survival to its end"):
        model.predict_rul(X, kind="mean")
    with pytest.raises(ValueError, match="the remaining life asked for lies beyond the data"):
        model.predict_rul(X.assign(load=-20.0), kind=0.99)
    with pytest.raises(ValueError, match="a horizon restricts the mean"):
        model.predict_rul(X, kind="median", horizon=3.0)


def test_units_beyond_the_data_are_named_all_at_once_in_every_stratum(model):
    X, life = fleet()
    plant = np.where(np.arange(256) % 2, "north", "south")
    both = COX().fit(X, life, strata=plant)
    last = np.array([life.durations[plant == one].max() for one in plant])
    age = np.where(np.isin(np.arange(256), [3, 10, 200]), last + 1.0, 2.0)
    for call in (lambda: both.predict(X, age, strata=plant), lambda: both.predict_failure_probability(X, age, 1.0, strata=plant)):
        with pytest.raises(BadRow, match=r"stratum 'north', .* in 3 of 256 rows, 3, 10, 200 \(.* Leave these rows out") as caught:
            call()
        assert caught.value.rows == (3, 10, 200)
    left = np.setdiff1d(np.arange(256), caught.value.rows)
    assert np.isfinite(both.predict(X.iloc[left], age[left], strata=plant[left])).all()
    age[[3, 10, 200]] = last[[3, 10, 200]] - 0.5
    with pytest.raises(BadRow, match=r"age \+ horizon of row 3 .* Take a shorter horizon, .*restricted mean") as caught:
        both.predict_rul(X, age, "mean", 1.0, strata=plant)
    assert caught.value.rows == (3, 10, 200)
    with pytest.raises(BadRow, match=r"Ask for a smaller share, for the restricted mean, .*, leave these rows out") as caught:
        model.predict_rul(X, 3.0)
    alive = 1 - model.predict_failure_probability(X, 3.0, life.durations.max() - 3.0)
    assert caught.value.rows == tuple(np.flatnonzero(alive > 0.5))
    with pytest.raises(BadRow, match=r"in 256 of|this is so in every row"):
        model.predict_survival(X, 1e9)


def test_nothing_is_said_of_ages_before_the_first_entry():
    X, life = fleet()
    late = COX().fit(X, sj.Lifetimes(life.durations + 10, life.event_observed, entry=np.full(256, 10.0)))
    np.testing.assert_allclose(late.coefficients_, COX().fit(X, life).coefficients_, rtol=1e-12)
    with pytest.raises(ValueError, match="age 9 is before 10, when the first unit came under observation"):
        late.predict_failure_probability(X, 9.0, 3.0)
    np.testing.assert_array_equal(late.predict_survival(X, 9.0), 1.0)  # given survival to the first entry


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1.0, 1.0), "age must be 0 or more; it is -1"),
        ((1.0, -1.0), "horizon must be 0 or more"),
        ((np.nan, 1.0), "age must be numbers, not nan"),
        (([1.0, 2.0], 1.0), "age must be one number, or one for each of the 256 units of X"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(model, arguments, message):
    with pytest.raises(ValueError, match=message):
        model.predict_failure_probability(fleet()[0], *arguments)


def test_hazards_beyond_the_range_of_numbers_are_certain_failure_or_none(model):
    X, _ = fleet()
    far = X.iloc[:2].assign(load=[2000.0, -2000.0])
    np.testing.assert_array_equal(model.predict_failure_probability(far, 5.0, 3.0), [1.0, 0.0])
    np.testing.assert_allclose(model.predict_rul(far, 5.0, "mean", 3.0), [1.0, 3.0])  # the next failures of others are at age 6
    np.testing.assert_array_equal(model.predict_failure_probability(far, 5.0, 0.5), [0.0, 0.0])  # and none before


def test_strata_by_name_or_by_label_have_baselines_of_their_own():
    X, life = fleet()
    plant = np.where(np.arange(256) % 2, "north", "south")
    by_label = COX().fit(X, life, strata=plant)
    by_name = COX().fit(X.assign(plant=plant), life, strata="plant")
    np.testing.assert_array_equal(by_label.coefficients_, by_name.coefficients_)
    np.testing.assert_array_equal(by_label.predict(X, strata=plant), by_name.predict(X.assign(plant=plant)))
    separate = COX().fit(X[plant == "north"], life[plant == "north"])
    assert set(by_name.baseline_cumulative_hazard_.index.get_level_values("stratum")) == {"north", "south"}
    assert list(by_name.baseline_cumulative_hazard_["north"].index) == list(separate.baseline_cumulative_hazard_.index)
    by_two = COX().fit(X.assign(plant=plant, line=np.arange(256) % 4), life, strata=["plant", "line"])
    assert by_two.baseline_cumulative_hazard_.index.names == ["plant", "line", "age"]
    assert len(by_two.baseline_cumulative_hazard_.groupby(["plant", "line"])) == 4
    array = COX().fit(np.column_stack([X, np.arange(256) % 2]), life, strata="x3")
    np.testing.assert_allclose(array.predict(np.column_stack([X, np.arange(256) % 2])), by_label.predict(X, strata=plant), rtol=1e-12)
    for given, message in (({}, "pass strata="), ({"strata": plant[:-1]}, "one label for each of the 256 rows")):
        with pytest.raises(ValueError, match=message):
            by_label.predict(X, **given)
    with pytest.raises(ValueError, match="row 0 is of stratum 'east', which has no baseline: the fit had north, south"):
        by_name.predict(X.assign(plant="east"))
    with pytest.raises(ValueError, match="fitted without strata"):
        separate.predict(X, strata=plant)


def test_a_pickled_model_predicts_and_leaves_the_data_at_home(model):
    twin = pickle.loads(pickle.dumps(model))
    X, life = fleet()
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))
    with pytest.raises(ValueError, match="its data are not with it"):
        twin.residuals()
    pd.testing.assert_frame_equal(twin.schoenfeld_test(X, life), model.schoenfeld_test())


def test_residuals_add_up(model):
    X, life = fleet()
    martingale = model.residuals()["martingale"]
    assert abs(martingale.sum()) < 1e-10
    assert np.all(martingale <= life.event_observed + 1e-15)
    np.testing.assert_allclose(model.residuals("score").sum(), 0.0, atol=1e-10)
    np.testing.assert_allclose(model.residuals("schoenfeld").sum(), 0.0, atol=1e-10)
    without = COX().fit(X.iloc[1:], life[1:]).coefficients_
    # a first-order approximation of leaving the row out, of 256
    np.testing.assert_allclose(model.residuals("dfbeta").iloc[0], model.coefficients_ - without, atol=2e-3)
    with pytest.raises(ValueError, match="kind must be one of"):
        model.residuals("response")
    with pytest.raises(ValueError, match="transform must be one of"):
        model.schoenfeld_test(transform="sqrt")


def test_every_unit_may_have_times_of_its_own(model):
    X, _ = fleet()
    own = np.column_stack([np.arange(256) % 5, np.arange(256) % 7])
    found = model.predict_survival(X, own)
    assert found.shape == (256, 2)
    np.testing.assert_array_equal(found[11], model.predict_survival(X.iloc[[11]], own[11])[0])
    np.testing.assert_array_equal(found, np.exp(-model.predict_cumulative_hazard(X, own)))


def test_an_explanation_adds_up_to_the_log_hazard_ratio(model):
    X, _ = fleet()
    parts = model.explain(X.set_axis(np.arange(256) + 1000))
    assert list(parts) == ["load", "heat", "dust"]
    assert parts.index[0] == 1000
    np.testing.assert_allclose(parts.sum(axis=1), np.log(model.predict_partial_hazard(X)), rtol=1e-12, atol=1e-14)
    against = model.explain(X, relative_to=X.iloc[[7]])
    np.testing.assert_allclose(against["load"], (X["load"] - X["load"][7]) * model.coefficients_["load"], rtol=1e-12, atol=1e-15)
    with pytest.raises(ValueError, match="relative_to is one unit"):
        model.explain(X, relative_to=X)


def test_a_summary_has_limits_of_coefficients_and_of_ratios_as_those_of_other_regressions_have(model):
    X, life = fleet()
    ours = model.summary_
    parametric = sj.ProportionalHazards(sj.Weibull()).fit(X, life).summary_
    assert list(ours) == list(parametric)
    for end in ("", " lower", " upper"):
        of = end.strip() or "estimate"
        for table in (ours, parametric.loc[list(X)]):
            np.testing.assert_array_equal(table[f"hazard ratio{end}"], np.exp(table[of]))
    assert parametric.loc["shape", ["hazard ratio", "hazard ratio lower", "hazard ratio upper", "p"]].isna().all()


def test_ages_alone_are_taken_for_failures_and_the_fit_says_so(model):
    X, life = fleet()
    alone = COX().fit(X, life.durations)
    assert any("every unit was taken as failed" in note for note in alone.notes_)
    assert "every unit was taken as failed" in alone._repr_html_()
    assert model.notes_ == []


def test_a_quantile_is_the_first_age_by_which_so_many_have_failed(model):
    X, _ = fleet()
    ages = model.predict_quantile(X, [0.0, 0.1, 0.2])
    assert ages.shape == (256, 3)
    np.testing.assert_array_equal(ages[:, 0], 0.0)
    np.testing.assert_array_equal(ages[:, 2], model.predict_rul(X, 0.0, 0.2))
    np.testing.assert_array_equal(ages[:, 1], model.predict_quantile(X, 0.1))
    assert np.all(model.predict_survival(X, ages[:, 1:]) <= [0.9, 0.8])
    assert np.all(model.predict_survival(X, ages[:, 1:] - 1e-9) > [0.9, 0.8])
    with pytest.raises(BadRow, match=r"the age asked for .* lies beyond the data"):
        model.predict_quantile(X, 0.99)


def test_partial_effects_are_predictions_of_units_that_differ_in_one_covariate(model):
    X, life = fleet()
    effect = model.partial_effect("load", at=X, values=[-1.0, 1.0])
    typical = X["load"].quantile(0.5, interpolation="lower")
    slope, error = model.coefficients_["load"], model.standard_errors_["load"]
    away = np.array([-1.0, 1.0]) - typical
    np.testing.assert_allclose(effect["estimate"], np.exp(slope * away), rtol=1e-12)
    np.testing.assert_allclose(effect["upper"], np.exp(slope * away + 1.959963984540054 * error * np.abs(away)), rtol=1e-9)
    assert list(effect.index) == [-1.0, 1.0]
    assert len(model.partial_effect("load", at=X)) == 41
    survival = model.partial_effect("load", X, [0.5], "survival", t=[2.0, 5.0])
    held = X.quantile(0.5, interpolation="lower").to_frame().T.assign(load=0.5)
    np.testing.assert_allclose(survival["estimate"], model.predict_survival(held, [2.0, 5.0])[0], rtol=1e-12)
    assert model.plot_partial_effect("load", X, what="failure_probability", age=1.0, horizon=5.0).lines
    strata = COX().fit(X, life, strata=np.arange(256) % 2)
    assert strata.partial_effect("heat", X).loc[:, "estimate"].is_monotonic_increasing
    with pytest.raises(ValueError, match="survival differs from stratum to stratum"):
        strata.partial_effect("heat", X, what="survival", t=2.0)
    with pytest.raises(ValueError, match="no covariate 'lod'"):
        model.partial_effect("lod", X)
