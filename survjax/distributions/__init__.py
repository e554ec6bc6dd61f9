"""The pure core: lifetime distributions as JAX pytrees. ``ALL`` is the registry; a new distribution adds its line here."""

from survjax.distributions.distribution import Distribution
from survjax.distributions.exponential import Exponential
from survjax.distributions.mixture import Mixture
from survjax.distributions.remaining_life import RemainingLife
from survjax.distributions.weibull import Weibull

LAWS: tuple[type[Distribution], ...] = (Exponential, Weibull)  # with parameters of their own
WRAPPERS: tuple[type[Distribution], ...] = (Mixture,)  # made of other distributions

__all__ = ["LAWS", "WRAPPERS", "Distribution", "Exponential", "Mixture", "RemainingLife", "Weibull"]
