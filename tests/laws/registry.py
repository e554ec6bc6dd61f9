"""Every distribution of the registry at several points, plain and wrapped: what the laws are run over."""

import jax

from survjax.distributions import LAWS, Exponential, LogNormal, Mixture, Weibull

EXAMPLES = {
    "exponential": Exponential(scale=40.0),
    "weibull, wear-out": Weibull(shape=3.5, scale=100.0),
    "weibull, infant mortality": Weibull(shape=0.6, scale=20.0),
    "weibull, sharp": Weibull(shape=40.0, scale=7.0),
    "lognormal": LogNormal(location=3.2, scale=0.6),
    "lognormal, wide": LogNormal(location=-1.5, scale=2.5),
    "lognormal, sharp": LogNormal(location=9.0, scale=0.03),
    "mixture of weibulls": Mixture((Weibull(shape=0.8, scale=30.0), Weibull(shape=5.0, scale=150.0)), (0.3, 0.7)),
    "mixture of families": Mixture((Exponential(scale=10.0), Weibull(shape=4.0, scale=90.0)), (0.25, 0.75)),
    "remaining life": Weibull(shape=3.5, scale=100.0).given_survival(80.0),
    "remaining life of a mixture": Mixture((Weibull(shape=0.8, scale=30.0), Weibull(shape=5.0, scale=150.0)), (0.3, 0.7)).given_survival(
        120.0
    ),
}


def kinds_in(distribution) -> set[type]:
    parts = {type(distribution)}
    for name, value in vars(distribution).items():
        if name in ("components", "of"):
            parts |= {kind for part in (value if isinstance(value, tuple) else (value,)) for kind in kinds_in(part)}
    return parts


assert set(LAWS) <= {kind for example in EXAMPLES.values() for kind in kinds_in(example)}, "a law without an example"
assert all(jax.tree.leaves(example) for example in EXAMPLES.values())
