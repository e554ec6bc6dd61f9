"""The pure core: lifetime distributions as JAX pytrees. ``LAWS`` and ``WRAPPERS`` are the registry; a new one adds its line."""

from survjax.distributions.distribution import Distribution
from survjax.distributions.exponential import Exponential
from survjax.distributions.gamma import Gamma
from survjax.distributions.generalized_gamma import GeneralizedGamma
from survjax.distributions.largest_extreme_value import LargestExtremeValue
from survjax.distributions.logistic import Logistic
from survjax.distributions.mixture import Mixture
from survjax.distributions.normal import Normal
from survjax.distributions.piecewise_exponential import PiecewiseExponential
from survjax.distributions.remaining_life import RemainingLife
from survjax.distributions.royston_parmar import RoystonParmar
from survjax.distributions.smallest_extreme_value import SmallestExtremeValue
from survjax.distributions.weibull import Weibull

LAWS: tuple[type[Distribution], ...] = (  # with parameters of their own
    Exponential,
    Weibull,
    Gamma,
    GeneralizedGamma,
    PiecewiseExponential,
    RoystonParmar,
    Normal,
    Logistic,
    SmallestExtremeValue,
    LargestExtremeValue,
)
WRAPPERS: tuple[type[Distribution], ...] = (Mixture,)  # made of other distributions

__all__ = [
    "LAWS",
    "WRAPPERS",
    "Distribution",
    "Exponential",
    "Gamma",
    "GeneralizedGamma",
    "LargestExtremeValue",
    "Logistic",
    "Mixture",
    "Normal",
    "PiecewiseExponential",
    "RemainingLife",
    "RoystonParmar",
    "SmallestExtremeValue",
    "Weibull",
]
