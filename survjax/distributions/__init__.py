"""The pure core: lifetime distributions as JAX pytrees. ``ALL`` is the registry; a new distribution adds its line here."""

from survjax.distributions.distribution import Distribution
from survjax.distributions.exponential import Exponential
from survjax.distributions.lognormal import LogNormal
from survjax.distributions.mixture import Mixture
from survjax.distributions.remaining_life import RemainingLife
from survjax.distributions.weibull import Weibull

LAWS: tuple[type[Distribution], ...] = (Exponential, LogNormal, Weibull)  # with parameters of their own
WRAPPERS: tuple[type[Distribution], ...] = (Mixture,)  # made of other distributions

__all__ = ["LAWS", "WRAPPERS", "Distribution", "Exponential", "LogNormal", "Mixture", "RemainingLife", "Weibull"]
