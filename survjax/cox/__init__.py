"""Cox regression: hazards that covariates multiply, over a baseline that is left open."""

from survjax.cox.cox_proportional_hazards import CoxProportionalHazards

__all__ = ["CoxProportionalHazards"]
