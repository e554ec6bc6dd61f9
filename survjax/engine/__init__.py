"""The likelihood engine: maximum likelihood for a log-likelihood that a user wrote."""

from survjax.engine.maximum_likelihood import MaximumLikelihood

__all__ = ["MaximumLikelihood"]
