"""The pure core: lifetime distributions as JAX pytrees. ``LAWS`` and ``WRAPPERS`` are the registry; a new one adds its line."""

from survjax.distributions.birnbaum_saunders import BirnbaumSaunders
from survjax.distributions.competing_risks import CompetingRisks
from survjax.distributions.defective_subpopulation import DefectiveSubpopulation
from survjax.distributions.distribution import Distribution
from survjax.distributions.exponential import Exponential
from survjax.distributions.exponentiated_weibull import ExponentiatedWeibull
from survjax.distributions.frechet import Frechet
from survjax.distributions.gamma import Gamma
from survjax.distributions.generalized_gamma import GeneralizedGamma
from survjax.distributions.gompertz import Gompertz
from survjax.distributions.gompertz_makeham import GompertzMakeham
from survjax.distributions.inverse_gaussian import InverseGaussian
from survjax.distributions.largest_extreme_value import LargestExtremeValue
from survjax.distributions.logistic import Logistic
from survjax.distributions.loglogistic import LogLogistic
from survjax.distributions.lognormal import LogNormal
from survjax.distributions.mixture import Mixture
from survjax.distributions.normal import Normal
from survjax.distributions.piecewise_exponential import PiecewiseExponential
from survjax.distributions.remaining_life import RemainingLife
from survjax.distributions.royston_parmar import RoystonParmar
from survjax.distributions.scaled_hazard import ScaledHazard
from survjax.distributions.scaled_time import ScaledTime
from survjax.distributions.smallest_extreme_value import SmallestExtremeValue
from survjax.distributions.threshold import Threshold
from survjax.distributions.unit_frailty import UnitFrailty
from survjax.distributions.weibull import Weibull
from survjax.distributions.zero_inflated import ZeroInflated

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
    Gamma,
    GeneralizedGamma,
    PiecewiseExponential,
    RoystonParmar,
    Normal,
    Logistic,
    SmallestExtremeValue,
    LargestExtremeValue,
)
WRAPPERS: tuple[type[Distribution], ...] = (  # made of other distributions
    Mixture,
    CompetingRisks,
    DefectiveSubpopulation,
    ZeroInflated,
    Threshold,
    UnitFrailty,
)

__all__ = [
    "LAWS",
    "WRAPPERS",
    "BirnbaumSaunders",
    "CompetingRisks",
    "DefectiveSubpopulation",
    "Distribution",
    "Exponential",
    "ExponentiatedWeibull",
    "Frechet",
    "Gamma",
    "GeneralizedGamma",
    "Gompertz",
    "GompertzMakeham",
    "InverseGaussian",
    "LargestExtremeValue",
    "LogLogistic",
    "LogNormal",
    "Logistic",
    "Mixture",
    "Normal",
    "PiecewiseExponential",
    "RemainingLife",
    "RoystonParmar",
    "ScaledHazard",
    "ScaledTime",
    "SmallestExtremeValue",
    "Threshold",
    "UnitFrailty",
    "Weibull",
    "ZeroInflated",
]
