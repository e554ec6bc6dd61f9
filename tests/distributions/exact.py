"""A law given by its survival function in mpmath, and the comparison of ours with it in both tails."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import mpmath
import numpy as np

HAZARDS = (1e-100, 1e-12, 1e-3, 0.3, 0.7, 3.0, 30.0, 700.0)  # from a survival that is 1 to all digits to one of 1e-304
DIGITS = 400  # a failure probability of 1e-100 must keep 40 of its own, and those of a difference quotient


@functools.partial(jax.jit, static_argnums=1)
def _at(law, rule, *arguments):
    return getattr(law, rule)(*arguments)


def at(law, rule, *arguments):
    """A rule of a law in one program for all values of its parameters; operation by operation a search or an integral compiles dozens."""
    law, arguments = jax.tree.map(lambda value: jnp.asarray(value, float), (law, arguments))
    return _at(law, rule, *arguments)


def check_against_mpmath(law, survival: Callable, hazards=HAZARDS, rtol=1e-12):
    """Quantile, log survival, log hazard and both log-time forms at given cumulative hazards, and looks ahead from there."""
    duration, between = functools.partial(at, law, "duration_after"), functools.partial(at, law, "cumulative_hazard_between")
    with mpmath.workdps(DIGITS):

        def log_survival(time):
            return mpmath.log(survival(time))

        def hazard(time):
            step = time * mpmath.mpf(10) ** -50
            return (log_survival(time - step) - log_survival(time + step)) / (2 * step)

        for collected in hazards:
            t = float(duration(0.0, collected))
            time = mpmath.mpf(t)
            log_s, log_h = log_survival(time), mpmath.log(hazard(time))
            # the error of the quantile is that of its survival over the slope
            assert abs((log_s + collected) / (mpmath.exp(log_h) * time)) < rtol, ("quantile", collected)
            log_f = float(log_h + log_s)
            np.testing.assert_allclose(at(law, "log_survival", t), float(log_s), rtol=rtol)
            np.testing.assert_allclose(at(law, "log_survival_from", t, np.log(t)), float(log_s), rtol=rtol)
            np.testing.assert_allclose(at(law, "log_hazard", t), float(log_h), atol=rtol, rtol=rtol)
            np.testing.assert_allclose(at(law, "log_density_from", t, np.log(t)), log_f, atol=rtol, rtol=rtol)
            for share in (1e-14, 1e-6, 0.05, 0.3, 3.0):
                length = share * t
                ahead = log_s - log_survival(time + mpmath.mpf(length))
                if not 1e-280 < ahead < 750 - collected:  # of 400 digits a survival of 1e-326 leaves 74
                    continue
                np.testing.assert_allclose(between(t, length), float(ahead), rtol=rtol, err_msg=str((collected, share)))
                found = float(duration(t, float(ahead)))
                missed = log_s - log_survival(time + mpmath.mpf(found)) - mpmath.mpf(float(ahead))
                assert abs(missed / (hazard(time + mpmath.mpf(found)) * found)) < rtol, ("duration", collected, share)
