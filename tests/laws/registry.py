"""Every distribution of the registry at several points, plain and wrapped: what the laws are run over."""

import jax

from survjax.distributions import (
    BirnbaumSaunders,
    CompetingRisks,
    DefectiveSubpopulation,
    Exponential,
    ExponentiatedWeibull,
    Frechet,
    Gamma,
    GeneralizedGamma,
    Gompertz,
    GompertzMakeham,
    InverseGaussian,
    LargestExtremeValue,
    Logistic,
    LogLogistic,
    LogNormal,
    Mixture,
    Normal,
    PiecewiseExponential,
    RoystonParmar,
    SmallestExtremeValue,
    Threshold,
    UnitFrailty,
    Weibull,
    ZeroInflated,
)

EXAMPLES = {
    "exponential": Exponential(scale=40.0),
    "weibull, wear-out": Weibull(shape=3.5, scale=100.0),
    "weibull, infant mortality": Weibull(shape=0.6, scale=20.0),
    "weibull, sharp": Weibull(shape=40.0, scale=7.0),
    "lognormal": LogNormal(location=3.2, scale=0.6),
    "lognormal, wide": LogNormal(location=-1.5, scale=2.5),
    "lognormal, sharp": LogNormal(location=9.0, scale=0.03),
    "loglogistic": LogLogistic(shape=3.0, scale=50.0),
    "loglogistic, sharp": LogLogistic(shape=25.0, scale=0.2),
    "gompertz": Gompertz(shape=0.08, rate=0.002),
    "gompertz, almost exponential": Gompertz(shape=1e-4, rate=0.02),
    "gompertz-makeham": GompertzMakeham(shape=0.08, rate=0.002, makeham=0.01),
    "gompertz-makeham, dying out": GompertzMakeham(shape=-0.08, rate=0.02, makeham=0.01),
    "exponentiated weibull, bathtub": ExponentiatedWeibull(shape=2.0, scale=30.0, power=0.3),
    "exponentiated weibull, hump": ExponentiatedWeibull(shape=0.8, scale=30.0, power=6.0),
    "frechet": Frechet(shape=3.0, scale=20.0),
    "frechet, sharp": Frechet(shape=15.0, scale=3.0),
    "birnbaum-saunders": BirnbaumSaunders(shape=0.5, scale=30.0),
    "birnbaum-saunders, wide": BirnbaumSaunders(shape=2.0, scale=30.0),
    "inverse gaussian": InverseGaussian(mean_life=20.0, shape=40.0),
    "inverse gaussian, wide": InverseGaussian(mean_life=20.0, shape=2.0),
    "gamma, wear-out": Gamma(shape=4.0, scale=25.0),
    "gamma, infant mortality": Gamma(shape=0.4, scale=60.0),
    "gamma, sharp": Gamma(shape=900.0, scale=0.01),
    "generalised gamma": GeneralizedGamma(location=4.0, scale=0.6, q=0.5),
    "generalised gamma, lognormal": GeneralizedGamma(location=2.0, scale=0.9, q=0.0),
    "generalised gamma, heavy tail": GeneralizedGamma(location=-1.0, scale=0.4, q=-0.5),
    "piecewise exponential": PiecewiseExponential([20.0, 50.0, 90.0], (0.01, 0.002, 0.015, 0.04)),
    "royston-parmar": RoystonParmar(2, (-3.0, 1.2, 0.15, -0.1), [5.0, 20.0, 45.0, 90.0]),
    "smallest extreme value": SmallestExtremeValue(location=-3.0, scale=5.0),
    "largest extreme value": LargestExtremeValue(location=20.0, scale=4.0),
    "normal": Normal(location=50.0, scale=10.0),
    "logistic": Logistic(location=0.0, scale=2.0),
    "remaining life on the real line": Logistic(location=0.0, scale=2.0).given_survival(-1.0),
    "mixture on the real line": Mixture((Logistic(location=0.0, scale=1.0), Normal(location=3.0, scale=2.0)), (0.3, 0.7)),
    "competing risks on the real line": CompetingRisks((SmallestExtremeValue(location=2.0, scale=1.5), Logistic(location=1.0, scale=0.7))),
    "competing risks": CompetingRisks((Weibull(shape=0.7, scale=60.0), Weibull(shape=5.0, scale=90.0))),
    "mixture of weibulls": Mixture((Weibull(shape=0.8, scale=30.0), Weibull(shape=5.0, scale=150.0)), (0.3, 0.7)),
    "mixture of families": Mixture((Exponential(scale=10.0), Weibull(shape=4.0, scale=90.0)), (0.25, 0.75)),
    "remaining life": Weibull(shape=3.5, scale=100.0).given_survival(80.0),
    "remaining life of a mixture": Mixture((Weibull(shape=0.8, scale=30.0), Weibull(shape=5.0, scale=150.0)), (0.3, 0.7)).given_survival(
        120.0
    ),
    "dead on arrival": ZeroInflated(Weibull(shape=1.7, scale=30.0), 0.1),
    "defective subpopulation": DefectiveSubpopulation(LogLogistic(shape=3.0, scale=50.0), 0.4),
    "three-parameter weibull": Threshold(Weibull(shape=5.0, scale=100.0), 5.0),
    "dead on arrival or after a threshold": ZeroInflated(Threshold(LogNormal(location=3.0, scale=0.5), 2.0), 0.02),
    "gamma frailty": UnitFrailty(Weibull(shape=3.5, scale=100.0), 0.6),
    "lognormal frailty": UnitFrailty(Gompertz(shape=0.08, rate=0.002), 0.5, "lognormal"),
    "remaining life before a threshold": Threshold(Weibull(shape=5.0, scale=100.0), 15.0).given_survival(10.0),
}


# Further points of laws that have one above: left to `make laws`. What is peculiar to each law is tested in tests/distributions.
EXTREMES = {
    "lognormal, wide",
    "lognormal, sharp",
    "loglogistic, sharp",
    "gompertz, almost exponential",
    "gompertz-makeham, dying out",
    "exponentiated weibull, hump",
    "frechet, sharp",
    "birnbaum-saunders, wide",
    "inverse gaussian, wide",
    "gamma, infant mortality",
    "gamma, sharp",
    "generalised gamma, lognormal",
    "generalised gamma, heavy tail",
    "remaining life on the real line",
    "remaining life of a mixture",
    "mixture of families",
    "mixture on the real line",
    "competing risks on the real line",
    "dead on arrival or after a threshold",
    "lognormal frailty",
    "remaining life before a threshold",
}


def kinds_in(distribution) -> set[type]:
    parts = {type(distribution)}
    for name, value in vars(distribution).items():
        if name in ("components", "of"):
            parts |= {kind for part in (value if isinstance(value, tuple) else (value,)) for kind in kinds_in(part)}
    return parts


assert set(EXAMPLES) > EXTREMES
assert all(jax.tree.leaves(example) for example in EXAMPLES.values())
