"""The learners: scikit-learn's face, NumPy in and out, double precision inside."""

from collections.abc import Callable
from typing import Any

from survjax.models.accelerated_failure_time import AcceleratedFailureTime
from survjax.models.competing_events import CompetingEvents
from survjax.models.competing_risks import CompetingRisks
from survjax.models.defective_subpopulation import DefectiveSubpopulation
from survjax.models.frailty import Frailty
from survjax.models.hazard_scaling import HazardScaling
from survjax.models.mixtures import Mixture, WeibullMixture
from survjax.models.model import Model
from survjax.models.named import NAMED_MODELS
from survjax.models.parameter_regression import ParameterRegression
from survjax.models.proportional_hazards import ProportionalHazards
from survjax.models.unit_frailty import UnitFrailty

LEARNERS: dict[str, Callable[..., Any]] = {
    "Model": Model,
    **NAMED_MODELS,
    "CompetingRisks": CompetingRisks,
    "DefectiveSubpopulation": DefectiveSubpopulation,
    "Mixture": Mixture,
    "WeibullMixture": WeibullMixture,
    "ProportionalHazards": ProportionalHazards,
    "AcceleratedFailureTime": AcceleratedFailureTime,
    "ParameterRegression": ParameterRegression,
    "CompetingEvents": CompetingEvents,
    "HazardScaling": HazardScaling,
    "Frailty": Frailty,
    "UnitFrailty": UnitFrailty,
}

for _learner in (*LEARNERS.values(),):
    _learner.__module__ = "survjax"  # where users find it, and where a pickle looks

__all__ = ["LEARNERS", "NAMED_MODELS"]
