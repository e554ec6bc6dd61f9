"""What every distribution must obey, derived rules and overriding ones alike."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from survjax.distributions import LAWS, WRAPPERS, Distribution, Gompertz, LogLogistic, SmallestExtremeValue, Weibull
from survjax.distributions.distribution import elementwise
from tests.laws.registry import EXAMPLES, EXTREMES, kinds_in

pytestmark = pytest.mark.usefixtures("double")

BOTH_TAILS = np.array([1e-12, 1e-6, 1e-3, 0.7, 3.0, 30.0, 200.0, 700.0])  # cumulative hazards
OF_SOME = np.array([1e-12, 1e-6, 1e-3, 0.1, 0.7, 3.0, 20.0, 25.0])  # of those that fail, where others never do
LEVELS = np.array([0.0, 1e-100, 1e-12, 1e-9, 0.01, 0.1, 0.2, 0.3, 0.5, 0.6, 0.9, 0.999, 1 - 1e-12, 1.0])
OLD = (0.0, 0.01, 0.5, 0.999)  # shares that have failed by the ages at which remaining life is looked at
N = 64  # ages at a time, so that one program serves all
NODES, WEIGHTS = np.polynomial.legendre.leggauss(N)


def of_each(names):
    return [pytest.param(name, marks=pytest.mark.extreme) if name in EXTREMES else name for name in names]


def overrides(law, *rules):
    return any(getattr(type(law), rule) is not getattr(Distribution, rule) for rule in rules)


@pytest.fixture(name="law")
def law_of_the_registry(name):
    # strict promotion: parameters are float64 arrays as the learners pass them
    return jax.tree.map(lambda value: jnp.asarray(value, float), EXAMPLES[name])


@pytest.fixture(name="whole")
def whole_of_the_typical(name):
    return name not in LEFT_TO_FURTHER_POINTS


over_all = pytest.mark.parametrize("name", of_each(EXAMPLES))


def test_every_law_and_wrapper_has_a_point_that_every_change_is_tested_at():
    tested = {kind for name, example in EXAMPLES.items() if name not in EXTREMES for kind in kinds_in(example)}
    assert {*LAWS, *WRAPPERS} <= tested


# ---- programs, each compiled once a kind of law; without, every loop of every call would be compiled anew


GIVEN = ("log_survival", "log_hazard", "log_density", "hazard", "density")
FROM_LOGS = ("log_survival", "log_density", "log_hazard")
DERIVED = ("survival", "failure_probability", "cumulative_hazard", "quantile")  # by Distribution alone: held for one law, once for all


@functools.partial(jax.jit, static_argnums=1)
def at(law, rule, *arguments):
    return getattr(law, rule)(*arguments)


@jax.jit
def _rules(law, times):
    values = {rule: getattr(law, rule)(times) for rule in GIVEN}
    values["derived log_hazard"] = jax.vmap(lambda t: Distribution.log_hazard(law, t))(times)
    logs = jnp.log(times)
    # the base's own is the plain rule, which would be compiled twice
    own = {rule: overrides(law, f"{rule}_from") for rule in FROM_LOGS}
    return values | {f"{rule}_from": getattr(law, f"{rule}_from")(times, logs) if own[rule] else values[rule] for rule in FROM_LOGS}


@jax.jit
def _ahead(law, age, lengths):
    remaining = law.given_survival(age)
    return {rule: getattr(remaining, rule)(lengths) for rule in ("log_survival", "hazard")}


def with_derived(values):
    """Beside log survival what Distribution makes of it."""
    log_survival = values["log_survival"]
    return values | {
        "survival": np.exp(log_survival),
        "failure_probability": -np.expm1(log_survival),
        "cumulative_hazard": -log_survival,
    }


@jax.jit
def derivatives(law, times):
    """Of log hazard, log survival and, where it is not their sum, log density at ages (m,) in the parameters: (m, k, p), (m, k, p, p)."""
    of_which = ("log_hazard", "log_survival", *(("log_density",) if overrides(law, "log_density") else ()))

    def of(values, time):
        changed = law.with_values(values)
        return jnp.stack([getattr(changed, rule)(time) for rule in of_which])

    def gradient(values, time):
        return (jax.jacrev(of)(values, time),) * 2

    second, first = jax.vmap(jax.jacfwd(gradient, has_aux=True), (None, 0))(law.values(), times)
    return first, second


# The restricted mean of these is an integral over searches that takes 10 s to compile with its derivatives: its values are tested as
# those of all, its derivatives at a further point of the same law by `make laws`, and here those of the search inside it.
LEFT_TO_FURTHER_POINTS = {"inverse gaussian", "gamma, wear-out", "generalised gamma"}


def _typical(law, values, whole):
    changed = law.with_values(values)
    if not whole:
        means = jnp.stack([changed.mean(), changed.duration_after(1.0, 0.7)])
    elif law.start_of_support < 0.0 or overrides(law, "mean", "mean_after"):
        means = jnp.stack([changed.mean(), changed.restricted_mean_after(1.0, 5.0)])
    else:  # then the mean is the restricted one without a horizon, and two integrals over lives would be compiled
        means = changed.restricted_mean_after(jnp.asarray([0.0, 1.0]), jnp.asarray([jnp.inf, 5.0]))
    return (jnp.append(changed.quantile(0.3), means),) * 2


@functools.partial(jax.jit, static_argnums=1)
def typical(law, whole):
    """A quantile, the mean and a restricted mean or, not ``whole``, a duration, (3,), and their derivatives in the parameters, (3, p)."""
    return jax.jacfwd(_typical, argnums=1, has_aux=True)(law, law.values(), whole)[::-1]


TAKE_ARRAYS = (*GIVEN, *DERIVED, "age_at", "mean_after", "cumulative_hazard_between", "duration_after", "restricted_mean_after")


def padded(array):
    array = np.atleast_1d(np.asarray(array, float))
    return jnp.asarray(np.concatenate([array, np.full(N - len(array), array[0])]))


def rules(law, times):
    """Every rule by its name at ages (m,)."""
    return with_derived({name: np.asarray(values)[: len(times)] for name, values in _rules(law, padded(times)).items()})


def ahead(law, age, lengths):
    """The rules of the remaining life at an age, by name, after lengths (m,)."""
    return with_derived(
        {name: np.asarray(values)[: len(lengths)] for name, values in _ahead(law, jnp.asarray(age), padded(lengths)).items()}
    )


def ages_at(law, hazards):
    """The ages by which cumulative hazards (m,) are collected."""
    return np.asarray(at(law, "age_at", padded(hazards)))[: len(hazards)]


def means_after(law, ages):
    """Mean remaining lives at ages (m,)."""
    if overrides(law, "mean_after"):
        return np.asarray(at(law, "mean_after", jnp.asarray(ages)))
    return np.asarray(at(law, "restricted_mean_after", jnp.asarray(ages), jnp.full(len(ages), jnp.inf)))  # as the base has it


# ---- ages at which to look


def dead_on_arrival(law):
    """The cumulative hazard that a point mass at the start of the support amounts to."""
    return float(-jnp.log1p(-law.probability_at_start())) if law.has_mass_at_start else 0.0


def ever(law):
    """The share that fails at all."""
    return float(rules(law, [np.inf])["failure_probability"][0])


def hazards(law):
    """Cumulative hazards from one tail to the other, (8,)."""
    share = ever(law)
    return BOTH_TAILS + dead_on_arrival(law) if share == 1.0 else -np.log1p(share * np.expm1(-OF_SOME))


def times(law):
    """The ages by which ``hazards`` are collected, (8,)."""
    return ages_at(law, hazards(law))


def quantiles(law):
    """By share of those that ever fail; at 1 of all."""
    shares = np.append(LEVELS[:-1] * ever(law), 1.0)
    with np.errstate(divide="ignore"):  # at 1
        return dict(zip(LEVELS.tolist(), ages_at(law, -np.log1p(-shares)), strict=True))


def old(law):
    """The ages by which the shares ``OLD`` have failed, (4,); there is none by which nobody has, on the real line."""
    known = quantiles(law)
    return np.array([known[level if level or law.start_of_support == 0.0 else 1e-9] for level in OLD])


def corners(law):
    """Ages at which the hazard or its slope jumps, where a quadrature needs an edge."""
    ages = getattr(law, "breaks", getattr(law, "knots", None))
    return np.zeros(0) if ages is None else np.asarray(ages)


def integral(rule, edges, bends=()):
    """Of a rule, (N,) to (N,), between the first and the last edge: Gauss and Legendre's, halved until halves agree with the whole."""

    def panel(low, high):
        return 0.5 * (high - low) * np.sum(WEIGHTS * rule(0.5 * (low + high) + 0.5 * (high - low) * NODES))

    def piece(low, high, depth=0):
        middle = 0.5 * (low + high)
        whole, halves = panel(low, high), panel(low, middle) + panel(middle, high)
        if abs(whole - halves) <= 1e-11 * abs(halves):
            return halves
        assert depth < 20, f"no agreement near {middle}"
        return piece(low, middle, depth + 1) + piece(middle, high, depth + 1)

    edges = np.unique([*edges, *(bend for bend in bends if edges[0] < bend < edges[-1])])
    return sum(piece(low, high) for low, high in itertools.pairwise(edges))


