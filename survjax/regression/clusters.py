"""How sure a regression is where rows of one unit, or of one site, depend on each other: the sandwich."""

from __future__ import annotations

from typing import Any

import numpy as np

from survjax.data.columns import ROWS_COUNT_FROM, read_labels
from survjax.data.lifetimes import Lifetimes
from survjax.fitting.likelihood import COVARIATES, OF_ROW, chunks_with_covariates, row_log_likelihood
from survjax.numerics.linear_sums import slopes_of_rows
from survjax.regression.estimation import RegressionFit


def check_clusters(cluster: Any, unit: Any, n: int) -> np.ndarray:
    """The labels (n,) of clusters.

    Raises
    ------
    TypeError : the name of a column.
    ValueError : given beside ``unit``; another number of labels than rows; a label is missing; all rows are in one cluster.
    """
    if unit is not None:
        raise ValueError("unit= says that rows are stretches of one life, cluster= that they are not but depend on each other; give one.")
    if isinstance(cluster, str):
        raise TypeError(
            f"cluster must be a label for each row; got the text {cluster!r}. Of a frame pass the column, cluster=X[{cluster!r}]."
        )
    labels = read_labels(cluster, "cluster")
    if len(labels) != n:
        raise ValueError(f"cluster has {len(labels):,} labels and there are {n:,} rows; every row needs one.")
    unnamed = np.flatnonzero([label is None for label in labels])
    if unnamed.size:
        raise ValueError(f"cluster is missing in row {unnamed[0]} ({unnamed.size:,} such rows; {ROWS_COUNT_FROM}). Name it.")
    if len(set(labels)) < 2:
        raise ValueError(f"all rows are in cluster {labels[0]!r}; how far clusters differ can only be learned from several.")
    return labels


def scores_of_rows(fit: RegressionFit, covariates: np.ndarray, life: Lifetimes) -> np.ndarray:
    """The derivative (n, q) of each row's weighted log-likelihood in the coefficients."""
    predictors = fit.predictors
    layout = predictors.layout
    data = chunks_with_covariates(predictors.template, life, 1.0, covariates, of_row=True)
    told = [{kind: chunk._replace(columns=_without(chunk.columns, OF_ROW)) for kind, chunk in chunks.items()} for chunks in data]
    scores = np.zeros((len(life), layout.n_coefficients()))
    for chunks, slopes in zip(data, slopes_of_rows(row_log_likelihood, layout, predictors.template, fit.coefficients, told), strict=True):
        for kind, chunk in chunks.items():
            whose = np.asarray(chunk.columns[OF_ROW]).reshape(-1)
            weighted = np.asarray(slopes[kind]).reshape(len(whose), -1) * np.asarray(chunk.weights).reshape(-1, 1)
            known = np.asarray(chunk.columns[COVARIATES]).reshape(len(whose), -1)
            for k, (span, where) in enumerate(zip(layout.columns, layout.slices(), strict=True)):
                columns = 1.0 if span is None else known[:, span[0] : span[1]]
                np.add.at(scores[:, where], whose, weighted[:, k : k + 1] * columns)
    return scores


def sandwich(fit: RegressionFit, covariates: np.ndarray, life: Lifetimes, clusters: Any = None, *, of_units: bool = True) -> np.ndarray:
    r"""The covariance :math:`C (\sum_g u_g u_g^\top)\,C` with :math:`u_g` the score of cluster g (Huber 1967; White 1982).

    A row of weight w counts as w rows, each a cluster for itself or in one of w alike. (R's survreg takes it for one of w times the score.)

    Parameters
    ----------
    clusters : (n,) labels of what depends on each other; None: every row for itself.
    of_units : whether a weight w stands for w alike clusters, as of a unit; False: for w rows of the one cluster, as of a site.
    """
    counts = life.counts()
    scores = scores_of_rows(fit, covariates, life)
    if of_units:
        scores = scores / np.sqrt(np.where(counts > 0, counts, 1.0))[:, None]
    if clusters is not None:
        numbers = numbers_of(clusters)
        summed = np.zeros((int(numbers.max()) + 1, scores.shape[1]))
        np.add.at(summed, numbers, scores)
        scores = summed
    return fit.covariance @ (scores.T @ scores) @ fit.covariance


def _without(columns: dict[str, Any], name: str) -> dict[str, Any]:
    return {other: column for other, column in columns.items() if other != name}


def numbers_of(labels: Any) -> np.ndarray:
    """Which distinct label each of (n,) is, counted from 0 in the order of their first rows."""
    import pandas as pd

    return np.asarray(pd.factorize(np.asarray(labels))[0])
