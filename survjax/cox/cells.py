"""Cells, units times ages, at which it is asked how sure a prediction is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from survjax.cox.baseline import blocks
from survjax.cox.doubt import Doubts
from survjax.cox.predictions import Asked


class Cells(NamedTuple):
    """Units times times of one stratum: the standardised covariates of all units (n, p), and of each cell its unit and log factor (c,)."""

    stratum: int
    inside: np.ndarray
    unit: np.ndarray
    log_factor: np.ndarray


def of_cells(doubts: Doubts, what: Asked, columns: list[np.ndarray], rule: Callable[..., Any]) -> tuple[np.ndarray, np.ndarray]:
    """Two columns (c,), as a link and its standard error, by a rule of (doubts, cells, *columns), stratum by stratum."""
    link, error = np.empty(len(columns[0])), np.empty(len(columns[0]))
    inside = doubts.fit.design.standardised(what.covariates)
    unit = np.repeat(np.arange(len(what.code)), what.columns[0].shape[1])
    for stratum in np.unique(what.code).tolist():
        some = np.flatnonzero(what.code[unit] == stratum)
        cells = Cells(stratum, inside, unit[some], what.log_factor[unit[some]])
        link[some], error[some] = rule(doubts, cells, *(column[some] for column in columns))
    return link, error


def of_spans(doubts: Doubts, cells: Cells, start: np.ndarray, stop: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The logarithm of the cumulative hazard over spans of age, -inf and without error where nobody failed."""
    fit, curve = doubts.fit, doubts.fit.baselines[cells.stratum]
    link, error = curve.log_between(start, stop) + cells.log_factor, np.zeros(len(start))
    spans = np.column_stack([curve.failures_up_to(start), curve.failures_up_to(stop)])
    seen = np.flatnonzero(spans[:, 1] > spans[:, 0])
    if not seen.size:
        return link, error
    different, of = np.unique(spans[seen], axis=0, return_inverse=True)
    doubt = doubts.of_spans(cells.stratum, *different.T)
    for block in blocks(len(seen), len(fit.design.names)):
        z = cells.inside[cells.unit[seen[block]]]
        error[seen[block]] = np.sqrt(doubt.variance(of.reshape(-1)[block], z, doubts.covariance))
    return link, error
