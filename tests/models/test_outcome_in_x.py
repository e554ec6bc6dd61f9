"""A column of X that is the outcome itself is refused by every model that reads X, by name and with the remedy."""

import numpy as np
import pandas as pd
import pytest

import survjax as sj
from survjax.covariates.design import Design
from survjax.models.outcome import refuse_outcome_in

N = 64
RANDOM = np.random.default_rng(8)
HOURS = 100.0 * RANDOM.weibull(1.5, N)
FAILED = RANDOM.random(N) < 0.5
LIFE = sj.Lifetimes(HOURS, FAILED)
X = pd.DataFrame({"load": RANDOM.uniform(0.5, 1.5, N)})
STATUS = X.assign(status=np.where(FAILED, "failed", "running"))
NETWORK = {"hidden": (4,), "members": 2, "epochs": 1}
MODELS = {
    "hazards": sj.ProportionalHazards(sj.Weibull()),
    "times": sj.AcceleratedFailureTime(sj.Weibull(), penalty=1.0),
    "parameters": sj.ParameterRegression(sj.Weibull(), {"scale": "~ load + C(status)"}),
    "score": sj.HazardScaling(sj.Weibull()),
    "frailty": sj.Frailty(sj.ProportionalHazards(sj.Weibull())),
    "Cox": sj.CoxProportionalHazards(),
    "Cox with a penalty": sj.CoxProportionalHazards(penalty=0.1),
    "network": sj.NeuralHazard(**NETWORK),
    "mixture of networks": sj.NeuralMixture(1, **NETWORK),
}


@pytest.mark.parametrize("kind", MODELS)
def test_a_category_that_says_which_units_failed_is_named(kind):
    with pytest.raises(ValueError, match=r"column 'status' of X says which units failed: it is the outcome.* Leave it out"):
        MODELS[kind].fit(STATUS, LIFE)


@pytest.mark.parametrize("kind", [kind for kind in MODELS if kind != "parameters"])
def test_the_ages_of_y_are_named(kind):
    with pytest.raises(ValueError, match=r"column 'hours' of X is the ages of y.*X.drop"):
        MODELS[kind].fit(X.assign(hours=HOURS), LIFE)


def refuse(column, life=LIFE):
    design, matrix = Design.learn_matrix(pd.DataFrame({"load": X["load"][: len(life)], "it": column}))
    refuse_outcome_in(design, matrix, life)


@pytest.mark.parametrize("column", [FAILED, ~FAILED, np.where(FAILED, 2.0, -1.0)], ids=["events", "complement", "codes"])
def test_two_values_of_any_kind_that_say_which_units_failed_are_refused(column):
    with pytest.raises(ValueError, match="column 'it' of X says which units failed"):
        refuse(column)


def test_failures_within_an_interval_are_failures():
    upper = np.where(FAILED, HOURS + 1.0, np.inf)
    with pytest.raises(ValueError, match="column 'it' of X says which units failed"):
        refuse(FAILED, sj.Lifetimes.from_intervals(HOURS, upper))


def test_a_column_that_is_wrong_of_one_unit_passes():
    almost = FAILED.copy()
    almost[17] = ~almost[17]
    refuse(almost)
    refuse(np.where(FAILED, 1.0, X["load"]))
    refuse(np.where(FAILED, X["load"], 1.0))


@pytest.mark.parametrize(("failed", "running"), [(5, 14), (4, 16), (16, 4)])
def test_what_few_units_have_in_common_may_be_chance(failed, running):
    events = np.repeat([True, False], [failed, running])
    refuse(events, sj.Lifetimes(HOURS[: len(events)], events))


def test_twenty_units_five_of_each_kind_are_enough():
    events = np.repeat([True, False], [5, 15])
    with pytest.raises(ValueError, match="says which units failed"):
        refuse(events, sj.Lifetimes(HOURS[:20], events))
