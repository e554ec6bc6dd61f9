"""Every method with every kind of derivative, compiled or not, ends where SciPy called directly ends."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize, rosen, rosen_der, rosen_hess

import survjax as sj
from survjax.optimise import MeanOverRows, minimise
from survjax.optimise.solvers import SOLVERS, WITH_HESSIAN

RANDOM = np.random.default_rng(5)
COVARIATES = np.column_stack([np.ones(64), RANDOM.normal(size=(64, 2))])
CHOICES = (RANDOM.uniform(size=64) < 1 / (1 + np.exp(-COVARIATES @ [0.3, -1.0, 0.7]))).astype(float)
START = np.array([-1.2, 1.0, 0.7])


def deviance(coefficients, covariates, choices):
    """The mean negative log-likelihood of a logistic regression."""
    score = covariates @ coefficients
    return jnp.mean(jnp.logaddexp(0.0, score) - choices * score)


def deviance_gradient(coefficients, covariates, choices):
    return covariates.T @ (1 / (1 + jnp.exp(-covariates @ coefficients)) - choices) / len(choices)


def deviance_hessian(coefficients, covariates, choices):
    share = 1 / (1 + jnp.exp(-covariates @ coefficients))
    return (covariates.T * (share * (1 - share))) @ covariates / len(choices)


def rosenbrock(x):
    return jnp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def formulas(method, derivatives, gradient, hessian):
    if derivatives != "analytic":
        return {}
    return {"gradient": gradient} | ({"hessian": hessian} if method in WITH_HESSIAN else {})


@pytest.fixture(scope="module")
def best():
    def value(c):
        score = COVARIATES @ c
        return np.mean(np.logaddexp(0.0, score) - CHOICES * score)

    found = minimize(value, np.zeros(3), method="BFGS", options={"gtol": 1e-7})
    # BFGS knows the gradient by forward differences only; two steps by the closed forms leave rounding
    point = found.x
    for _ in range(2):
        point = point - np.linalg.solve(deviance_hessian(point, COVARIATES, CHOICES), deviance_gradient(point, COVARIATES, CHOICES))
    return point


@pytest.mark.parametrize("jit", ["none", "value", "gradient", "both"])
@pytest.mark.parametrize("derivatives", ["autodiff", "analytic", "finite differences"])
@pytest.mark.parametrize("method", SOLVERS)
def test_a_logistic_regression_has_one_optimum_whoever_looks_for_it(method, derivatives, jit, best):
    found = minimise(
        deviance,
        np.zeros(3),
        method=method,
        derivatives=derivatives,
        jit=jit,
        args=(COVARIATES, CHOICES),
        **formulas(method, derivatives, deviance_gradient, deviance_hessian),
    )
    assert found.reason == "converged"
    assert found.gradient_norm <= 1e-6
    # a gradient within 1e-6 and a smallest curvature of about 0.1
    np.testing.assert_allclose(found.parameters, best, atol=3e-5)
    assert len(found.path) == found.n_steps + 1
    np.testing.assert_array_equal(found.path[0], np.zeros(3))
    np.testing.assert_array_equal(found.path[-1], found.parameters)
    assert (found.seconds_compiling == 0.0) >= (jit == "none")


@pytest.mark.parametrize("method", SOLVERS)
def test_the_end_of_rosenbrocks_valley_is_found(method):
    found = minimise(rosenbrock, START, method=method)
    assert found.converged
    # along the valley the curvature is 0.4: a gradient of 1e-6 is 3e-6 away
    np.testing.assert_allclose(found.parameters, 1.0, atol=3e-6)


@pytest.mark.parametrize("method", [method for method in SOLVERS if method != "newton"])
def test_scipy_takes_the_same_steps_and_evaluations_as_when_called_directly(method):
    hessian = {"hessian": rosen_hess} if method in WITH_HESSIAN else {}
    ours = minimise(rosen, START, method=method, derivatives="analytic", jit="none", gradient=rosen_der, max_steps=300, **hessian)
    options = {"TNC": {"gtol": 1e-6, "ftol": 0, "xtol": 0, "maxfun": 6000}, "SLSQP": {"ftol": 1e-14}, "Newton-CG": {"xtol": 1e-8}}
    options = options.get(method, {"gtol": 1e-6}) | ({"ftol": 0.0} if method == "L-BFGS-B" else {})
    theirs = minimize(rosen, START, jac=rosen_der, hess=rosen_hess if hessian else None, method=method, options=options)
    assert ours.n_steps == theirs.nit
    np.testing.assert_array_equal(ours.parameters, theirs.x)
    # ours asks for each quantity once a point, and once more where the solver did not end on its last
    assert 0 <= ours.counts.value - len({tuple(x) for x in visited(method, options, hessian)}) <= 1


def visited(method, options, hessian):
    """The points at which SciPy asks for the value."""
    points = []

    def value(x):
        points.append(x.copy())
        return rosen(x)

    minimize(value, START, jac=rosen_der, hess=rosen_hess if hessian else None, method=method, options=options)
    return points


def test_evaluations_are_counted_as_the_function_counts_them():
    calls = {"value": 0, "gradient": 0, "hessian": 0}

    def counting(name, function):
        def counted(x):
            calls[name] += 1
            return function(x)

        return counted

    found = minimise(
        counting("value", rosen),
        START,
        derivatives="analytic",
        jit="none",
        gradient=counting("gradient", rosen_der),
        hessian=counting("hessian", rosen_hess),
    )
    assert found.counts._asdict() == calls
    calls["value"] = 0
    differences = minimise(counting("value", rosen), START, method="BFGS", derivatives="finite differences", jit="none")
    assert differences.counts.value == calls["value"]
    # two values a parameter and gradient
    assert calls["value"] >= 6 * differences.counts.gradient


def test_compiling_is_timed_apart_and_paid_once():
    def quadratic(x):
        return jnp.sum((x - 2.0) ** 2)

    first, second = (minimise(quadratic, np.zeros(2), method="BFGS") for _ in range(2))
    assert first.seconds_compiling > 0
    assert second.seconds_compiling == 0
    assert first.seconds_running > 0
    np.testing.assert_array_equal(first.path, second.path)


def test_newton_needs_one_step_for_a_quadratic_and_brings_its_hessian():
    matrix = np.array([[3.0, 1.0], [1.0, 2.0]])
    found = minimise(lambda x, a: 0.5 * x @ a @ x - x @ jnp.array([1.0, 1.0]), np.zeros(2), args=(matrix,))
    np.testing.assert_allclose(found.parameters, np.linalg.solve(matrix, [1.0, 1.0]), rtol=1e-14)
    np.testing.assert_allclose(found.hessian, matrix, rtol=1e-14)
    assert found.n_steps == 1


def test_a_pytree_comes_back_in_its_form():
    def bowl(p):
        return jnp.sum((p["a"] - 1.0) ** 2) + (p["b"][0] + 2.0) ** 2

    found = minimise(bowl, {"a": np.zeros((2, 2)), "b": (0.0,)})
    np.testing.assert_allclose(found.parameters["a"], np.ones((2, 2)), rtol=1e-14)
    np.testing.assert_allclose(found.parameters["b"][0], -2.0, rtol=1e-14)
    assert found.parameters["a"].dtype == np.float64
    analytic = minimise(
        bowl,
        {"a": np.zeros((2, 2)), "b": (0.0,)},
        method="BFGS",
        derivatives="analytic",
        gradient=lambda p: {"a": 2 * (p["a"] - 1.0), "b": (2 * (p["b"][0] + 2.0),)},
    )
    np.testing.assert_allclose(analytic.parameters["a"], found.parameters["a"], atol=1e-6)


def test_it_computes_in_64_bits_whatever_the_users_flag_says():
    assert not jax.config.jax_enable_x64
    # 1 + 1e-12 is 1 in 32 bits
    found = minimise(lambda x: (x[0] - (1.0 + 1e-12)) ** 2, np.zeros(1), tolerance=1e-15)
    np.testing.assert_allclose(found.parameters - 1.0, 1e-12, rtol=1e-3)


def test_steps_run_out_and_that_is_said():
    for method in SOLVERS:
        found = minimise(rosenbrock, START, method=method, max_steps=2)
        assert found.reason == "step_limit", method
        assert not found.converged


def test_a_valley_without_curvature_is_flat():
    found = minimise(lambda x: (x[0] + x[1]) ** 2, np.array([1.0, 2.0]))
    assert found.reason == "flat"
    assert not found.converged


@pytest.mark.parametrize(
    ("function", "start", "expected"),
    [
        # at a saddle there is no gradient to follow: "flat", it said
        (lambda x: x[0] ** 2 - x[1] ** 2 + x[1] ** 4, [1.0, 0.0], -0.25),
        # nor has this one a curvature in either coordinate by itself
        (lambda x: x[0] * x[1] + x[0] ** 4 + x[1] ** 4, [0.0, 0.0], -0.125),
    ],
)
def test_newton_leaves_a_saddle(function, start, expected):
    found = minimise(function, np.array(start))
    assert found.reason == "converged"
    assert found.value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("method", ["newton", "L-BFGS-B", "SLSQP"])
@pytest.mark.parametrize("function", [lambda x: -(x[0] ** 2) + x[1] ** 2, lambda x: x[0] - jnp.exp(x[1])])
def test_a_function_that_falls_without_end_is_unbounded(method, function):
    found = minimise(function, np.array([1.0, 1.0]), method=method)
    assert found.reason == "unbounded"
    assert not found.converged
    # what is told is where it stood before
    assert np.isfinite(found.value)
    assert np.isfinite(found.parameters).all()


@pytest.mark.parametrize("method", SOLVERS)
def test_an_end_that_is_not_finite_is_said_to_be_none(method):
    found = minimise(lambda x: x[0] - jnp.log(x[0]) + (x[1] - 2.0) ** 2, np.array([5.0, -3.0]), method=method, max_steps=100)
    assert found.converged or found.reason == "not_finite"
    # whatever it is called, what is told is finite
    assert np.isfinite([found.value, *found.parameters, *found.path.ravel()]).all()


def test_newton_knows_a_minimum_in_any_unit():
    found = minimise(lambda x: 1e6 * (x[0] - 1e-3) ** 2 + 1e-6 * (x[1] - 10.0) ** 2, np.zeros(2), tolerance=1e-9)
    assert found.reason == "converged"
    np.testing.assert_allclose(found.parameters, [1e-3, 10.0], rtol=1e-3)  # the tolerance over the curvature of the second


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_newton_finds_a_minimum_of_any_size(unit):
    found = minimise(lambda x: jnp.sum(jnp.cosh(x / unit - 3.0)) * unit, np.zeros(2))
    assert found.converged
    assert found.gradient_norm <= 1e-6
    assert found.n_steps < 60
    # at the tolerance x / unit is off by 1e-6
    np.testing.assert_allclose(found.parameters, 3.0 * unit, rtol=1e-6)


def test_an_argument_of_another_type_is_another_program():
    def square(x, middle):
        return jnp.sum((x - middle) ** 2)

    for middle in (2.0, np.float64(3.0), jnp.asarray(4.0), np.float32(5.0), 6):
        assert minimise(square, np.zeros(1), args=(middle,)).parameters == pytest.approx([float(middle)])


def test_nan_at_the_start_is_an_error_that_names_the_way_out():
    with pytest.raises(ValueError, match=r"fun is nan at the start.*logarithm of 0"):
        minimise(lambda x: jnp.sum(jnp.log(x)), np.array([-1.0, 1.0]))
    with pytest.raises(ValueError, match=r"derivatives in rate are not.*safe on both, not the result"):
        minimise(lambda p: jnp.where(p["rate"] == 0, 0.0, p["rate"] * jnp.sqrt(p["rate"])) + p["b"] ** 2, {"b": 1.0, "rate": 0.0})
    with pytest.raises(ValueError, match="start must be finite; parameter"):
        minimise(rosenbrock, np.array([1.0, np.nan]))


def test_python_control_flow_on_traced_values_is_explained_with_its_line():
    def folded(x):
        if x[0] > 0:
            return x[0] ** 2
        return -x[0]

    with pytest.raises(TypeError, match=r"line \d+: if x\[0\] > 0:.*jnp\.where or jax\.lax\.cond.*jit='none'"):
        minimise(folded, np.array([1.0]), method="BFGS")
    assert minimise(folded, np.array([1.0]), method="BFGS", jit="none").converged
    with pytest.raises(TypeError, match=r"handed to NumPy.*jax\.numpy.*finite differences"):
        minimise(lambda x: np.sin(x[0]) ** 2, np.array([1.0]), method="BFGS")
    assert minimise(lambda x: np.sin(x[0]) ** 2, np.array([1.0]), method="BFGS", derivatives="finite differences", jit="none").converged


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "Powell"}, "method must be one of 'newton'"),
        ({"derivatives": "symbolic"}, "derivatives must be one of"),
        ({"jit": True}, "jit must be one of"),
        ({"derivatives": "analytic"}, "needs gradient="),
        ({"derivatives": "analytic", "gradient": rosen_der}, "needs hessian="),
        ({"gradient": rosen_der}, "would be ignored"),
        ({"derivatives": "analytic", "gradient": rosen_der, "hessian": rosen_hess, "method": "BFGS"}, "BFGS uses none"),
        ({"tolerance": 0.0}, "tolerance must be positive"),
        ({"max_steps": 0}, "max_steps must be at least 1"),
        (
            {"derivatives": "analytic", "method": "BFGS", "gradient": lambda x: x[:2], "jit": "none"},
            r"shape \(3,\); it returned one of shape",
        ),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        minimise(rosenbrock, START, **options)


@pytest.mark.parametrize("form", ["frame", "polars", "series", "nullable", "list"])
def test_args_may_be_frames_and_series(form):
    # "Cannot interpret value of type DataFrame as an abstract array"
    pl = pytest.importorskip("polars")
    x = COVARIATES[:, 1]
    data = {
        "frame": pd.DataFrame({"x": x, "count": 1}),
        "polars": pl.DataFrame({"x": x}),
        "series": {"x": pd.Series(x)},
        "nullable": {"x": pd.Series(x).astype("Float64")},
        "list": {"x": x.tolist()},
    }[form]
    found = minimise(lambda p, d: jnp.mean((d["x"] - p["a"]) ** 2), {"a": 1.0}, args=(data,))
    np.testing.assert_allclose(found.parameters["a"], x.mean(), rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"args": COVARIATES}, r"args must be a tuple .*args=\(data,\); got a ndarray"),
        ({"args": (pd.DataFrame({"x": [1.0], "make": ["a"]}),)}, r"column 'make' in args holds no numbers.*pandas.factorize"),
        ({"args": ("data.csv",)}, "args hold text"),
        ({"bounds": [(0, 1)]}, "no bounds=: .*exponential.*sj.MaximumLikelihood"),
        ({"jac": rosen_der}, "gradient=, with derivatives="),
        ({"start": "1"}, "start must be numbers"),
        ({"start": pd.Series({"a": 1.0})}, r"pass start.to_dict\(\)"),
    ],
)
def test_arguments_that_are_none_are_told_why(options, message):
    with pytest.raises(TypeError, match=message):
        minimise(rosenbrock, **({"start": START} | options))


def test_a_function_without_a_value_or_that_reads_attributes_is_explained():
    with pytest.raises(TypeError, match="fun returned None"):
        minimise(lambda x: None, START)
    with pytest.raises(TypeError, match=r'fun reads a as an attribute.*write \["a"\]'):
        minimise(lambda p: p.a**2, {"a": 1.0})


def test_a_function_of_many_numbers_is_refused():
    with pytest.raises(ValueError, match=r"one number; it returned an array of shape \(3,\)"):
        minimise(lambda x: x**2, START)


def test_it_is_at_home_in_survjax():
    assert sj.optimise.minimise is minimise


def test_a_callable_object_with_arrays_in_it_is_a_function_too():
    @dataclass
    class Bowl:
        centre: np.ndarray

        def __call__(self, x):
            return jnp.sum((x - self.centre) ** 2)

    # a dataclass that compares by value cannot be hashed
    found = minimise(Bowl(np.array([1.0, 2.0])), np.zeros(2))
    np.testing.assert_allclose(found.parameters, [1.0, 2.0], rtol=1e-14)


@pytest.mark.parametrize("method", ["Newton-CG", "trust-exact"])
def test_a_maximum_is_no_minimum_to_a_method_that_has_its_hessian(method):
    # "converged", with hessian == [[-1.]] in hand
    found = minimise(lambda x: jnp.cos(x[0]), np.zeros(1), method=method)
    assert found.reason == "saddle"
    assert not found.converged
    np.testing.assert_allclose(found.hessian, [[-1.0]], rtol=1e-14)


def test_a_saddle_is_no_minimum_to_a_method_that_has_its_hessian():
    found = minimise(lambda x: x[0] ** 2 - x[1] ** 2 + x[1] ** 4, np.array([1.0, 0.0]), method="Newton-CG")
    assert found.reason == "saddle"
    np.testing.assert_array_equal(found.parameters, 0.0)


@pytest.mark.parametrize("derivatives", ["autodiff", "finite differences"])
def test_a_minimum_without_curvature_in_one_direction_is_no_saddle(derivatives):
    # by differences the curvature of x[1] is rounding, of either sign
    found = minimise(lambda x: 1e3 + (x[0] - 1.0) ** 2 + 0.0 * x[1], np.array([3.0, 0.3]), method="trust-exact", derivatives=derivatives)
    assert found.reason == "converged"


@pytest.mark.parametrize("method", ["newton", "L-BFGS-B", "SLSQP", "TNC"])
def test_a_function_that_falls_only_linearly_is_endless(method):
    # "step_limit" and "no_progress", at -5e16 and -1e14
    found = minimise(lambda x: -x[0] + x[1] ** 2, np.array([1.0, 1.0]), method=method)
    assert found.reason == "endless"
    assert not found.converged
    assert found.value < -1e8


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("method", ["Newton-CG", "trust-exact"])
def test_a_function_without_curvature_is_flat(method):
    # "array must not contain infs or NaNs"
    found = minimise(lambda x: jnp.abs(x[0] - 1.0), np.array([3.0]), method=method)
    assert found.reason == "flat"
    assert found.message.endswith("its Hessian is 0 there")
    np.testing.assert_array_equal(found.parameters, 3.0)


@pytest.mark.parametrize("start", [20.0, 5.0])
@pytest.mark.parametrize("method", SOLVERS)
def test_where_the_function_ends_no_method_steps_over_the_edge(method, start):
    # BFGS returned x = -36401, value nan; trust-exact took 1000 steps on one spot
    found = minimise(lambda x: x[0] - jnp.log(x[0]), np.array([start]), method=method)
    assert found.reason in {"converged", "not_finite"}
    assert found.reason == "converged" or method == "L-BFGS-B"
    np.testing.assert_allclose(found.value, found.parameters[0] - np.log(found.parameters[0]), rtol=1e-14)
    np.testing.assert_array_equal(found.path[-1], found.parameters)


def test_what_comes_back_from_beyond_the_edge_is_the_last_point_before_it():
    # the root of a negative number: SLSQP goes there, and on
    found = minimise(lambda x: jnp.sqrt(x[0]) + 0.0 * x[1], np.array([1.0, 1.0]), method="BFGS")
    assert found.reason == "not_finite"
    assert np.isfinite(found.value)
    np.testing.assert_allclose(found.value, np.sqrt(found.parameters[0]), rtol=1e-14)


def test_control_flow_in_a_term_of_rows_has_no_way_out_without_tracing():
    def folded(parameters, row):
        if row["x"] > 0:
            return (row["x"] - parameters["a"]) ** 2
        return parameters["a"] ** 2

    # "or pass jit='none'", which sent on to finite differences, which said the same again
    for options in ({}, {"jit": "none"}, {"jit": "none", "derivatives": "finite differences"}):
        with pytest.raises(TypeError, match=r"line \d+: if row.*jnp\.where or jax\.lax\.cond, a loop with jax\.lax\.while_loop\.$"):
            minimise(MeanOverRows(folded), {"a": 1.0}, args=({"x": COVARIATES[:, 1]},), method="BFGS", **options)


def test_a_column_that_is_not_there_is_named_beside_those_that_are():
    # KeyError: 'z'
    with pytest.raises(TypeError, match=r"fun reads \['z'\], in line \d+: .*start has a; args have count, x\."):
        minimise(
            MeanOverRows(lambda p, row: (row["z"] - p["a"]) ** 2),
            {"a": 1.0},
            args=({"x": COVARIATES[:, 1], "count": CHOICES},),
        )
    with pytest.raises(TypeError, match=r"fun reads \['b'\], .*start has a\."):
        minimise(lambda p: p["b"] ** 2, {"a": 1.0})
    with pytest.raises(KeyError, match="rate"):
        minimise(lambda x: {"slope": x[0]}["rate"], np.zeros(1))


@pytest.mark.parametrize("method", ["BFGS", "newton"])
def test_rows_whose_derivative_alone_is_nan_are_named(method):
    data = {"x": np.where(np.isin(np.arange(64), [3, 40]), 0.0, 1.0 + np.arange(64.0))}
    # the derivative of a root at 0, times 0
    root = MeanOverRows(lambda p, row: jnp.sqrt(row["x"] * p["a"]) + (p["a"] - 1.0) ** 2)
    with pytest.raises(ValueError, match=r"derivatives in a are not\. That of the term of 2 rows is not finite: rows 3, 40\."):
        minimise(root, {"a": 2.0}, args=(data,), method=method)
