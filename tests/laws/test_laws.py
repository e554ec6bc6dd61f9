"""What every distribution must obey, derived rules and overriding ones alike."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from survjax.distributions import Distribution, Gompertz, LogLogistic, SmallestExtremeValue, Weibull
from tests.laws.registry import EXAMPLES, EXTREMES

pytestmark = pytest.mark.usefixtures("double")

LEVELS = np.array([1e-100, 1e-12, 0.01, 0.3, 0.5, 0.9, 1 - 1e-12])
BOTH_TAILS = np.array([1e-12, 1e-3, 0.7, 3.0, 30.0, 700.0])  # cumulative hazards


POINTS = [pytest.param(name, marks=pytest.mark.extreme) if name in EXTREMES else name for name in EXAMPLES]


@pytest.fixture(params=POINTS, name="law")
def law_of_the_registry(request):
    # strict promotion: parameters are float64 arrays as the learners pass them
    return jax.tree.map(lambda value: jnp.asarray(value, float), EXAMPLES[request.param])


ages = jax.jit(lambda law, cumulative_hazard: law.age_at(cumulative_hazard))  # compiled once a kind of law: tests are many


def times(law):
    return np.asarray(ages(law, jnp.asarray(BOTH_TAILS) + dead_on_arrival(law)))


def dead_on_arrival(law):
    """The cumulative hazard that a point mass at the start of the support amounts to."""
    return -jnp.log1p(-law.probability_at_start()) if law.has_mass_at_start else 0.0


def age_by(law, level):
    """An age by which this share has failed; there is none by which nobody has, on the real line."""
    return law.quantile(level if level or law.start_of_support == 0.0 else 1e-9)


def corners(law):
    """Ages at which the hazard or its slope jumps, where a quadrature needs an edge."""
    ages = getattr(law, "breaks", getattr(law, "knots", None))
    return np.zeros(0) if ages is None else np.asarray(ages)


def step_from(value):
    """A step for differences in a parameter, which may be 0."""
    return 1e-5 * (abs(value) or 1.0)


def integral(rule, law, bends=()):
    """Of a scalar rule over all ages up to a cumulative hazard of 200; from age 0 on over log age, from where it begins to matter."""
    edges = np.asarray(ages(law, jnp.array([1e-12, 1e-6, 1e-3, 0.7, 3.0, 30.0, 200.0]) + dead_on_arrival(law)))
    edges = np.sort([*edges, *(bend for bend in bends if edges[0] < bend < edges[-1])])
    rule = jax.jit(rule)
    if law.start_of_support < 0.0:
        return sum(
            quad(lambda t: float(rule(t)), low, high, epsabs=0, epsrel=1e-11, limit=200)[0] for low, high in itertools.pairwise(edges)
        )

    def over_log(y):
        return float(rule(np.exp(y))) * np.exp(y)

    pieces = [quad(over_log, np.log(low), np.log(high), epsabs=0, epsrel=1e-11, limit=200)[0] for low, high in itertools.pairwise(edges)]
    return edges[0] * float(rule(0.5 * edges[0])) + sum(pieces)


def test_survival_is_1_at_birth_but_for_the_dead_on_arrival_and_0_at_the_end(law):
    assert law.survival(law.first_age()) == jnp.exp(-dead_on_arrival(law))
    assert law.survival(jnp.inf) == 0.0
    assert law.cumulative_hazard(law.first_age()) == dead_on_arrival(law)
    if law.has_mass_at_start:
        np.testing.assert_allclose(law.survival(law.start_of_support), 1.0 - law.probability_at_start(), rtol=1e-15)


def test_survival_never_rises(law):
    log_survival = law.log_survival(jnp.asarray(np.sort(np.concatenate([times(law), np.linspace(0, times(law)[-1], 50)]))))
    assert np.all(np.diff(log_survival) <= 1e-13 * np.abs(log_survival[1:]))  # two roundings


def test_quantiles_invert_survival_in_both_tails(law):
    # a relative error of 4 eps in the time moves the cumulative hazard by that times its elasticity, at most 40 here
    np.testing.assert_allclose(law.cumulative_hazard(jnp.asarray(times(law))), BOTH_TAILS + dead_on_arrival(law), rtol=1e-12)
    # so near to a threshold there is no other number; and the dead on arrival come first
    levels = LEVELS[1:] if law.first_age() > 0.0 else LEVELS
    reached = np.maximum(levels, -np.expm1(-dead_on_arrival(law)))
    np.testing.assert_allclose(law.failure_probability(law.quantile(jnp.asarray(levels))), reached, rtol=1e-12)
    assert law.quantile(0.0) == (0.0 if law.has_mass_at_start else law.first_age())
    assert law.quantile(1.0) == jnp.inf


def test_the_hazard_is_the_slope_of_the_cumulative_hazard(law):
    slope = jax.vmap(jax.grad(law.cumulative_hazard))(jnp.asarray(times(law)))
    np.testing.assert_allclose(law.hazard(jnp.asarray(times(law))), slope, rtol=1e-10)
    derived = jax.vmap(lambda t: Distribution.log_hazard(law, t))(jnp.asarray(times(law)))
    np.testing.assert_allclose(law.log_hazard(jnp.asarray(times(law))), derived, rtol=1e-10, atol=1e-10)


def test_density_is_hazard_times_survival_and_integrates_to_all_that_arrive_alive(law):
    t = jnp.asarray(times(law)[:-1])  # beyond, the density underflows
    np.testing.assert_allclose(law.density(t), law.hazard(t) * law.survival(t), rtol=1e-11)
    np.testing.assert_allclose(integral(law.density, law, corners(law)), jnp.exp(-dead_on_arrival(law)), atol=1e-9)  # quad's own error


def test_the_integral_of_the_hazard_is_the_cumulative_hazard(law):
    low, middle, high = np.asarray(ages(law, jnp.array([1e-3, 0.7, 3.0])))
    hazard = jax.jit(law.hazard)
    edges = np.sort([low, middle, high, *(bend for bend in corners(law) if low < bend < high)])
    collected = sum(
        quad(lambda t: float(hazard(t)), begin, end, epsabs=0, epsrel=1e-11, limit=200)[0] for begin, end in itertools.pairwise(edges)
    )
    expected = float(law.cumulative_hazard(high)) - max(float(law.cumulative_hazard(low)), dead_on_arrival(law))
    np.testing.assert_allclose(expected, 3.0 - max(1e-3, dead_on_arrival(law)), rtol=1e-9)
    np.testing.assert_allclose(collected, expected, rtol=1e-9)  # quad's own error


@pytest.mark.parametrize("level", [0.0, 0.01, 0.5, 0.999])
def test_the_mean_remaining_life_is_an_integral_of_survival(law, level):
    age = age_by(law, level)
    remaining = law.given_survival(age)
    total = integral(remaining.survival, remaining, corners(law) - float(age))
    np.testing.assert_allclose(remaining.mean(), total, rtol=1e-9)  # quad's own error


@pytest.mark.parametrize("level", [0.0, 0.01, 0.5, 0.999])
def test_the_derived_mean_is_the_overriding_one(law, level):
    age = age_by(law, level)
    derived = Distribution.restricted_mean_after(law, age, jnp.inf)
    bends = any(len(getattr(part, "components", ())) > 1 for part in (law, getattr(law, "of", law)))
    # what the rule promises; a jump of the hazard is a corner of the quantile function
    rtol = 1e-4 if len(corners(law)) else 1e-6 if bends else 1e-11
    np.testing.assert_allclose(law.given_survival(age).mean(), derived, rtol=rtol)


@pytest.mark.parametrize("share", [1e-6, 0.3, 1.0, 5.0])
def test_the_restricted_mean_is_what_the_tail_leaves_of_the_mean(law, share):
    age = law.quantile(0.2)
    horizon = share * law.given_survival(age).mean()
    whole, tail = law.mean_after(age), law.mean_after(age + horizon)
    left = law.given_survival(age).survival(horizon) * tail
    restricted = law.restricted_mean_after(age, horizon)
    np.testing.assert_allclose(restricted, whole - left, atol=4e-12 * float(whole))
    assert restricted <= horizon * (1 + 1e-12)


def test_remaining_life_is_survival_over_survival(law):
    for level in (0.1, 0.9):
        age = law.quantile(level)
        remaining = law.given_survival(age)
        lengths = abs(age) * jnp.array([0.0, 0.01, 0.5, 1.0])
        np.testing.assert_allclose(
            remaining.log_survival(lengths), law.log_survival(age + lengths) - law.log_survival(age), rtol=1e-9, atol=1e-12
        )
        np.testing.assert_allclose(remaining.hazard(lengths), law.hazard(age + lengths), rtol=1e-12)
        np.testing.assert_allclose(remaining.given_survival(age).mean(), law.given_survival(age + age).mean(), rtol=1e-12)


def test_a_short_look_ahead_keeps_its_digits(law):
    age = law.quantile(0.6)
    short = 1e-11 * abs(age)  # lost in age + short
    expected = law.hazard(age) * short
    np.testing.assert_allclose(law.given_survival(age).failure_probability(short), expected, rtol=1e-8)  # of first order in 1e-11
    np.testing.assert_allclose(law.given_survival(age).quantile(expected), short, rtol=1e-8)


def test_the_log_time_form_is_the_same_function(law):
    t = jnp.asarray(times(law))
    np.testing.assert_allclose(
        law.log_survival_from(t, jnp.log(t)), law.log_survival(t), rtol=1e-12, atol=2e-16
    )  # it is added up, not looked at
    np.testing.assert_allclose(law.log_density_from(t, jnp.log(t)), law.log_density(t), rtol=1e-11, atol=1e-12)


def test_a_change_of_unit_changes_nothing_else(law):
    if not law.knows_its_unit():
        return
    for unit in (1e-6, 24.0, 1e6):
        changed = law.rescaled(unit)
        t = jnp.asarray(times(law))
        np.testing.assert_allclose(changed.log_survival(unit * t), law.log_survival(t), rtol=2e-12)
        np.testing.assert_allclose(changed.mean(), unit * law.mean(), rtol=1e-12)


def test_first_and_second_derivatives_are_finite_on_a_grid_of_extremes(law):
    values = law.values()
    for rule in ("log_survival", "log_density", "log_hazard"):

        def of(v, time, rule=rule):
            return getattr(law.with_values(v), rule)(time)

        gradient, hessian = jax.jit(jax.grad(of)), jax.jit(jax.hessian(of))
        for time in (1e-9, *times(law)):
            assert np.all(np.isfinite(gradient(values, time))), (rule, time)
            assert np.all(np.isfinite(hessian(values, time))), (rule, time)


def test_derivatives_agree_with_finite_differences(law):
    values = np.asarray(law.values())
    time = float(times(law)[2])

    @jax.jit
    def log_hazard(v):
        return law.with_values(v).log_hazard(time)

    gradient, hessian = jax.grad(log_hazard)(jnp.asarray(values)), jax.hessian(log_hazard)(jnp.asarray(values))
    for index, value in enumerate(values):
        step = step_from(value)
        up, down = values.copy(), values.copy()
        up[index] += step
        down[index] -= step
        slope = (log_hazard(jnp.asarray(up)) - log_hazard(jnp.asarray(down))) / (2 * step)
        np.testing.assert_allclose(gradient[index], slope, rtol=1e-6, atol=1e-13 / step)  # central differences: step squared
        bend = (jax.grad(log_hazard)(jnp.asarray(up)) - jax.grad(log_hazard)(jnp.asarray(down))) / (2 * step)
        np.testing.assert_allclose(hessian[index], bend, rtol=1e-5, atol=1e-12 / step)


def test_quantile_and_mean_are_differentiable_in_the_parameters(law):
    values = np.asarray(law.values())
    for what in (lambda d: d.quantile(0.3), lambda d: d.mean(), lambda d: d.restricted_mean_after(1.0, 5.0)):
        of = jax.jit(lambda v, what=what: what(law.with_values(v)))
        gradient = jax.jit(jax.grad(of))(jnp.asarray(values))
        for index, value in enumerate(values):
            step = step_from(value)
            up, down = values.copy(), values.copy()
            up[index] += step
            down[index] -= step
            slope = (of(jnp.asarray(up)) - of(jnp.asarray(down))) / (2 * step)
            np.testing.assert_allclose(gradient[index], slope, rtol=1e-5, atol=1e-8)


def test_it_works_under_jit_vmap_and_grad_of_the_users_own(law):
    t = jnp.asarray(times(law)[:4])
    # compiled sums round otherwise, and move the nodes of the gamma laws' quadrature
    np.testing.assert_allclose(jax.jit(lambda d, t: d.survival(t))(law, t), law.survival(t), rtol=2e-13)
    np.testing.assert_allclose(jax.vmap(law.hazard)(t), law.hazard(t), rtol=2e-13)
    assert jax.tree.structure(jax.grad(lambda d: d.log_density(t[2]))(law)) == jax.tree.structure(law)


def test_every_rule_takes_arrays(law):
    t = jnp.asarray(times(law)[2:4])
    for rule, *rest in (("log_hazard",), ("mean_after",), ("restricted_mean_after", t[0]), ("duration_after", 0.3)):
        method = getattr(law, rule)
        np.testing.assert_allclose(method(t, *rest), [method(time, *rest) for time in t], rtol=1e-12, err_msg=rule)


def test_samples_follow_the_law(law):
    n = 4000
    sample = np.sort(law.sample(jax.random.key(7), (n,)))
    gaps = np.abs(np.asarray(law.failure_probability(jnp.asarray(sample))) - (np.arange(n) + 0.5) / n)
    distance = np.where(sample == 0.0, 0.0, gaps).max()  # all of the dead on arrival stand at one age
    assert distance < 1.95 / np.sqrt(n)  # the 99.9 % point of Kolmogorov's distribution; one fixed key


# drawn by hypothesis: values of the parameters, for laws whose programs are small; the shapes of arrays stay, so that nothing compiles anew
DRAWN = {
    "weibull": (Weibull, (st.floats(0.2, 30.0), st.floats(1e-3, 1e6))),
    "loglogistic": (LogLogistic, (st.floats(0.3, 30.0), st.floats(1e-3, 1e6))),
    "gompertz": (Gompertz, (st.floats(-0.5, 2.0), st.floats(1e-6, 10.0))),
    "smallest extreme value": (SmallestExtremeValue, (st.floats(-1e3, 1e3), st.floats(1e-3, 1e3))),
}


@jax.jit
def at_levels(law, levels):
    """Cumulative hazards at the ages by which they should be reached, log survival on the way, and looks ahead in one and in two."""
    times = law.age_at(levels)
    steps = jnp.diff(times)
    whole = law.cumulative_hazard_between(times[:-1], steps)
    halves = law.cumulative_hazard_between(times[:-1], 0.5 * steps) + law.cumulative_hazard_between(times[:-1] + 0.5 * steps, 0.5 * steps)
    return times, law.cumulative_hazard(times), law.log_survival(times), whole, halves


@pytest.mark.parametrize("name", DRAWN)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data(), shares=st.lists(st.floats(0.0, 1.0), min_size=8, max_size=8))
def test_any_values_of_the_parameters_obey(name, data, shares):
    kind, strategies = DRAWN[name]
    with jax.enable_x64(True):
        law = kind(*(jnp.asarray(data.draw(strategy)) for strategy in strategies))
        never = float(jnp.exp(law.log_survival(jnp.inf)))
        assume(never == 0.0)  # a Gompertz that falls leaves some for ever, who reach no cumulative hazard
        levels = np.sort(10.0 ** (-9.0 + 11.0 * np.array(shares)))
        times, reached, log_survival, whole, halves = (np.asarray(array) for array in at_levels(law, levels))
    # a rounding of the age moves the cumulative hazard by its elasticity: at most 30, or |location| / scale on the real line
    elasticity = 30.0 + 1e6 * (law.start_of_support < 0.0)
    np.testing.assert_allclose(reached, levels, rtol=1e-14 * elasticity)
    assert np.all(np.diff(log_survival) <= 0.0)
    assert np.all(np.diff(times) >= 0.0)
    np.testing.assert_allclose(whole, halves, rtol=1e-9, atol=1e-14 * elasticity * levels[-1])


@settings(max_examples=60, deadline=None)
@given(
    shape=st.floats(0.2, 30),
    scale=st.floats(1e-3, 1e6),
    age=st.floats(0, 20),
    ahead=st.floats(1e-9, 20),
)
def test_splitting_a_look_ahead_in_two_changes_nothing(shape, scale, age, ahead):
    with jax.enable_x64(True):
        law = Weibull(shape=shape, scale=scale)
        start, length = age * scale, ahead * scale
        whole = law.cumulative_hazard_between(start, length)
        halves = law.cumulative_hazard_between(start, length / 2) + law.cumulative_hazard_between(start + length / 2, length / 2)
        np.testing.assert_allclose(whole, halves, rtol=1e-9)
