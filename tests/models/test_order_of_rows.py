"""Rows of X in another order than those of y are noticed, where both come from one pandas frame."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest

import survjax as sj
from survjax.models.arguments import as_target

N = 64
RANDOM = np.random.default_rng(4)
FRAME = pd.DataFrame({"load": RANDOM.uniform(0.5, 1.5, N), "hours": 100.0 * RANDOM.weibull(1.5, N), "failed": RANDOM.random(N) < 0.6})
LIFE = sj.Lifetimes.from_frame(FRAME, duration="hours", event="failed")
SORTED = FRAME.sort_values("hours")
ANOTHER_ORDER = r"X and y have the same index in another order.*X\.loc\[.*X\.to_numpy\(\)"
MODELS = [sj.AcceleratedFailureTime(sj.Weibull(), "~ load"), sj.CoxProportionalHazards("~ load"), sj.NeuralHazard("~ load", members=2)]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_a_frame_sorted_after_its_lifetimes_were_read_is_refused(model):
    with pytest.raises(ValueError, match=ANOTHER_ORDER):
        model.fit(SORTED, LIFE)


@pytest.mark.parametrize(
    "life",
    [
        sj.Lifetimes(FRAME["hours"], FRAME["failed"]),
        sj.Lifetimes.from_intervals(FRAME["hours"], np.where(FRAME["failed"], FRAME["hours"], np.inf)),
        sj.Lifetimes.from_frame(FRAME, duration="hours", event="failed", resolution=0.01),
        LIFE.with_weights(np.full(N, 2.0)),
        LIFE[np.ones(N, dtype=bool)],
        LIFE[:],
    ],
    ids=["series", "intervals", "resolution", "weights", "mask", "slice"],
)
def test_lifetimes_know_the_index_however_they_were_made(life):
    as_target(FRAME, life)
    with pytest.raises(ValueError, match=ANOTHER_ORDER):
        as_target(SORTED, life)


def test_rows_taken_alike_from_both_pass_and_others_do_not():
    rows = RANDOM.permutation(N)
    as_target(FRAME.iloc[rows], LIFE[rows])
    as_target(FRAME.iloc[rows[:20]], LIFE[rows[:20]])
    late = (FRAME["hours"] > 50).to_numpy()
    as_target(FRAME[late], LIFE[late])
    with pytest.raises(ValueError, match=ANOTHER_ORDER):
        as_target(FRAME[late], LIFE[late][::-1])


def test_only_the_same_labels_in_another_order_are_an_accident():
    as_target(SORTED.to_numpy(), LIFE)
    as_target(SORTED, sj.Lifetimes(FRAME["hours"].to_numpy(), FRAME["failed"].to_numpy()))
    as_target(SORTED.set_axis(np.arange(N) + 1), LIFE)
    twice = FRAME.set_axis(np.arange(N) // 2)
    as_target(twice.iloc[::-1], sj.Lifetimes.from_frame(twice, duration="hours", event="failed"))
    as_target(SORTED[:10], LIFE)


def test_a_copy_has_the_same_rows_and_no_index():
    for again in (pickle.loads(pickle.dumps(LIFE)), copy.deepcopy(LIFE)):
        np.testing.assert_array_equal(again.lower, LIFE.lower)
        as_target(SORTED, again)


def test_the_remedy_of_the_message_is_one():
    life = sj.Lifetimes.from_frame(FRAME, duration="hours", event="failed")
    as_target(SORTED.loc[FRAME.index], life)
