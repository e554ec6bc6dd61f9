"""Any parameters of a distribution as functions of covariates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from survjax.covariates.design import Design
from survjax.distributions import Distribution, Mixture
from survjax.models.regression import Regression
from survjax.regression.predictors import Predictor, Predictors, coordinate_names


class ParameterRegression(Regression):
    r"""A distribution of which any parameters are functions of the covariates, each on the scale without ends that it has.

    The logarithm of a positive parameter, the log-odds of a probability or of one of two weights (the log-ratio to the last of
    several), a location or another real number itself is a linear function :math:`x^\top\beta` with an intercept.

    Parameters
    ----------
    base : a learner or distribution; values given to it are known.
    formulas : for parameters by name a formula, ``{"scale": "~ temperature", "shape": "~ C(brand)", "weight_0": "~ plant"}``. In a
        mixture a bare name stands for that parameter of every component, each with coefficients of its own. ``"~ ."``: every column.
    penalty : ridge; half of it times the sum of squared coefficients of standardised columns is taken off the log-likelihood.
    errors : "model", from the observed information, or "robust", the sandwich (by ``unit`` where fit is given labels).

    Coefficients are called ``scale[temperature]``; components stand in the order given.

    References
    ----------
    Rigby & Stasinopoulos (2005), Generalized additive models for location, scale and shape, Applied Statistics 54.

    Examples
    --------
    >>> import survjax as sj
    >>> X = {"load": [1.0, 2.0, 3.0, 1.5, 2.5, 0.5]}
    >>> model = sj.ParameterRegression(sj.Weibull(), {"scale": "~ load"})
    >>> model.fit(X, sj.Lifetimes([30, 21, 12, 28, 15, 40], [1, 1, 1, 1, 1, 0])).parameters_.index.to_list()
    ['shape', 'scale[Intercept]', 'scale[load]']
    """

    def __init__(self, base: Any, formulas: Mapping[str, str], *, penalty: float = 0.0, errors: str = "model") -> None:
        self.base = base
        self.formulas = formulas
        self.penalty = penalty
        self.errors = errors

    def _predictors(self, base: Distribution, X: Any, weights: np.ndarray) -> tuple[Predictors, list[np.ndarray]]:
        names = coordinate_names(base)
        if not isinstance(self.formulas, Mapping) or not self.formulas:
            raise TypeError(
                f'formulas must be a mapping from parameters to formulas, {{"{names[0]}": "~ temperature"}}; got {self.formulas!r}.'
            )
        wanted: dict[int, str] = {}
        for name, formula in self.formulas.items():
            for coordinate in self._coordinates(name, base, names):
                if coordinate in wanted:
                    raise ValueError(f"{names[coordinate]} has two formulas, {wanted[coordinate]!r} and {formula!r}; give one.")
                wanted[coordinate] = formula
        each, matrices = [], []
        for coordinate, formula in sorted(wanted.items()):
            every = isinstance(formula, str) and formula.replace(" ", "") in ("~.", ".")
            if not isinstance(formula, str):
                raise TypeError(f'the formula of {names[coordinate]} must be text, "~ temperature"; got {formula!r}.')
            design, matrix = Design.learn_matrix(X, None if every else formula, intercept=True, weights=weights)
            each.append(Predictor(coordinate, names[coordinate], design))
            matrices.append(matrix)
        return Predictors(base, tuple(each)), matrices

    def _formulas(self) -> list[str | None]:
        return list(self.formulas.values()) if isinstance(self.formulas, Mapping) else []

    def _can_be_over_one(self, mixture: Distribution) -> bool:
        return isinstance(mixture, Mixture) and set(self.formulas) <= set(coordinate_names(mixture.components[0]))

    @staticmethod
    def _coordinates(name: str, base: Distribution, names: list[str]) -> list[int]:
        found = [k for k, own in enumerate(names) if own == name or re.fullmatch(re.escape(str(name)) + r"(_\d+)+", own)]
        if found:
            return found
        parameters = base.parameters()
        if name in parameters and parameters[name].value is not None:
            raise ValueError(f"{name} is known, {parameters[name].value:g}, and cannot follow covariates; leave it None.")
        if name in parameters:
            raise ValueError(f"{name} is what the other weights leave over; give formulas for the others.")
        raise ValueError(f"{type(base).__name__} has no parameter {name!r} to be learned; there are {', '.join(names)}.")
