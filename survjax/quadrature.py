"""The integral of a survival function, by a double-exponential rule."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

_STEP = 1.0 / 40.0
_ABSCISSAE = np.arange(-4.0, 6.0 + _STEP / 2, _STEP)
_LOG_NODES = 0.5 * np.pi * np.sinh(_ABSCISSAE)
_LOG_WEIGHTS = _LOG_NODES + np.log(0.5 * np.pi * np.cosh(_ABSCISSAE) * _STEP)


def integrate_survival(log_survival: Callable, centre, horizon):
    r"""The integral of exp(log_survival(u)) over u from 0 to ``horizon``, which may be infinite.

    The exp-sinh rule (Takahasi & Mori 1974) in the variable y of u = y / (1 + y / horizon), which maps the half-line to
    [0, horizon] and spends its 401 nodes around ``centre``, where the survival falls. Endpoint singularities such as
    that of a hazard that is infinite at age 0 cost it nothing. Relative error at most 1e-12 for the distributions of
    this package with a spread of log time up to 6 (tested against mpmath).

    Parameters
    ----------
    log_survival : scalar to scalar, not increasing.
    centre : a typical u, for instance the median.
    horizon : positive, may be infinite.
    """
    middle = jnp.log(jnp.minimum(centre, horizon))

    def node_value(log_node, log_weight):
        log_y = middle + log_node
        log_stretch = jnp.logaddexp(0.0, log_y - jnp.log(horizon))
        return jnp.exp(middle + log_weight - 2.0 * log_stretch + log_survival(jnp.exp(log_y - log_stretch)))

    return jnp.sum(jax.vmap(node_value)(jnp.asarray(_LOG_NODES), jnp.asarray(_LOG_WEIGHTS)))
