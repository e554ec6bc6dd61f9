"""Units are held out whole, failures dealt out evenly."""

import numpy as np
import pytest

from survjax.neural.members import codes_of, draw

CODES = np.repeat(np.arange(60), 3)
FAILED = (np.arange(180) % 3 == 2) & (CODES % 2 == 0)
TOLD = np.ones(180, bool)


def test_folds_hold_every_unit_out_once():
    members = draw(CODES, FAILED, TOLD, 5, "folds", 0)
    assert sorted(np.concatenate(members.held_out)) == list(range(180))
    for training, held_out in zip(members.training, members.held_out, strict=True):
        assert not set(CODES[training]) & set(CODES[held_out])
        assert len(training) + len(held_out) == 180
        assert FAILED[held_out].sum() == 6


def test_one_network_is_stopped_by_a_fifth_of_the_units():
    members = draw(CODES, FAILED, TOLD, 1, "folds", 0)
    assert len(members.held_out[0]) == 36


def test_a_bootstrap_holds_out_what_it_did_not_draw():
    members = draw(CODES, FAILED, TOLD, 3, "bootstrap", 0)
    for training, held_out in zip(members.training, members.held_out, strict=True):
        assert len(training) == 180
        assert set(CODES[training]) | set(CODES[held_out]) == set(range(60))
        assert not set(CODES[training]) & set(CODES[held_out])


def test_rows_that_say_nothing_are_in_no_list():
    told = np.arange(180) != 7
    members = draw(CODES, FAILED, told, 5, "folds", 0)
    assert 7 not in np.concatenate([*members.training, *members.held_out])


def test_too_few_failures_are_refused():
    with pytest.raises(ValueError, match="60 units, 3 of them failed, are too few"):
        draw(CODES, FAILED & (CODES < 6), TOLD, 5, "folds", 0)


def test_labels_must_be_one_a_row_and_none_missing():
    with pytest.raises(ValueError, match="unit has 2 labels and y 3 rows"):
        codes_of(["a", "b"], 3)
    with pytest.raises(ValueError, match="unit is missing in row 1"):
        codes_of(["a", None, "b"], 3)
