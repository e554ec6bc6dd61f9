"""How often the unit that fails is the one of the higher hazard."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from survjax.cox.rows import Rows


class Concordance(NamedTuple):
    """Pairs of a unit that fails and one at risk that outlives it, by weight: the failing one of the higher score, the lower, or equal."""

    concordant: float
    discordant: float
    tied: float

    @property
    def estimate(self) -> float:
        """The share of concordant pairs, ties by half.

        Raises
        ------
        ValueError : there is no pair.
        """
        pairs = self.concordant + self.discordant + self.tied
        if not pairs:
            raise ValueError("no unit failed while another was at risk that outlived it, so there is no pair to be judged by.")
        return (self.concordant + 0.5 * self.tied) / pairs


def concordance(score: np.ndarray, rows: Rows) -> Concordance:
    """Harrell's concordance of a score, (n,) in the order of ``rows``, within strata, of all who are at risk at each failure.

    Units that fail at the same age make no pair. With late entry, and with several rows a unit, it is of the risk sets as they are
    (Therneau & Watson 2015, Mayo Clinic technical report 85). Time n log(n)^2, memory n.
    """
    if not len(rows.dead):
        return Concordance(0.0, 0.0, 0.0)
    rank = np.unique(score, return_inverse=True)[1]
    weight = rows.weight
    order = np.argsort(rank[rows.dead], kind="stable")
    dead = rows.dead[order]
    # at risk and outliving: those that leave later, less those that enter later (or are of a later stratum)
    left, entered = rows.end, rows.first
    counted = [_below(keys, rank, weight, rows.time[order], rank[dead]) for keys in (left, entered)]
    below, tied, total = (leaving - entering for leaving, entering in zip(*counted, strict=True))
    weights = weight[dead]
    return Concordance(float(weights @ below), float(weights @ (total - below - tied)), float(weights @ tied))


def _below(keys: np.ndarray, rank: np.ndarray, weight: np.ndarray, after: np.ndarray, than: np.ndarray) -> tuple[np.ndarray, ...]:
    """Of points with a key beyond ``after`` the weight of those that rank below ``than``, of those at it, and of all; (q,) each.

    The points beyond are the first so many in falling order of keys: a union of dyadic blocks, one for each bit of their
    number. Points are sorted by rank within the blocks of one size at a time.
    """
    order = np.argsort(-keys, kind="stable")
    number = np.searchsorted(-keys[order], -after)
    rank, weight = rank[order], weight[order]
    levels = int(rank.max()) + 1
    below, tied = np.zeros(len(after)), np.zeros(len(after))
    for bit in range(int(number.max(initial=0)).bit_length()):
        asked = np.flatnonzero(number >> bit & 1)
        block = (number[asked] >> bit + 1) << 1
        key = (np.arange(len(rank)) >> bit) * levels + rank
        sequence = np.argsort(key, kind="stable")
        up_to = np.concatenate([[0.0], np.cumsum(weight[sequence])])
        key = key[sequence]
        begin, low, high = (
            np.searchsorted(key, block * levels + than[asked] * inside + above) for inside, above in ((0, 0), (1, 0), (1, 1))
        )
        below[asked] += up_to[low] - up_to[begin]
        tied[asked] += up_to[high] - up_to[low]
    total = np.concatenate([[0.0], np.cumsum(weight)])[number]
    return below, tied, total
