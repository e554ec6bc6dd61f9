"""What a fitted model tells of itself: parameters, criteria, the way to them, tables, words, a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution
from survjax.errors import NotFitted
from survjax.fitting.estimation import Fit, fully_known
from survjax.fitting.prior import prior_in_words
from survjax.models.arguments import check_level, prediction_arguments
from survjax.models.estimator import Estimator
from survjax.models.fit_in_words import fit_as_html, fit_in_words
from survjax.models.intervals import interval_of_parameters
from survjax.models.precision import in_double_precision
from survjax.models.predictions import density_on_path, values_on_path
from survjax.models.tables import by_name, covariance_by_name, errors_by_name
from survjax.models.template import as_template
from survjax.numerics.blocks import map_rows
from survjax.numerics.pytrees import in_plain_numbers

if TYPE_CHECKING:
    import pandas as pd


class ModelFindings(Estimator):
    """What every fitted model tells; how it learns and predicts is the business of ``Model``."""

    distribution: Distribution
    _fit: Fit | None = None
    lifetimes_: Lifetimes | None = None

    def _template(self) -> Distribution:
        return as_template(self.distribution)

    @property
    def _fitted(self) -> Fit:
        if self._fit is not None:
            return self._fit
        template = self._template()
        if template.n_coordinates():
            unknown = [name for name, parameter in template.parameters().items() if parameter.value is None]
            raise NotFitted(f"{type(self).__name__} has still to learn {', '.join(unknown)}: call fit(lifetimes) first, or give them all.")
        return fully_known(template)

    def __sklearn_is_fitted__(self) -> bool:
        return self._fit is not None or self._template().n_coordinates() == 0

    # ---- what was learned

    @property
    @in_double_precision
    def distribution_(self) -> Distribution:
        """The fitted distribution, parameters as Python floats, knots and breaks as arrays: the door to the JAX core.

        Its methods compute in the precision of your own JAX configuration: 32 bits unless ``jax.enable_x64`` is on.
        """
        return in_plain_numbers(self._fitted.distribution())

    @property
    def parameters_(self) -> pd.Series:
        """All parameters by name, known ones included; nan where the data identify none."""
        return by_name(self._fitted.names, self._fitted.values)

    @property
    def standard_errors_(self) -> pd.Series:
        """Standard errors of ``parameters_``, from the observed information and the prior, if any; 0 for known parameters."""
        return errors_by_name(self._fitted.names, self._fitted.covariance)

    @property
    def covariance_(self) -> pd.DataFrame:
        """Covariance of ``parameters_`` (m, m); the k weights of a mixture count for k - 1."""
        return covariance_by_name(self._fitted.names, self._fitted.covariance)

    @property
    def log_likelihood_(self) -> float:
        """The log-likelihood of the data of the fit, densities per unit of time; without the penalty of a prior."""
        return self._learned("log_likelihood")

    @property
    def aic_(self) -> float:
        """Akaike's criterion: twice the parameters learned less twice the log-likelihood. Refused with a prior (ValueError)."""
        self._refuse_penalised("aic_")
        return 2.0 * self._learned("n_learned") - 2.0 * self.log_likelihood_

    @property
    def bic_(self) -> float:
        """Schwarz's criterion, n being the number of units (the sum of the weights). Refused with a prior (ValueError)."""
        self._refuse_penalised("bic_")
        return float(np.log(self._learned("n_units"))) * self._learned("n_learned") - 2.0 * self.log_likelihood_

    def _refuse_penalised(self, criterion: str) -> None:
        if self._learned("prior"):
            raise ValueError(
                f"{criterion} compares fits of maximum likelihood, and this one is penalised by a prior: its log-likelihood is not the "
                "highest, and a parameter that the prior holds is not wholly learned. Compare the score of data held out."
            )

    @property
    def converged_(self) -> bool:
        return self._learned("converged")

    @property
    def stop_reason_(self) -> str:
        """Why the optimiser stopped: ``converged``, ``at_rounding_floor``, ``flat``, ``step_limit``, …"""
        return self._learned("reason")

    @property
    def n_steps_(self) -> int:
        return self._learned("n_steps")

    @property
    def n_starts_(self) -> int:
        """From how many starts the optimum was looked for, and (``n_hits_``) how many of them reached it."""
        return self._learned("n_starts")

    @property
    def n_hits_(self) -> int:
        return self._learned("n_hits")

    @property
    def notes_(self) -> list[str]:
        """What the reader of this fit should know, in sentences; empty when there is nothing to say."""
        return list(self._learned("notes"))

    def _learned(self, name: str) -> Any:
        if self._fit is None or np.isnan(self._fit.log_likelihood):
            if self._template().n_coordinates() == 0:
                raise NotFitted(
                    f"{self.constructor()} is fully known and has seen no data: call fit(lifetimes) for the likelihood of some."
                )
            raise NotFitted(f"{type(self).__name__} has not been fitted to data: call fit(lifetimes) first.")
        return getattr(self._fit, name)

    @property
    @in_double_precision
    def path_(self) -> pd.DataFrame:
        """The parameters at each step of the optimiser, from the start (row 0) to the optimum."""
        import pandas as pd

        path = self._learned_path()
        values = map_rows(values_on_path, self._fitted.path_template, np.arange(len(path), dtype=float), *path.T)
        return pd.DataFrame(values, columns=list(self._fitted.path_template.parameters())).rename_axis("step")

    @in_double_precision
    def densities_on_path(self, t: Any) -> np.ndarray:
        """The density at ages t (n,) at each step of the optimiser, (steps + 1, n): what the learning picture shows."""
        (times,), _ = prediction_arguments(self._fitted.template.start_of_support, t=t)
        path = self._learned_path()
        columns = [np.repeat(column, len(times)) for column in path.T]
        values = map_rows(density_on_path, self._fitted.path_template, np.tile(times, len(path)), *columns)
        return values.reshape(len(path), len(times))

    def _learned_path(self) -> np.ndarray:
        path = self._learned("path")
        if not path.size:
            raise NotFitted("the path of the optimiser is not kept in a model file, and a known model has none; fit again to see it.")
        return path

    @property
    def summary_(self) -> pd.DataFrame:
        """Estimate, standard error and 95 % limits of every parameter."""
        return self.summary()

    @in_double_precision
    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Estimate, standard error and Wald limits at ``level`` of every parameter; one row a parameter.

        A penalised fit says so in a last column, ``penalised by prior``, with the prior of each parameter.
        """
        check_level(level)
        table = interval_of_parameters(self._fitted, level, "two")
        table.insert(1, "standard error", self.standard_errors_)
        if self._fitted.prior:
            words = prior_in_words(self._fitted.prior, self._fitted.template)
            table["penalised by prior"] = [words.get(name, "") for name in table.index]
        return table

    # ---- shown

    def __repr__(self) -> str:
        """The constructor's call; once fitted also the estimates with their standard errors and what they rest on."""
        fit = self._fit
        if fit is None:
            return self.constructor()
        return fit_in_words(self.constructor(), fit, fit.names, fit.values, np.sqrt(np.diag(fit.covariance)))

    def _repr_html_(self) -> str | None:
        return None if self._fit is None else fit_as_html(self.constructor(), self._fit, self.summary(), self.notes_)

    # ---- keeping

    def known(self) -> Distribution:
        """The fitted distribution with everything known: a template for a larger model."""
        return self.distribution_

    def save(self, path: str | Path) -> None:
        """Write the model as JSON that a person can read: parameters, covariance, how the fit went, version."""
        from survjax.models.model import Model
        from survjax.models.model_file import write_model

        write_model(cast(Model, self), Path(path))

    def __getstate__(self) -> dict[str, Any]:
        # The data are the user's and may be large: a pickle holds the model, not the fleet.
        return {name: value for name, value in vars(self).items() if name != "lifetimes_"}
