"""Maximum-likelihood fits of laws that R's survival package lacks, in 20 digits and without survjax.

    python -m tests.reference.make_fits [LAW ...]     writes tests/reference/fits.json; a few minutes

Each law is written out here from its definition, in mpmath. Newton's method, derivatives by mpmath's differences at raised precision,
starts at rough values; what is stored is where it ends, and how far from zero the gradient is there (per standard error of each
parameter). Standard errors are from the inverse of the Hessian there.
"""

from __future__ import annotations

import itertools
import json
import platform
import sys
from pathlib import Path

import mpmath
import numpy as np
from mpmath import mp

import survjax as sj
from tests.conftest import inspected, shipped

DIGITS = 20
MOST_STEPS = 30
LIVES = {"exact": shipped("waltons").collapse(), "inspected": inspected("waltons").collapse()}
BREAKS = (20.0, 50.0)
NO_MAXIMUM = ("inspected", "ExponentiatedWeibull")  # none found: intervals of 10 leave open how sharp it is


def gamma(shape, scale):
    def density(t):
        return (t / scale) ** (shape - 1) * mp.exp(-t / scale) / (scale * mp.gamma(shape))

    return density, lambda t: mp.gammainc(shape, t / scale, regularized=True)


def generalized_gamma(location, scale, q):
    k = q**-2

    def density(t):
        w = (mp.log(t) - location) / scale
        return abs(q) * k**k / mp.gamma(k) * mp.exp(k * (q * w - mp.exp(q * w))) / (scale * t)

    def survival(t):
        x = k * mp.exp(q * (mp.log(t) - location) / scale)
        return mp.gammainc(k, x, regularized=True) if q > 0 else mp.gammainc(k, 0, x, regularized=True)

    return density, survival


def gompertz(shape, rate):
    return gompertz_makeham(shape, rate, mp.zero)


def gompertz_makeham(shape, rate, makeham):
    def survival(t):
        return mp.exp(-makeham * t - rate / shape * mp.expm1(shape * t))

    return lambda t: (makeham + rate * mp.exp(shape * t)) * survival(t), survival


def exponentiated_weibull(shape, scale, power):
    def failed(t):
        return -mp.expm1(-((t / scale) ** shape))

    def density(t):
        weibull = shape / scale * (t / scale) ** (shape - 1) * mp.exp(-((t / scale) ** shape))
        return power * failed(t) ** (power - 1) * weibull

    return density, lambda t: 1 - failed(t) ** power


def birnbaum_saunders(shape, scale):
    def z(t):
        return (mp.sqrt(t / scale) - mp.sqrt(scale / t)) / shape

    return lambda t: mp.npdf(z(t)) * (mp.sqrt(t / scale) + mp.sqrt(scale / t)) / (2 * shape * t), lambda t: mp.ncdf(-z(t))


def inverse_gaussian(mean_life, shape):
    def density(t):
        return mp.sqrt(shape / (2 * mp.pi * t**3)) * mp.exp(-shape * (t - mean_life) ** 2 / (2 * mean_life**2 * t))

    def survival(t):
        root = mp.sqrt(shape / t)
        return mp.ncdf(root * (1 - t / mean_life)) - mp.exp(2 * shape / mean_life) * mp.ncdf(-root * (t / mean_life + 1))

    return density, survival


def frechet(shape, scale):
    def failed(t):
        return mp.exp(-((t / scale) ** -shape))

    return lambda t: shape / scale * (t / scale) ** (-shape - 1) * failed(t), lambda t: 1 - failed(t)


def normal(location, scale):
    return lambda t: mp.npdf(t, location, scale), lambda t: mp.ncdf(-(t - location) / scale)


def logistic(location, scale):
    def survival(t):
        return 1 / (1 + mp.exp((t - location) / scale))

    return lambda t: survival(t) * (1 - survival(t)) / scale, survival


def smallest_extreme_value(location, scale):
    def survival(t):
        return mp.exp(-mp.exp((t - location) / scale))

    return lambda t: mp.exp((t - location) / scale) / scale * survival(t), survival


def largest_extreme_value(location, scale):
    def failed(t):
        return mp.exp(-mp.exp(-(t - location) / scale))

    return lambda t: mp.exp(-(t - location) / scale) / scale * failed(t), lambda t: 1 - failed(t)


def piecewise_exponential(breaks):
    begins, ends = (0, *breaks), (*breaks, mp.inf)

    def law(*rates):
        def survival(t):
            return mp.exp(-sum(rate * max(min(t, end) - begin, 0) for rate, begin, end in zip(rates, begins, ends, strict=True)))

        return lambda t: rates[sum(t >= end for end in breaks)] * survival(t), survival

    return law


