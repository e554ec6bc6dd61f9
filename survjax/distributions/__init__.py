"""The pure core: lifetime distributions as JAX pytrees. ``LAWS`` is the registry; a new distribution adds its line here."""

from survjax.distributions.birnbaum_saunders import BirnbaumSaunders
from survjax.distributions.distribution import Distribution
from survjax.distributions.exponential import Exponential
from survjax.distributions.exponentiated_weibull import ExponentiatedWeibull
from survjax.distributions.frechet import Frechet
from survjax.distributions.gompertz import Gompertz
from survjax.distributions.gompertz_makeham import GompertzMakeham
from survjax.distributions.inverse_gaussian import InverseGaussian
from survjax.distributions.loglogistic import LogLogistic
from survjax.distributions.lognormal import LogNormal
from survjax.distributions.mixture import Mixture
from survjax.distributions.remaining_life import RemainingLife
from survjax.distributions.weibull import Weibull

LAWS: tuple[type[Distribution], ...] = (  # with parameters of their own
    Exponential,
    Weibull,
    LogNormal,
    LogLogistic,
    Gompertz,
    GompertzMakeham,
    ExponentiatedWeibull,
    Frechet,
    BirnbaumSaunders,
    InverseGaussian,
)
WRAPPERS: tuple[type[Distribution], ...] = (Mixture,)  # made of other distributions

__all__ = [
    "LAWS",
    "WRAPPERS",
    "BirnbaumSaunders",
    "Distribution",
    "Exponential",
    "ExponentiatedWeibull",
    "Frechet",
    "Gompertz",
    "GompertzMakeham",
    "InverseGaussian",
    "LogLogistic",
    "LogNormal",
    "Mixture",
    "RemainingLife",
    "Weibull",
]
