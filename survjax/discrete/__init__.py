"""Hazards in discrete time, with coefficients that may differ from unit to unit."""

from survjax.discrete.discrete_time_hazard import DiscreteTimeHazard

DiscreteTimeHazard.__module__ = "survjax"  # where users find it, and where a pickle looks

__all__ = ["DiscreteTimeHazard"]
