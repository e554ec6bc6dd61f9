"""The learners: scikit-learn's face, NumPy in and out, double precision inside."""

from collections.abc import Callable

from survjax.models.competing_risks import CompetingRisks
from survjax.models.defective_subpopulation import DefectiveSubpopulation
from survjax.models.mixtures import Mixture, WeibullMixture
from survjax.models.model import Model
from survjax.models.named import NAMED_MODELS

LEARNERS: dict[str, Callable[..., Model]] = {
    "Model": Model,
    **NAMED_MODELS,
    "CompetingRisks": CompetingRisks,
    "DefectiveSubpopulation": DefectiveSubpopulation,
    "Mixture": Mixture,
    "WeibullMixture": WeibullMixture,
}

for _learner in (Model, CompetingRisks, DefectiveSubpopulation, Mixture, WeibullMixture):
    _learner.__module__ = "survjax"  # where users find it, and where a pickle looks

__all__ = ["LEARNERS", "NAMED_MODELS", "CompetingRisks", "DefectiveSubpopulation", "Mixture", "Model", "WeibullMixture"]
