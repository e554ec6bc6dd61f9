"""Sums over the entries that lie before a place and below a value."""

from __future__ import annotations

import numpy as np


def weight_below(values: np.ndarray, weights: np.ndarray, places: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """For each query the weight of the entries before its place whose value is below its bound.

    The entries are parted by the bits of their values, from the highest, each time in their order (a wavelet matrix; Claude &
    Navarro 2012), so that a query costs one look a bit: O((n + q) log n) in time, O(n + q) in memory.

    Parameters
    ----------
    values : (n,) whole numbers from 0. weights : (n,).
    places : (q,) from 0 to n. bounds : (q,) whole numbers from 0 to one beyond the largest value.

    Returns
    -------
    (q,) sums.
    """
    found = np.zeros(len(places))
    begin, end = np.zeros(len(places), dtype=np.int64), places.astype(np.int64)
    highest = max(int(values.max(initial=0)), int(bounds.max(initial=0)))
    for bit in reversed(range(highest.bit_length())):
        high = (values >> bit & 1).astype(bool)
        low_before = np.concatenate([[0], np.cumsum(~high)])
        weight_before = np.concatenate([[0.0], np.cumsum(np.where(high, 0.0, weights))])
        above = (bounds >> bit & 1).astype(bool)
        found[above] += weight_before[end[above]] - weight_before[begin[above]]
        low_begin, low_end = low_before[begin], low_before[end]
        begin = np.where(above, low_before[-1] + begin - low_begin, low_begin)
        end = np.where(above, low_before[-1] + end - low_end, low_end)
        values = np.concatenate([values[~high], values[high]])
        weights = np.concatenate([weights[~high], weights[high]])
    return found
