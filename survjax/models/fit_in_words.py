"""A fit in a few lines of text, and as a table for a notebook."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from survjax.fitting.estimation import Fit
from survjax.regression.estimation import RegressionFit

if TYPE_CHECKING:
    import pandas as pd

WIDTH = 100
STICKS = "\N{NO-BREAK SPACE}"


def fit_in_words(
    call: str, fit: Fit | RegressionFit, names: Sequence[str], values: np.ndarray, errors: np.ndarray, counted: str | None = None
) -> str:
    """The learner's ``call``, what the fit rests on, and every estimate with its standard error; known parameters are in the call.

    counted : of how many units it is, if that is not all there is to say.
    """
    return estimates_in_words(f"{call} {_what_it_rests_on(fit, counted)}", names, values, errors)


def estimates_in_words(heading: str, names: Sequence[str], values: np.ndarray, errors: np.ndarray) -> str:
    """Every estimate with its standard error, under the heading; one with an error of 0 was known, and is not shown."""
    estimates = [_estimate(*one) for one in zip(names, values, errors, strict=True) if one[2] != 0.0]
    # a name and its value stay on one line
    lines = [line.replace(STICKS, " ") for line in textwrap.wrap(", ".join(estimates), WIDTH)]
    return "\n    ".join([heading, *lines])


def fit_as_html(call: str, fit: Fit | RegressionFit, summary: pd.DataFrame, notes: Sequence[str], counted: str | None = None) -> str:
    """The summary under the same heading, with the notes below."""
    return table_as_html(f"{call} {_what_it_rests_on(fit, counted)}", summary, notes)


def table_as_html(heading: str, summary: pd.DataFrame, notes: Sequence[str]) -> str:
    """A summary under a heading, with the notes below."""
    table = summary.to_html(float_format=lambda value: f"{value:.5g}")
    said = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f"<p>{escape(heading)}</p>{table}" + (f"<ul>{said}</ul>" if said else "")


def _what_it_rests_on(fit: Fit | RegressionFit, counted: str | None) -> str:
    stopped = "" if fit.converged else f", stopped short ({fit.reason})"
    prior = ", with a prior" if isinstance(fit, Fit) and fit.prior else ", penalised" if fit.penalty else ""
    counted = f"{fit.n_units:,.6g} units, {fit.n_failed:,.6g} failed" if counted is None else counted
    return rests_on(counted, fit.log_likelihood, prior + stopped)


def rests_on(counted: str, log_likelihood: float, more: str = "") -> str:
    return f"fitted to {counted}{more}, log-likelihood {log_likelihood:.6g}"


def _estimate(name: str, value: float, error: float) -> str:
    return f"{name} {value:.4g} ({'no s.e.' if np.isnan(error) else f's.e. {error:.2g}'})".replace(" ", STICKS)