LAWS = {
    "Gamma": gamma,
    "GeneralizedGamma": generalized_gamma,
    "Gompertz": gompertz,
    "GompertzMakeham": gompertz_makeham,
    "ExponentiatedWeibull": exponentiated_weibull,
    "BirnbaumSaunders": birnbaum_saunders,
    "InverseGaussian": inverse_gaussian,
    "Frechet": frechet,
    "Normal": normal,
    "Logistic": logistic,
    "SmallestExtremeValue": smallest_extreme_value,
    "LargestExtremeValue": largest_extreme_value,
    "PiecewiseExponential": piecewise_exponential,
}
START = {
    "Gamma": {"shape": 5.32, "scale": 9.51},
    "GeneralizedGamma": {"location": 4.18, "scale": 0.124, "q": 3.5},
    "Gompertz": {"shape": 0.078, "rate": 0.00089},
    "GompertzMakeham": {"shape": 0.1298, "rate": 4.085e-5, "makeham": 0.005135},
    "ExponentiatedWeibull": {"shape": 25.0, "scale": 70.3, "power": 0.092},
    "BirnbaumSaunders": {"shape": 0.55, "scale": 44.0},
    "InverseGaussian": {"mean_life": 51.0, "shape": 149},
    "Frechet": {"shape": 2.5, "scale": 36},
    "Normal": {"location": 50.0, "scale": 17.0},
    "Logistic": {"location": 52.0, "scale": 9.0},
    "SmallestExtremeValue": {"location": 57.0, "scale": 13.0},
    "LargestExtremeValue": {"location": 42.0, "scale": 13.0},
    "PiecewiseExponential": {"rate_0": 0.0044, "rate_1": 0.012, "rate_2": 0.086},
}


def log_likelihood(law, life: sj.Lifetimes, point):
    density, survival = law(*point)
    total = mp.zero
    for lower, upper, count in zip(life.lower.tolist(), life.upper.tolist(), life.counts().tolist(), strict=True):
        if lower == upper:
            probability = density(mp.mpf(lower))
        else:
            # a lower end of 0 means from birth on the positive line, and just that, an interval, on the whole real line
            from_birth = lower == 0.0 and law not in (normal, logistic, smallest_extreme_value, largest_extreme_value)
            alive = mp.one if from_birth else survival(mp.mpf(lower))
            probability = alive - (survival(mp.mpf(upper)) if upper < np.inf else 0)
        total += count * mp.log(probability)
    return total


def maximum(function, start):
    """Where a function of several positive variables is highest, standard errors from its Hessian, and the gradient per standard error.

    In logarithms, in which it is nearer to a parabola.
    """
    point, p = [mp.log(value) for value in start], len(start)

    def rule(logs):
        return function([mp.exp(value) for value in logs])

    def derivative(*variables):
        return mp.diff(lambda *at: rule(at), tuple(point), tuple(variables.count(index) for index in range(p)))

    def height(at):
        value = rule(at)
        return value if mp.im(value) == 0 else -mp.inf

    for _ in range(MOST_STEPS):
        gradient = mp.matrix([derivative(index) for index in range(p)])
        hessian = mp.matrix(p, p)
        for i, j in itertools.combinations_with_replacement(range(p), 2):
            hessian[i, j] = hessian[j, i] = derivative(i, j)
        step = mp.lu_solve(hessian, gradient)
        if all(abs(change) < mp.mpf(10) ** -14 for change in step):
            covariance = -(hessian**-1)
            errors = [mp.sqrt(covariance[index, index]) for index in range(p)]
            values = [mp.exp(value) for value in point]
            return (
                values,
                [v * e for v, e in zip(values, errors, strict=True)],
                max(abs(slope * error) for slope, error in zip(gradient, errors, strict=True)),
            )
        share, here = mp.one, rule(point)
        while height([value - share * change for value, change in zip(point, step, strict=True)]) < here - mp.mpf(10) ** -12:
            share /= 2
        point = [value - share * change for value, change in zip(point, step, strict=True)]
    raise ValueError(f"no maximum found from {start}")


def references_of(name: str) -> dict[str, dict]:
    breaks = {"breaks": BREAKS} if name == "PiecewiseExponential" else {}
    law = LAWS[name](*breaks.values()) if breaks else LAWS[name]
    found = {}
    for sample, life in LIVES.items():
        if (sample, name) == NO_MAXIMUM:
            continue
        point, errors, gradient = maximum(lambda at, life=life: log_likelihood(law, life, at), START[name].values())
        found[f"{sample}:{name}"] = {
            **breaks,
            "log_likelihood": float(log_likelihood(law, life, point)),
            "parameters": dict(zip(START[name], map(float, point), strict=True)),
            "standard_errors": dict(zip(START[name], map(float, errors), strict=True)),
            "gradient": float(gradient),
        }
    return found


def main() -> None:
    """All laws, or those named: then the others stay as they are."""
    path = Path(__file__).with_name("fits.json")
    source = f"Newton's method in {DIGITS} digits: mpmath {mpmath.__version__}, Python {platform.python_version()}; see make_fits.py"
    fits = json.loads(path.read_text())["fits"] if path.exists() else {}
    for name in sys.argv[1:] or LAWS:
        with mp.workdps(DIGITS):
            fits |= references_of(name)
        path.write_text(json.dumps({"source": source, "fits": fits}, indent=1) + "\n")
        print(name, flush=True)


if __name__ == "__main__":
    main()
