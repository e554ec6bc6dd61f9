"""What a fit of a user's likelihood says of itself: estimates and their errors, words, pickle and file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from survjax.engine.estimation import LikelihoodFit
from survjax.engine.problem import Problem
from survjax.models.arguments import check_level
from survjax.models.estimator import Estimator
from survjax.models.fit_in_words import estimates_in_words, table_as_html
from survjax.models.intervals import wald_limits
from survjax.models.kept_fit import FitEnding
from survjax.models.precision import in_double_precision
from survjax.models.tables import by_name, covariance_by_name, errors_by_name, limits_by_name

if TYPE_CHECKING:
    import pandas as pd


class LikelihoodFindings(FitEnding[LikelihoodFit], Estimator):
    """What every fitted likelihood tells; how it learns, and its intervals, are the business of ``MaximumLikelihood``."""

    log_likelihood: Callable[..., Any]
    parameters: Mapping[str, Any]
    per: str
    errors: str
    _fit_call = "fit(data)"
    _problem: Problem | None = None
    _clusters: np.ndarray | None = None

    # ---- what was learned

    @property
    def parameters_(self) -> pd.Series:
        """Estimates by name, entries of a vector as ``beta[x1]``; known numbers included."""
        return by_name(self._fitted.space.names, self._fitted.values)

    @property
    def standard_errors_(self) -> pd.Series:
        """Standard errors of ``parameters_``; 0 for known numbers."""
        return errors_by_name(self._fitted.space.names, self._fitted.covariance)

    @property
    def covariance_(self) -> pd.DataFrame:
        """Covariance of ``parameters_`` (m, m)."""
        return covariance_by_name(self._fitted.space.names, self._fitted.covariance)

    @property
    @in_double_precision
    def estimates_(self) -> dict[str, Any]:
        """Every parameter as the function sees it: by name, in its shape, a float or a NumPy array; known ones included."""
        bound = jax.device_get(self._fitted.space.bind(self._fitted.coordinates))
        return {name: float(value) if np.ndim(value) == 0 else np.asarray(value) for name, value in bound.items()}

    @property
    def log_likelihood_(self) -> float:
        """The log-likelihood of the data of the fit, weights counted."""
        return self._fitted.log_likelihood

    @property
    def aic_(self) -> float:
        """Akaike's criterion: twice the numbers learned less twice the log-likelihood."""
        return 2.0 * self._fitted.n_learned - 2.0 * self.log_likelihood_

    @property
    def bic_(self) -> float:
        """Schwarz's criterion, n being the sum of the weights."""
        return float(np.log(self._fitted.n_units)) * self._fitted.n_learned - 2.0 * self.log_likelihood_

    @property
    def n_starts_(self) -> int:
        """From how many starts the maximum was looked for, and (``n_hits_``) how many of them reached it."""
        return self._fitted.n_starts

    @property
    def n_hits_(self) -> int:
        return self._fitted.n_hits

    @property
    def notes_(self) -> list[str]:
        """What the reader of this fit should know, in sentences; empty when there is nothing to say."""
        return list(self._fitted.notes)

    @property
    @in_double_precision
    def path_(self) -> pd.DataFrame:
        """The parameters at each step of the optimiser, from the start (row 0) to the maximum."""
        import pandas as pd

        fit = self._fitted
        values = np.asarray(jax.vmap(fit.space.values)(fit.path))
        return pd.DataFrame(values, columns=fit.space.names).rename_axis("step")

    @property
    def summary_(self) -> pd.DataFrame:
        """Estimate, standard error and 95 % limits of every parameter."""
        return self.summary()

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Estimate, standard error and Wald limits at ``level`` of every parameter; one row a parameter."""
        check_level(level)
        table = wald_table(self._fitted, level)
        table.insert(1, "standard error", self.standard_errors_)
        return table

    # ---- shown

    def __repr__(self) -> str:
        """The function and its parameters; once fitted the estimates with their standard errors and what they rest on."""
        if self._fit is None:
            return f"MaximumLikelihood({self._called()}, {', '.join(self.parameters)})"
        return estimates_in_words(self._heading(), self._fit.space.names, self._fit.values, np.sqrt(np.diag(self._fit.covariance)))

    def _repr_html_(self) -> str | None:
        return None if self._fit is None else table_as_html(self._heading(), self.summary(), self.notes_)

    def _called(self) -> str:
        return getattr(self.log_likelihood, "__name__", type(self.log_likelihood).__name__)

    def _heading(self) -> str:
        fit = self._fitted
        stopped = "" if fit.converged else f", stopped short ({fit.reason})"
        errors = ", robust errors" if self.errors == "robust" else ""
        rows = f"{fit.n_units:,.6g} rows{errors}{stopped}"
        return f"MaximumLikelihood({self._called()}) fitted to {rows}, log-likelihood {fit.log_likelihood:.6g}"

    def __getstate__(self) -> dict[str, Any]:
        # The data are the user's and may be large: a pickle holds the model, not the rows.
        return {name: value for name, value in vars(self).items() if name not in ("_problem", "_clusters")}

    def save(self, path: str | Path) -> None:
        """Write the fit as JSON that a person can read: estimates, covariance, domains, known values, how the search ended.

        ``survjax.load`` reads it. Neither the data nor the function is in the file, and nothing is imported from it: summaries, Wald
        limits and functions of the parameters need neither; give the function back with ``sj.load(path, log_likelihood=function)`` for
        ``score`` and ``fit``. Likelihood limits and the bootstrap need another fit.

        Raises
        ------
        NotFitted : nothing was learned. TypeError : a domain, or a known value, that no file can hold. FileNotFoundError,
        IsADirectoryError : the path cannot be written.
        """
        from survjax.engine.file import write_likelihood

        write_likelihood(self, Path(path))

    @classmethod
    def _from_content(cls, content: dict[str, Any]) -> Any:
        """The model that the content of a file describes."""
        from survjax.engine.file import restore_likelihood

        return restore_likelihood(content)


def wald_table(fit: LikelihoodFit, level: float, side: str = "two") -> pd.DataFrame:
    """The parameters with their Wald limits."""
    errors = np.sqrt(np.diag(fit.covariance))
    return limits_by_name(fit.space.names, fit.values, *wald_limits(fit.values, errors, fit.space.domains, level, side))
