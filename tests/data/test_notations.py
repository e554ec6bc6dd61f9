"""Lifetimes from the notations of other programs."""

import numpy as np
import pytest

import survjax as sj


def test_failures_come_first_and_suspensions_run_on():
    assert str(sj.Lifetimes.from_failures_and_suspensions([33, 52], [44])) == "33, 52, 44+"
    assert str(sj.Lifetimes.from_failures_and_suspensions([33])) == "33"
    assert str(sj.Lifetimes.from_failures_and_suspensions([], [44])) == "44+"


XCNT = {
    "codes": ({"x": [33, 44, 9], "c": [0, 1, -1]}, "33, 44+, (-inf, 9]"),
    "values and pairs": ({"x": [33, [10, 20]], "c": [0, 2]}, "33, (10, 20]"),
    "all failed": ({"x": [33, 44]}, "33, 44"),
    "pairs": ({"x": np.array([[3.0, 3.0], [4.0, 4.0], [1.0, 2.0]]), "c": [0, 1, 2]}, "3, 4+, (1, 2]"),
    "codes told by x": ({"x": np.array([[3.0, 3.0], [4.0, np.inf], [-np.inf, 5.0], [1.0, 2.0]])}, "3, 4+, (-inf, 5], (1, 2]"),
    "open pairs with codes": ({"x": [[4.0, np.inf], [-np.inf, 5.0]], "c": [1, -1]}, "4+, (-inf, 5]"),
}


@pytest.mark.parametrize("case", XCNT)
def test_codes_of_surpyval_are_read(case):
    arguments, expected = XCNT[case]
    assert str(sj.Lifetimes.from_xcnt(**arguments)) == expected


def test_counts_and_truncation_of_surpyval_are_read():
    life = sj.Lifetimes.from_xcnt([3, 4, 5], c=[0, 1, 0], n=[1, 7, 2], tl=[1, -np.inf, 2], tr=[np.inf, np.inf, 9])
    assert life.weights.tolist() == [1.0, 7.0, 2.0]
    assert life.entry.tolist() == [1.0, -np.inf, 2.0]
    assert life.right_truncation.tolist() == [np.inf, np.inf, 9.0]
    assert sj.Lifetimes.from_xcnt([3, 4], tl=1).entry.tolist() == [1.0, 1.0]
    assert sj.Lifetimes.from_xcnt([3, 4], tl=-np.inf, tr=np.inf).entry is None
    assert sj.Lifetimes.from_xcnt([3, -4], tl=[-np.inf, -9]).entry.tolist() == [-np.inf, -9.0]


def test_a_left_censored_life_is_known_from_minus_infinity_and_that_is_zero_for_positive_laws():
    from_zero = sj.Lifetimes.from_intervals([0.0, 3.0], [5.0, 3.0])
    model = sj.Weibull(shape=2.0, scale=7.0)
    assert model.log_likelihood(sj.Lifetimes.from_xcnt([5, 3], c=[-1, 0])) == model.log_likelihood(from_zero)


@pytest.mark.parametrize("names", [("event", "time"), ("time", "event")])
def test_structured_arrays_are_read_by_the_kind_of_their_fields(names):
    y = np.zeros(2, dtype=[(name, bool if name == "event" else float) for name in names])
    y["event"], y["time"] = [True, False], [33, 44]
    life = sj.Lifetimes.from_structured(y, entry=[0, 1], weights=[1, 2])
    assert str(life) == "33, 44+"
    assert (life.entry.tolist(), life.weights.tolist()) == ([0.0, 1.0], [1.0, 2.0])


BAD = {
    "nothing": (lambda: sj.Lifetimes.from_failures_and_suspensions([], []), ValueError, "both empty"),
    "nan": (lambda: sj.Lifetimes.from_failures_and_suspensions([1, np.nan]), ValueError, r"row 1 has failures=nan"),
    "endless": (lambda: sj.Lifetimes.from_failures_and_suspensions([1], [np.inf]), ValueError, r"row 0 has suspensions=inf"),
    "code": (lambda: sj.Lifetimes.from_xcnt([1, 2], c=[0, 3]), ValueError, r"c must be 0, 1, -1 or 2; row 1 has c=3"),
    "pair asked": (lambda: sj.Lifetimes.from_xcnt([1, 2], c=[0, 2]), ValueError, r"row 1 has c=2 .*two ends as a row of x"),
    "pair not asked": (lambda: sj.Lifetimes.from_xcnt([1, [2, 3]], c=[0, 1]), ValueError, r"c must be 2 where x is an interval; row 1"),
    "a triple": (lambda: sj.Lifetimes.from_xcnt([1, [2, 3, 4]]), ValueError, r"row 1 is \[2, 3, 4\]"),
    "reversed": (lambda: sj.Lifetimes.from_xcnt([[3, 2]], c=[2]), ValueError, r"row 0 has lower=3, upper=2"),
    "lengths": (lambda: sj.Lifetimes.from_xcnt([1, 2], n=[1]), ValueError, r"n has 1 rows and x 2"),
    "counts": (lambda: sj.Lifetimes.from_xcnt([1, 2], n=[1, -1]), ValueError, r"n must be 0 or more; row 1 has n=-1"),
    "empty x": (lambda: sj.Lifetimes.from_xcnt([]), ValueError, "x is empty"),
    "truncated above": (lambda: sj.Lifetimes.from_xcnt([1, 2], tr=[3, 1]), ValueError, r"right_truncation must be more than lower; row 1"),
    "no fields": (lambda: sj.Lifetimes.from_structured(np.ones((2, 2))), TypeError, r"structured array .*got ndarray"),
    "two numbers": (
        lambda: sj.Lifetimes.from_structured(np.zeros(2, dtype=[("event", int), ("time", float)])),
        TypeError,
        r"got fields event \(int64\), time \(float64\)",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_names_row_and_remedy(case):
    make, error, message = BAD[case]
    with pytest.raises(error, match=message):
        make()