def integral_from_0(rule, edges, bends=()):
    """The same from 0 to the last edge, over the logarithm; before the first edge the rule is all but level."""
    over_log = integral(lambda y: rule(np.exp(y)) * np.exp(y), np.log(edges), np.log([bend for bend in bends if bend > edges[0]]))
    return edges[0] * rule(np.full(N, 0.5 * edges[0]))[0] + over_log


def step_from(value):
    """A step for differences in a parameter, which may be 0."""
    return 1e-5 * (abs(value) or 1.0)


def steps_from(values):
    """Each parameter moved up and down, the others left: index, step, values up, values down."""
    for index, value in enumerate(values):
        step = step_from(value)
        up, down = values.copy(), values.copy()
        up[index] += step
        down[index] -= step
        yield index, step, jnp.asarray(up), jnp.asarray(down)


# ---- the laws


@over_all
def test_survival_is_1_at_birth_but_for_the_dead_on_arrival_and_0_at_the_end(law):
    first, start, end = (rules(law, [age]) for age in (float(law.first_age()), law.start_of_support, np.inf))
    never = 1.0 - ever(law)
    assert first["survival"] == np.exp(-dead_on_arrival(law))
    assert first["cumulative_hazard"] == dead_on_arrival(law)
    assert end["survival"] == never
    assert not (never > 0.0 and law.mean_is_finite())
    if law.has_mass_at_start:
        np.testing.assert_allclose(start["survival"], 1.0 - law.probability_at_start(), rtol=1e-15)


