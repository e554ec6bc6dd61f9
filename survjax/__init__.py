"""Survival analysis for fleets of machines: which units will fail, how many, when, and how sure that is.

>>> import survjax as sj
>>> life = sj.Lifetimes([33, 44, 52, 61, 70], [1, 0, 1, 1, 0])
>>> model = sj.Weibull().fit(life)

Everything is imported when first used: ``import survjax`` costs little beyond ``import jax``.
"""

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Lifetimes": "survjax.data.lifetimes",
    "Recurrences": "survjax.data.recurrences",
    "History": "survjax.covariates.histories",
    "Landmarks": "survjax.covariates.landmark_rows",
    "from_sensor_log": "survjax.covariates.sensor_log",
    "ReadingWindows": "survjax.covariates.reading_windows",
    "Prior": "survjax.fitting.prior",
    "Model": "survjax.models",
    "Exponential": "survjax.models",
    "Weibull": "survjax.models",
    "LogNormal": "survjax.models",
    "LogLogistic": "survjax.models",
    "Gompertz": "survjax.models",
    "GompertzMakeham": "survjax.models",
    "ExponentiatedWeibull": "survjax.models",
    "Frechet": "survjax.models",
    "BirnbaumSaunders": "survjax.models",
    "InverseGaussian": "survjax.models",
    "Gamma": "survjax.models",
    "GeneralizedGamma": "survjax.models",
    "PiecewiseExponential": "survjax.models",
    "RoystonParmar": "survjax.models",
    "Normal": "survjax.models",
    "Logistic": "survjax.models",
    "SmallestExtremeValue": "survjax.models",
    "LargestExtremeValue": "survjax.models",
    "CompetingRisks": "survjax.models",
    "DefectiveSubpopulation": "survjax.models",
    "ZeroInflated": "survjax.models",
    "Threshold": "survjax.models",
    "UnitFrailty": "survjax.models",
    "Mixture": "survjax.models",
    "WeibullMixture": "survjax.models",
    "ProportionalHazards": "survjax.models",
    "AcceleratedFailureTime": "survjax.models",
    "ParameterRegression": "survjax.models",
    "CompetingEvents": "survjax.models",
    "HazardScaling": "survjax.models",
    "Frailty": "survjax.models",
    "MaximumLikelihood": "survjax.engine",
    "SimulatedLogLikelihood": "survjax.fitting.simulated_likelihood",
    "normal_draws": "survjax.fitting.simulated_likelihood",
    "Distribution": "survjax.distributions",
    "Positive": "survjax.parameters",
    "Duration": "survjax.parameters",
    "Rate": "survjax.parameters",
    "Real": "survjax.parameters",
    "Location": "survjax.parameters",
    "Probability": "survjax.parameters",
    "Share": "survjax.parameters",
    "KaplanMeier": "survjax.nonparametric",
    "NelsonAalen": "survjax.nonparametric",
    "Turnbull": "survjax.nonparametric",
    "AalenJohansen": "survjax.nonparametric",
    "MeanCumulativeFunction": "survjax.nonparametric",
    "log_rank_test": "survjax.nonparametric",
    "CoxProportionalHazards": "survjax.cox",
    "NeuralHazard": "survjax.neural",
    "NeuralMixture": "survjax.neural",
    "DiscreteTimeHazard": "survjax.discrete",
    "rank_regression": "survjax.adequacy.rank_lines",
    "WeibayesLowerBound": "survjax.weibayes",
    "weibayes_lower_bound": "survjax.weibayes",
    "load": "survjax.models.model_file",
    "compare": "survjax.comparison",
    "cross_validate": "survjax.cross_validation",
    "compare_with_lifelines": "survjax.yardstick",
    "enable_compilation_cache": "survjax.compilation",
    "NotConverged": "survjax.errors",
    "NoFiniteMaximum": "survjax.errors",
    "NotFitted": "survjax.errors",
    "ModelFileError": "survjax.errors",
}
_MODULES = {
    "datasets": "survjax.datasets",
    "distributions": "survjax.distributions",
    "metrics": "survjax.metrics",
    "optimise": "survjax.optimise",
    "plotting": "survjax.plotting",
    "features": "survjax.covariates.features",
    "relations": "survjax.covariates.relations",
}

__all__ = [*_HOMES, *_MODULES, "__version__"]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    if name not in _HOMES:
        from survjax.names_elsewhere import LIFELINES

        own = f"; lifelines' {name} is {LIFELINES[name]}" if name in LIFELINES else ""
        raise AttributeError(f"module 'survjax' has no attribute {name!r}{own}")
    home = importlib.import_module(_HOMES[name])
    value = home.LEARNERS[name] if _HOMES[name] == "survjax.models" else getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
