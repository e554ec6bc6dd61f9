"""What the frailty of a group is likely to be, and how strongly it ties lives together."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from scipy.interpolate import CubicSpline
from scipy.special import gammaincinv

from survjax.distributions.frailties import FRAILTIES
from survjax.numerics.tilted_moments import nodes_and_shares

WIDEST, NODES = 40.0, 801  # of log s, on both sides of 0; a step of 0.1 leaves nothing of an integrand smooth in log s
AT_ONCE = 1_024  # groups
PER_NODE = 20  # places at which a distribution function is had between two nodes of the density


def posterior_means(kind: str, variance: float, failures: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """The mean frailty (k,) of groups with so many failures where so many were expected."""
    return np.exp(np.asarray(_log_means(kind)(variance, failures, expected)))


def posterior_limits(kind: str, variance: float, failures: np.ndarray, expected: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """The quantiles (k,) between which the frailty of each group lies with this probability, the estimates taken as the truth."""
    shares = 0.5 * (1.0 - level), 0.5 * (1.0 + level)
    if kind == "gamma":
        shape, rate = 1.0 / variance + failures, 1.0 / variance + expected
        return gammaincinv(shape, shares[0]) / rate, gammaincinv(shape, shares[1]) / rate
    nodes, weights = (np.asarray(one) for one in _nodes(variance, failures, expected))
    return _quantiles(np.log(nodes), weights, shares)


def mean_of_nodes(nodes: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """The means (k,) of frailties told by values (k, m) and their shares."""
    return np.sum(nodes[0] * nodes[1], axis=1)


def limits_of_nodes(nodes: tuple[np.ndarray, np.ndarray], level: float) -> tuple[np.ndarray, np.ndarray]:
    """The quantiles (k,) between which frailties told by values (k, m) and their shares lie with this probability."""
    return _quantiles(np.log(nodes[0]), nodes[1], (0.5 * (1.0 - level), 0.5 * (1.0 + level)))


def _quantiles(log_z: np.ndarray, weights: np.ndarray, shares: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles (k,) of densities told by their shares (k, m) at even steps of log z, by the integral of a cubic spline between them."""
    places = np.arange(weights.shape[1])
    fine = np.linspace(0, places[-1], PER_NODE * places[-1] + 1)
    reached = np.empty((len(weights), len(shares)))
    for first in range(0, len(weights), AT_ONCE):
        below = CubicSpline(places, weights[first : first + AT_ONCE], axis=1).antiderivative()(fine)
        for row, own in enumerate(below, start=first):
            reached[row] = np.interp(shares, own / own[-1], fine)
    ends = np.exp(log_z[:, :1] + reached * (log_z[:, 1:2] - log_z[:, :1]))
    return ends[:, 0], ends[:, 1]


def kendall_tau(kind: str, variance: float) -> float:
    r"""Kendall's rank correlation of two lives of one group, whatever their base.

    For gamma v / (v + 2). In general :math:`4 \int_0^\infty s\,L(s)\,L''(s)\,ds - 1` with :math:`L(s) = E\,e^{-sZ}` (Oakes 1989, Bivariate
    Survival Models Induced by Frailties, Journal of the American Statistical Association 84), by the trapezoidal rule in log s.
    """
    if variance == 0.0:
        return 0.0
    if kind == "gamma":
        return variance / (variance + 2.0)
    log_s = np.linspace(-WIDEST, WIDEST, NODES)
    logs = np.asarray(_log_integrand(variance, np.exp(log_s)))
    return float(4.0 * np.sum(np.exp(2.0 * log_s + logs)) * (log_s[1] - log_s[0]) - 1.0)


def _log_means(kind: str):
    return {"gamma": _gamma_means, "lognormal": _lognormal_means}[kind]


_gamma_means = jax.jit(jax.vmap(FRAILTIES["gamma"].log_mean, (None, 0, 0)))
_lognormal_means = jax.jit(jax.vmap(FRAILTIES["lognormal"].log_mean, (None, 0, 0)))
_nodes = jax.jit(jax.vmap(nodes_and_shares, (None, 0, 0)))


@jax.jit
def _log_integrand(variance, s):
    log_moment = jax.vmap(FRAILTIES["lognormal"].log_moment, (None, None, 0))
    return log_moment(variance, jnp.zeros(()), s) + log_moment(variance, jnp.full((), 2.0), s)