@over_all
def test_survival_never_rises(law):
    log_survival = rules(law, np.sort([*times(law), *np.linspace(0, times(law)[-1], 50)]))["log_survival"]
    assert np.all(np.diff(log_survival) <= 1e-13 * np.abs(log_survival[1:]))  # two roundings


@over_all
def test_quantiles_invert_survival_in_both_tails(law):
    # a relative error of 4 eps in the time moves the cumulative hazard by that times its elasticity, at most 40 here
    np.testing.assert_allclose(rules(law, times(law))["cumulative_hazard"], hazards(law), rtol=1e-12)
    # so near to a threshold there is no other number; and the dead on arrival come first
    levels = LEVELS[2 if law.first_age() > 0.0 else 1 : -1]
    known = quantiles(law)
    reached = np.maximum(levels * ever(law), -np.expm1(-dead_on_arrival(law)))
    np.testing.assert_allclose(rules(law, [known[level] for level in levels])["failure_probability"], reached, rtol=1e-12)
    assert known[0.0] == (0.0 if law.has_mass_at_start else law.first_age())
    assert known[1.0] == np.inf


@over_all
def test_the_hazard_is_the_slope_of_the_cumulative_hazard(law):
    values = rules(law, times(law))
    np.testing.assert_allclose(values["hazard"], np.exp(values["derived log_hazard"]), rtol=1e-10)
    np.testing.assert_allclose(values["log_hazard"], values["derived log_hazard"], rtol=1e-10, atol=1e-10)


