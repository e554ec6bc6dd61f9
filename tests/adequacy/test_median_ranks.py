"""Median ranks and their adjustment for suspensions."""

import numpy as np
import pytest
from scipy.stats import beta

import survjax as sj
from survjax.adequacy.median_ranks import median_ranks


def test_ranks_of_failures_among_suspensions_are_johnsons():
    # five units, the second and fourth suspended: 1, 1 + 5/4 = 2.25, 2.25 + 3.75/2 = 4.125, by hand
    ranks = median_ranks(sj.Lifetimes([5100, 9500, 15000, 22000, 40000], [1, 0, 1, 0, 1]))
    np.testing.assert_allclose(ranks.rank, [1.0, 2.25, 4.125], rtol=1e-14)
    np.testing.assert_allclose(ranks.share, beta.median(ranks.rank, 6 - ranks.rank), rtol=1e-12)
    assert ranks.age.tolist() == [5100.0, 15000.0, 40000.0]


def test_a_median_rank_is_exceeded_half_of_the_time():
    # that all of n units fail later than the first one's median rank has probability (1 - share)^n = 1/2
    shares = median_ranks(sj.Lifetimes([1.0, 2.0, 3.0, 4.0, 5.0])).share
    np.testing.assert_allclose(shares[0], 1 - 0.5 ** (1 / 5), rtol=1e-13)
    np.testing.assert_allclose(shares + shares[::-1], 1.0, rtol=1e-13)


def test_benards_approximation_is_what_it_is_said_to_be():
    shares = median_ranks(sj.Lifetimes([7.0, 1.0, 4.0]), "benard").share
    np.testing.assert_allclose(shares, [0.7 / 3.4, 0.5, 2.7 / 3.4], rtol=1e-14)


def test_failures_at_one_age_have_ranks_of_their_own_and_come_before_suspensions_there():
    tied = median_ranks(sj.Lifetimes([3, 3, 3, 8], [1, 0, 1, 1]))
    apart = median_ranks(sj.Lifetimes([3, 3.2, 3.1, 8], [1, 0, 1, 1]))
    assert tied.age.tolist() == [3.0, 3.0, 8.0]
    np.testing.assert_array_equal(tied.rank, apart.rank)


def test_counts_are_repeated_rows():
    counted = median_ranks(sj.Lifetimes([2, 5, 9], [1, 0, 1], weights=[2, 3, 1]))
    repeated = median_ranks(sj.Lifetimes([2, 2, 5, 5, 5, 9], [1, 1, 0, 0, 0, 1]))
    np.testing.assert_array_equal(counted.rank, repeated.rank)
    np.testing.assert_array_equal(counted.share, repeated.share)


REFUSED = {
    "an interval": (
        lambda: sj.Lifetimes.from_intervals([1, 2], [1, 5]),
        r"median ranks need failures at known ages; row 1 failed between 2 and 5 \(1 such rows; rows count from 0\). Use fit",
    ),
    "late entry": (lambda: sj.Lifetimes([3, 4], entry=[0, 1]), r"entry must be 0 for median ranks.*row 1 has entry=1.*Use fit"),
    "truncation": (
        lambda: sj.Lifetimes.from_intervals([1, 2], [1, 2], right_truncation=[np.inf, 4]),
        r"right_truncation must be inf for median ranks; row 1 has right_truncation=4",
    ),
    "a fraction": (lambda: sj.Lifetimes([3, 4], weights=[1, 1.5]), r"weights must be whole numbers.*row 1 has weights=1.5"),
    "no failure": (lambda: sj.Lifetimes([3, 4], [0, 0]), "none of the 2 units has failed"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_rows_without_a_rank_are_refused_by_row_and_remedy(case):
    make, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        median_ranks(make())


def test_other_kinds_of_ranks_are_refused():
    with pytest.raises(ValueError, match=r'ranks must be "exact" or "benard"; got \'hazen\''):
        median_ranks(sj.Lifetimes([1.0]), "hazen")
