"""A mixture whose components are taken all at once is the mixture."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from survjax.neural.weibulls_at_once import WeibullsAtOnce

AGES = np.array([1e-9, 0.5, 2.0, 30.0])


@pytest.fixture
def laws():
    """With a component of which nobody is left after age 2, and one that lasts."""
    with jax.enable_x64(True):
        law = WeibullsAtOnce(jnp.array([0.7, 1.0, 3.0, 200.0]), jnp.array([3.0, 9.0, 5.0, 1.0]), jnp.array([0.2, 0.3, 0.4, 0.1]))
        yield law, law.as_mixture()


@pytest.mark.parametrize("rule", ["log_survival", "log_hazard", "hazard", "log_density", "density", "mean_after"])
def test_rules_of_an_age_are_those_of_the_mixture(laws, rule):
    found, expected = (getattr(law, rule)(AGES) for law in laws)
    np.testing.assert_allclose(found, expected, rtol=1e-14)  # the same four terms


@pytest.mark.parametrize(
    ("rule", "more"),
    [("cumulative_hazard_between", 1e-8), ("restricted_mean_after", 2.0), ("duration_after", 0.7), ("duration_after", 1e-6)],
)
def test_rules_of_an_age_and_more_are_those_of_the_mixture(laws, rule, more):
    found, expected = (getattr(law, rule)(AGES, more) for law in laws)
    np.testing.assert_allclose(found, expected, rtol=1e-14 if rule != "duration_after" else 1e-13)  # Newton stops at 4 roundings of log


def test_a_component_of_which_nobody_is_left_has_no_part_in_the_hazard(laws):
    # 200 times t^199 is infinite at age 4,000, and its share 0: the product was no number. The first alone is left there.
    np.testing.assert_allclose(laws[0].hazard(4000.0), 0.7 / 3.0 * (4000.0 / 3.0) ** -0.3, rtol=1e-13)


def test_ages_0_and_infinity_are_the_ends(laws):
    law = laws[0]
    np.testing.assert_array_equal(law.survival(np.array([0.0, np.inf])), [1.0, 0.0])
    np.testing.assert_array_equal(law.duration_after(0.0, np.array([0.0, np.inf])), [0.0, np.inf])