@over_all
def test_density_is_hazard_times_survival_and_integrates_to_all_that_arrive_alive_and_fail(law):
    values = rules(law, times(law)[:-1])  # beyond, the density underflows
    np.testing.assert_allclose(values["density"], values["hazard"] * values["survival"], rtol=1e-11)
    edges = times(law)[:-1]
    collected = (integral_from_0 if law.start_of_support == 0.0 else integral)(lambda t: rules(law, t)["density"], edges, corners(law))
    expected = values["failure_probability"][-1] + np.expm1(-dead_on_arrival(law))
    np.testing.assert_allclose(expected, ever(law) + np.expm1(-dead_on_arrival(law)), atol=3e-9)  # 20 hazards on: exp(-20)
    np.testing.assert_allclose(collected, expected, rtol=1e-9)  # the density's own error, up to 1e-11 of a hazard of 200


@over_all
def test_the_integral_of_the_hazard_is_the_cumulative_hazard(law):
    low, middle, high = times(law)[2:5]
    collected = integral(lambda t: rules(law, t)["hazard"], (low, middle, high), corners(law))
    begin, end = rules(law, (low, high))["cumulative_hazard"]
    np.testing.assert_allclose(collected, end - max(begin, dead_on_arrival(law)), rtol=1e-9)  # that of the quadrature, on log age


@over_all
def test_the_mean_remaining_life_is_an_integral_of_survival(law):
    expected = means_after(law, old(law))
    if ever(law) < 1.0:
        assert np.all(np.isinf(expected))
        return
    for age, mean in zip(old(law), expected, strict=True):
        collected = rules(law, [age])["cumulative_hazard"] + BOTH_TAILS
        edges = ages_at(law, collected) - age
        edges = edges[edges > 0.0][:-1]
        total = integral_from_0(lambda t, age=age: ahead(law, age, t)["survival"], edges, corners(law) - age)
        np.testing.assert_allclose(mean, total, rtol=1e-9)  # that of the quadrature


@jax.jit
def _derived_mean_after(law, ages):
    return jax.vmap(lambda age: Distribution.restricted_mean_after(law, age, jnp.inf))(ages)


def derived_mean_after(law, ages):
    if overrides(law, "restricted_mean_after"):
        return _derived_mean_after(law, ages)
    return at(law, "restricted_mean_after", ages, jnp.full(len(ages), jnp.inf))  # which is the base's, compiled for its own test


MORTAL = [name for name in EXAMPLES if EXAMPLES[name].mean_is_finite()]
WITH_MEANS = [name for name in MORTAL if overrides(EXAMPLES[name], "mean_after", "restricted_mean_after")]


@pytest.mark.parametrize("name", of_each(WITH_MEANS))
def test_the_derived_mean_is_the_overriding_one(law):
    bends = any(len(getattr(part, "components", ())) > 1 for part in (law, getattr(law, "of", law)))
    # what the rule promises; a jump of the hazard is a corner of the quantile function
    rtol = 1e-4 if len(corners(law)) else 1e-6 if bends else 1e-11
    ages = jnp.asarray(old(law))
    np.testing.assert_allclose(means_after(law, ages), derived_mean_after(law, ages), rtol=rtol)


