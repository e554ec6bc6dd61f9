# Written by `make stubs` from the registry of distributions; a test holds it fresh.

from collections.abc import Sequence

from survjax import datasets as datasets
from survjax import distributions as distributions
from survjax import metrics as metrics
from survjax import optimise as optimise
from survjax import plotting as plotting
from survjax.adequacy.rank_lines import rank_regression as rank_regression
from survjax.comparison import compare as compare
from survjax.compilation import enable_compilation_cache as enable_compilation_cache
from survjax.covariates import features as features
from survjax.covariates import relations as relations
from survjax.covariates.histories import History as History
from survjax.covariates.landmark_rows import Landmarks as Landmarks
from survjax.covariates.reading_windows import ReadingWindows as ReadingWindows
from survjax.covariates.sensor_log import from_sensor_log as from_sensor_log
from survjax.cox import CoxProportionalHazards as CoxProportionalHazards
from survjax.cross_validation import cross_validate as cross_validate
from survjax.data.lifetimes import Lifetimes as Lifetimes
from survjax.data.recurrences import Recurrences as Recurrences
from survjax.discrete import DiscreteTimeHazard as DiscreteTimeHazard
from survjax.distributions import Distribution as Distribution
from survjax.engine import MaximumLikelihood as MaximumLikelihood
from survjax.errors import ModelFileError as ModelFileError
from survjax.errors import NoFiniteMaximum as NoFiniteMaximum
from survjax.errors import NotConverged as NotConverged
from survjax.errors import NotFitted as NotFitted
from survjax.fitting.prior import Prior as Prior
from survjax.fitting.simulated_likelihood import SimulatedLogLikelihood as SimulatedLogLikelihood
from survjax.fitting.simulated_likelihood import normal_draws as normal_draws
from survjax.models import AcceleratedFailureTime as AcceleratedFailureTime
from survjax.models import CompetingEvents as CompetingEvents
from survjax.models import CompetingRisks as CompetingRisks
from survjax.models import DefectiveSubpopulation as DefectiveSubpopulation
from survjax.models import Frailty as Frailty
from survjax.models import HazardScaling as HazardScaling
from survjax.models import Mixture as Mixture
from survjax.models import Model as Model
from survjax.models import ParameterRegression as ParameterRegression
from survjax.models import ProportionalHazards as ProportionalHazards
from survjax.models import UnitFrailty as UnitFrailty
from survjax.models import WeibullMixture as WeibullMixture
from survjax.models.model_file import load as load
from survjax.neural import NeuralHazard as NeuralHazard
from survjax.neural import NeuralMixture as NeuralMixture
from survjax.nonparametric import AalenJohansen as AalenJohansen
from survjax.nonparametric import KaplanMeier as KaplanMeier
from survjax.nonparametric import MeanCumulativeFunction as MeanCumulativeFunction
from survjax.nonparametric import NelsonAalen as NelsonAalen
from survjax.nonparametric import Turnbull as Turnbull
from survjax.nonparametric import log_rank_test as log_rank_test
from survjax.parameters import Duration as Duration
from survjax.parameters import Location as Location
from survjax.parameters import Positive as Positive
from survjax.parameters import Probability as Probability
from survjax.parameters import Rate as Rate
from survjax.parameters import Real as Real
from survjax.parameters import Share as Share
from survjax.weibayes import WeibayesLowerBound as WeibayesLowerBound
from survjax.weibayes import weibayes_lower_bound as weibayes_lower_bound
from survjax.yardstick import compare_with_lifelines as compare_with_lifelines

__version__: str

class Exponential(Model):
    scale: float | None
    def __init__(self, scale: float | None = None) -> None: ...

class Weibull(Model):
    shape: float | None
    scale: float | None
    def __init__(self, shape: float | None = None, scale: float | None = None) -> None: ...

class LogNormal(Model):
    location: float | None
    scale: float | None
    def __init__(self, location: float | None = None, scale: float | None = None) -> None: ...

class LogLogistic(Model):
    shape: float | None
    scale: float | None
    def __init__(self, shape: float | None = None, scale: float | None = None) -> None: ...

class Gompertz(Model):
    shape: float | None
    rate: float | None
    def __init__(self, shape: float | None = None, rate: float | None = None) -> None: ...

class GompertzMakeham(Model):
    shape: float | None
    rate: float | None
    makeham: float | None
    def __init__(self, shape: float | None = None, rate: float | None = None, makeham: float | None = None) -> None: ...

class ExponentiatedWeibull(Model):
    shape: float | None
    scale: float | None
    power: float | None
    def __init__(self, shape: float | None = None, scale: float | None = None, power: float | None = None) -> None: ...

class Frechet(Model):
    shape: float | None
    scale: float | None
    def __init__(self, shape: float | None = None, scale: float | None = None) -> None: ...

class BirnbaumSaunders(Model):
    shape: float | None
    scale: float | None
    def __init__(self, shape: float | None = None, scale: float | None = None) -> None: ...

class InverseGaussian(Model):
    mean_life: float | None
    shape: float | None
    def __init__(self, mean_life: float | None = None, shape: float | None = None) -> None: ...

class Gamma(Model):
    shape: float | None
    scale: float | None
    def __init__(self, shape: float | None = None, scale: float | None = None) -> None: ...

class GeneralizedGamma(Model):
    location: float | None
    scale: float | None
    q: float | None
    def __init__(self, location: float | None = None, scale: float | None = None, q: float | None = None) -> None: ...

class PiecewiseExponential(Model):
    breaks: Sequence[float]
    rate: Sequence[float | None] | None
    def __init__(self, breaks: Sequence[float], rate: Sequence[float | None] | None = None) -> None: ...

class RoystonParmar(Model):
    n_knots: int
    gamma: Sequence[float | None] | None
    knots: Sequence[float] | None
    def __init__(self, n_knots: int, gamma: Sequence[float | None] | None = None, knots: Sequence[float] | None = None) -> None: ...

class Normal(Model):
    location: float | None
    scale: float | None
    def __init__(self, location: float | None = None, scale: float | None = None) -> None: ...

class Logistic(Model):
    location: float | None
    scale: float | None
    def __init__(self, location: float | None = None, scale: float | None = None) -> None: ...

class SmallestExtremeValue(Model):
    location: float | None
    scale: float | None
    def __init__(self, location: float | None = None, scale: float | None = None) -> None: ...

class LargestExtremeValue(Model):
    location: float | None
    scale: float | None
    def __init__(self, location: float | None = None, scale: float | None = None) -> None: ...

class ZeroInflated(Model):
    of: Model | Distribution
    fraction_dead_on_arrival: float | None
    def __init__(self, of: Model | Distribution, fraction_dead_on_arrival: float | None = None) -> None: ...

class Threshold(Model):
    of: Model | Distribution
    threshold: float | None
    def __init__(self, of: Model | Distribution, threshold: float | None = None) -> None: ...