@pytest.mark.parametrize("name", of_each(MORTAL))
def test_the_restricted_mean_is_what_the_tail_leaves_of_the_mean(law):
    age = np.full(4, quantiles(law)[0.2])
    whole = means_after(law, age)
    horizon = np.array([1e-6, 0.3, 1.0, 5.0]) * whole
    left = ahead(law, age[0], horizon)["survival"] * means_after(law, age + horizon)
    restricted = np.asarray(at(law, "restricted_mean_after", jnp.asarray(age), jnp.asarray(horizon)))
    # of a spline the third derivative jumps at the knots, which costs the one rule over all ages five digits
    atol = 1e-9 if len(corners(law)) and not overrides(law, "restricted_mean_after") else 4e-12
    np.testing.assert_allclose(restricted, whole - left, rtol=0.0, atol=atol * whole[0])
    assert np.all(restricted <= horizon * (1 + 1e-12))


@over_all
def test_remaining_life_is_survival_over_survival(law):
    known = quantiles(law)
    for age in (known[0.1], known[0.9]):
        lengths = abs(age) * np.array([0.0, 0.01, 0.5, 1.0])
        remaining, now, then = ahead(law, age, lengths), rules(law, [age]), rules(law, age + lengths)
        np.testing.assert_allclose(remaining["log_survival"], then["log_survival"] - now["log_survival"], rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(remaining["hazard"], then["hazard"], rtol=1e-12)
        twice = ahead(law.given_survival(jnp.asarray(age)), abs(age), lengths)
        np.testing.assert_allclose(twice["log_survival"], ahead(law, age + abs(age), lengths)["log_survival"], rtol=1e-12)


@over_all
def test_a_short_look_ahead_keeps_its_digits(law):
    age = quantiles(law)[0.6]
    short = 1e-11 * abs(age)  # lost in age + short
    expected = rules(law, [age])["hazard"] * short
    np.testing.assert_allclose(ahead(law, age, [short])["failure_probability"], expected, rtol=1e-8)  # of first order in 1e-11
    collected = jnp.asarray(-np.log1p(-expected))
    np.testing.assert_allclose(at(law, "duration_after", jnp.full(1, age), collected), short, rtol=1e-8)


@over_all
def test_the_log_time_form_is_the_same_function(law):
    values = rules(law, times(law))
    # it is added up, not looked at
    np.testing.assert_allclose(values["log_survival_from"], values["log_survival"], rtol=1e-12, atol=2e-16)
    np.testing.assert_allclose(values["log_density_from"], values["log_density"], rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(values["log_hazard_from"], values["log_hazard"], rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", of_each(name for name in EXAMPLES if EXAMPLES[name].knows_its_unit()))
def test_a_change_of_unit_changes_nothing_else(law, whole):
    for unit in (1e-6, 24.0, 1e6):
        changed = law.rescaled(unit)
        np.testing.assert_allclose(rules(changed, unit * times(law))["log_survival"], rules(law, times(law))["log_survival"], rtol=2e-12)
        np.testing.assert_allclose(typical(changed, whole)[0][:2], unit * np.asarray(typical(law, whole)[0][:2]), rtol=1e-12)


@over_all
def test_first_and_second_derivatives_are_finite_on_a_grid_of_extremes(law):
    ages = np.array([1e-9, *times(law)])
    for order, values in enumerate(derivatives(law, jnp.asarray(ages)), start=1):
        finite = np.isfinite(values).reshape(len(ages), -1).all(axis=-1)
        assert finite.all(), (f"order {order}", ages[~finite])


@over_all
def test_derivatives_agree_with_finite_differences(law):
    ages, position, log_hazard = np.array([1e-9, *times(law)]), 4, 0  # the age by which most have failed
    gradient, hessian = (np.asarray(values)[position, log_hazard] for values in derivatives(law, jnp.asarray(ages)))
    for index, step, up, down in steps_from(np.asarray(law.values())):
        high, low = law.with_values(up), law.with_values(down)
        above, below = (rules(moved, ages)["log_hazard"][position] for moved in (high, low))
        slope = (above - below) / (2 * step)
        np.testing.assert_allclose(gradient[index], slope, rtol=1e-6, atol=1e-13 / step)  # central differences: step squared
        bend = (derivatives(high, jnp.asarray(ages))[0] - derivatives(low, jnp.asarray(ages))[0])[position, log_hazard] / (2 * step)
        np.testing.assert_allclose(hessian[index], bend, rtol=1e-5, atol=1e-12 / step)


@over_all
def test_quantile_and_mean_are_differentiable_in_the_parameters(law, whole):
    # that there is a derivative backwards, too, shows without compiling it, which takes up to ten times as long
    backwards = jax.jacrev(lambda law, values: _typical(law, values, whole), argnums=1, has_aux=True)
    assert jax.eval_shape(backwards, law, law.values())[0].shape == typical(law, whole)[1].shape
    meant = np.isfinite(typical(law, whole)[0])
    assert meant[1] == law.mean_is_finite()
    gradient = np.asarray(typical(law, whole)[1])
    for index, step, up, down in steps_from(np.asarray(law.values())):
        above, below = (np.asarray(typical(law.with_values(moved), whole)[0])[meant] for moved in (up, down))
        slope = (above - below) / (2 * step)
        np.testing.assert_allclose(gradient[meant, index], slope, rtol=1e-5, atol=1e-8)


@over_all
def test_it_works_under_jit_vmap_and_grad_of_the_users_own(law):
    t = jnp.asarray(times(law)[:4])
    # compiled sums round otherwise, and move the nodes of the gamma laws' quadrature
    np.testing.assert_allclose(rules(law, t)["survival"], law.survival(t), rtol=2e-13)
    np.testing.assert_allclose(jax.vmap(law.hazard)(t), law.hazard(t), rtol=2e-13)
    assert jax.tree.structure(jax.eval_shape(jax.grad(lambda d: d.log_density(t[2])), law)) == jax.tree.structure(law)


@over_all
def test_every_rule_is_one_that_takes_arrays(law):
    for rule in TAKE_ARRAYS:
        assert getattr(type(law), rule).__code__ is elementwise(abs).__code__, rule
    assert not overrides(law, *DERIVED)


@pytest.mark.parametrize("name", ["weibull, wear-out", "logistic"])
def test_rules_that_take_arrays_broadcast_and_what_is_derived_is_so(law):
    column, row = jnp.full((3, 1), times(law)[2]), jnp.full(2, 0.3)
    for rule in (*GIVEN, *DERIVED, "age_at", "mean_after"):
        assert jax.eval_shape(getattr(law, rule), column).shape == (3, 1), rule
    for rule in ("cumulative_hazard_between", "duration_after", "restricted_mean_after"):
        assert jax.eval_shape(getattr(law, rule), column, row).shape == (3, 2), rule
    ages = times(law)
    for rule, expected in with_derived({"log_survival": rules(law, ages)["log_survival"]}).items():
        np.testing.assert_allclose(at(law, rule, padded(ages))[: len(ages)], expected, rtol=1e-14, err_msg=rule)
    for share, age in quantiles(law).items():
        np.testing.assert_allclose(at(law, "quantile", jnp.asarray(share)), age, rtol=1e-13)


# sampling is derived once for all; of these one has several parts, one a point mass
@pytest.mark.parametrize("name", ["weibull, wear-out", "mixture of families", "dead on arrival", "defective subpopulation"])
def test_samples_follow_the_law(law):
    n = 4000
    sample = np.sort(jax.jit(lambda law: law.sample(jax.random.key(7), (n,)))(law))
    gaps = np.abs(np.asarray(at(law, "failure_probability", jnp.asarray(sample))) - (np.arange(n) + 0.5) / n)
    # all of the dead on arrival stand at one age, and all that never fail
    distance = np.where((sample == 0.0) | (sample == np.inf), 0.0, gaps).max()
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
