"""A likelihood typed by a user: the optimum and the errors of statsmodels and SciPy, in blocks, with weights, starts and known values."""

import gc
import pickle
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
import scipy.optimize
import scipy.stats
import statsmodels.api as sm
from jax.scipy.special import gammaln

import survjax as sj
from survjax.engine import entries
from survjax.engine.term import objective_of
from survjax.numerics import blocks
from tests.score_root import optimum_and_errors

N = 256
RANDOM = np.random.default_rng(11)
X = RANDOM.normal(size=(N, 2))
RATE = np.exp(0.8 + X @ [0.5, -0.3])
COUNT = RANDOM.poisson(RATE)
SPREAD_COUNT = RANDOM.poisson(RATE * RANDOM.gamma(2.0, 0.5, size=N))
ANSWER = RANDOM.random(N) < 1 / (1 + np.exp(-(0.3 + X @ [1.0, -0.5])))
RESPONSE = 1e6 + X @ [3e5, -1e5] + 2e5 * RANDOM.normal(size=N)
DESIGN = sm.add_constant(X)
WITH_INTERCEPT = ("real", ["const", "x1", "x2"])
# Both stop when a step is short; a step of 1e-7 leaves its square in the estimate.
OPTIMUM, ERRORS = {"rtol": 1e-6}, {"rtol": 1e-5}


def predictor(parameters, row):
    return parameters["beta"][0] + row["x"] @ parameters["beta"][1:]


def poisson(parameters, row):
    eta = predictor(parameters, row)
    return row["y"] * eta - jnp.exp(eta) - gammaln(row["y"] + 1.0)


def logistic(parameters, row):
    eta = predictor(parameters, row)
    return -jnp.logaddexp(0.0, jnp.where(row["y"], -eta, eta))


def negative_binomial(parameters, row):
    size = 1.0 / parameters["alpha"]
    log_rate, y = predictor(parameters, row), row["y"]
    counted = gammaln(y + size) - gammaln(size) - gammaln(y + 1.0)
    return counted + size * jnp.log(size) + y * log_rate - (y + size) * jnp.log(size + jnp.exp(log_rate))


def normal(parameters, row):
    z = (row["y"] - predictor(parameters, row)) / parameters["sigma"]
    return -0.5 * z**2 - jnp.log(parameters["sigma"]) - 0.5 * jnp.log(2 * jnp.pi)


def one_normal(parameters, row):
    return -0.5 * ((row["y"] - parameters["mean"]) / parameters["sigma"]) ** 2 - jnp.log(parameters["sigma"])


def two_normals(parameters, row):
    z = (row["y"] - parameters["mean"]) / parameters["sigma"]
    log_density = -0.5 * z**2 - jnp.log(parameters["sigma"])
    weight = parameters["weight"]
    return jax.nn.logsumexp(log_density + jnp.log(jnp.stack([weight, 1.0 - weight])))


NORMAL = {"mean": "real", "sigma": sj.Positive}
TWO_NORMALS = {"weight": sj.Probability, "mean": sj.Real(shape=2), "sigma": ("positive", 2)}


def fit(function, y, parameters=None, **keywords):
    return sj.MaximumLikelihood(function, {"beta": WITH_INTERCEPT, **(parameters or {})}, **keywords).fit({"x": X, "y": y})


@pytest.fixture(scope="module")
def counted():
    return fit(poisson, COUNT)


# ---- beside statsmodels and SciPy


def test_poisson_regression_agrees_with_statsmodels(counted):
    reference = sm.Poisson(COUNT, DESIGN).fit(disp=0, method="newton", tol=1e-12)
    np.testing.assert_allclose(counted.parameters_, reference.params, **OPTIMUM)
    np.testing.assert_allclose(counted.standard_errors_, reference.bse, **ERRORS)
    np.testing.assert_allclose(counted.log_likelihood_, reference.llf, rtol=1e-12)
    np.testing.assert_allclose([counted.aic_, counted.bic_], [reference.aic, reference.bic], rtol=1e-12)
    assert list(counted.parameters_.index) == ["beta[const]", "beta[x1]", "beta[x2]"]


def test_logistic_regression_agrees_with_statsmodels():
    found, reference = fit(logistic, ANSWER), sm.Logit(ANSWER, DESIGN).fit(disp=0, tol=1e-12)
    np.testing.assert_allclose(found.parameters_, reference.params, **OPTIMUM)
    np.testing.assert_allclose(found.standard_errors_, reference.bse, **ERRORS)


def test_negative_binomial_regression_agrees_with_statsmodels():
    found = fit(negative_binomial, SPREAD_COUNT, {"alpha": "positive"})
    model = sm.NegativeBinomial(SPREAD_COUNT, DESIGN)
    rough = model.fit(disp=0, method="bfgs", maxiter=200)
    reference = model.fit(rough.params, disp=0, method="newton", tol=1e-12)
    np.testing.assert_allclose(found.parameters_, reference.params, **OPTIMUM)
    np.testing.assert_allclose(found.standard_errors_, reference.bse, **ERRORS)


def test_least_squares_with_unknown_sigma_agrees_in_any_unit():
    reference = sm.OLS(RESPONSE, DESIGN).fit()
    found = fit(normal, RESPONSE, {"sigma": sj.Positive})
    sigma = np.sqrt(np.mean(reference.resid**2))  # of maximum likelihood, without degrees of freedom taken off
    np.testing.assert_allclose(found.parameters_, [*reference.params, sigma], **OPTIMUM)
    expected = reference.bse * np.sqrt(reference.df_resid / N)
    np.testing.assert_allclose(found.standard_errors_, [*expected, sigma / np.sqrt(2 * N)], **ERRORS)


def test_robust_errors_and_those_of_clusters_agree_with_statsmodels(counted):
    model = sm.Poisson(COUNT, DESIGN)
    start = counted.parameters_.to_numpy()
    group = np.arange(N) // 4
    sandwich = model.fit(start, disp=0, cov_type="HC0")
    by_group = model.fit(start, disp=0, cov_type="cluster", cov_kwds={"groups": group, "use_correction": False})
    robust = fit(poisson, COUNT, errors="robust")
    np.testing.assert_allclose(robust.standard_errors_, sandwich.bse, **ERRORS)
    robust.fit({"x": X, "y": COUNT}, clusters=[f"unit {label}" for label in group])
    np.testing.assert_allclose(robust.standard_errors_, by_group.bse, **ERRORS)
    robust.fit({"x": X, "y": COUNT, "unit": [f"unit {label}" for label in group]}, clusters="unit")
    np.testing.assert_allclose(robust.standard_errors_, by_group.bse, **ERRORS)


def test_an_exponentiated_weibull_typed_here_agrees_with_the_built_in_one_and_with_scipy():
    life = sj.Lifetimes(scipy.stats.exponweib(2.0, 1.5, scale=10.0).rvs(N, random_state=np.random.default_rng(2)))

    def log_density(parameters, row):
        power = (row["t"] / parameters["scale"]) ** parameters["shape"]
        inside = jnp.log(parameters["shape"] * parameters["exponent"] / row["t"]) + jnp.log(power) - power
        return inside + (parameters["exponent"] - 1.0) * jnp.log(-jnp.expm1(-power))

    space = {"shape": "positive", "scale": "positive", "exponent": "positive"}
    typed = sj.MaximumLikelihood(log_density, space).fit({"t": life.durations}, starts={"scale": 50.0})
    built_in = sj.ExponentiatedWeibull().fit(life)
    np.testing.assert_allclose(typed.parameters_, built_in.parameters_, **OPTIMUM)
    np.testing.assert_allclose(typed.standard_errors_, built_in.standard_errors_, **ERRORS)

    def negative(logs):
        law = scipy.stats.exponweib(np.exp(logs[2]), np.exp(logs[0]), scale=np.exp(logs[1]))
        return -law.logpdf(life.durations).sum()

    start = np.log(typed.parameters_.to_numpy()) + 0.1
    simplex = scipy.optimize.minimize(negative, start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-9, "maxiter": 5000})

    def in_numpy(point):
        shape, scale, exponent = point
        power = (life.durations / scale) ** shape
        inside = np.log(shape * exponent / life.durations) + np.log(power) - power
        return inside + (exponent - 1.0) * np.log(-np.expm1(-power))

    np.testing.assert_allclose(-negative(simplex.x), in_numpy(np.exp(simplex.x)).sum(), rtol=1e-12)
    optimum, errors = optimum_and_errors(in_numpy, np.exp(simplex.x))
    np.testing.assert_allclose(optimum, np.exp(simplex.x), rtol=1e-4)
    np.testing.assert_allclose(typed.parameters_, optimum, **OPTIMUM)
    np.testing.assert_allclose(typed.standard_errors_, errors, **ERRORS)


# ---- weights, known values, starts


def test_a_weight_counts_as_so_many_rows():
    y, weights = RESPONSE[:64], np.arange(64) % 3
    weighted = sj.MaximumLikelihood(one_normal, NORMAL).fit({"y": y, "w": weights}, "w")
    repeated = sj.MaximumLikelihood(one_normal, NORMAL).fit({"y": np.repeat(y, weights)})
    np.testing.assert_allclose(weighted.standard_errors_, repeated.standard_errors_, rtol=1e-9)
    np.testing.assert_allclose(weighted.parameters_, repeated.parameters_, rtol=1e-12)
    assert weighted.bic_ == pytest.approx(repeated.bic_, rel=1e-12)


@pytest.mark.parametrize("scale", [1e-30, 1e-6, 1e30])
def test_the_scale_of_weights_changes_nothing_but_the_size_of_errors(scale):
    # of weights that add up to 6e-5 it said that sigma runs to 0
    data = {"y": RESPONSE[:64]}
    one = sj.MaximumLikelihood(one_normal, NORMAL).fit(data)
    scaled = sj.MaximumLikelihood(one_normal, NORMAL).fit(data, np.full(64, scale))
    np.testing.assert_allclose(scaled.parameters_, one.parameters_, rtol=1e-12)
    np.testing.assert_allclose(scaled.standard_errors_ * np.sqrt(scale), one.standard_errors_, rtol=1e-9)
    np.testing.assert_allclose(scaled.log_likelihood_ / scale, one.log_likelihood_, rtol=1e-12)


def test_rows_of_a_weight_stay_in_their_cluster():
    y, weights, label = RESPONSE[:64], np.arange(64) % 3, np.arange(64) // 4
    model = sj.MaximumLikelihood(one_normal, NORMAL, errors="robust")
    repeated = model.fit({"y": np.repeat(y, weights)}, clusters=np.repeat(label, weights)).standard_errors_
    # the last row has no weight, and its label stays unread
    weights[63], label[63] = 0, 999
    assert (np.arange(64) % 3)[63] == 0
    np.testing.assert_allclose(model.fit({"y": y}, weights, clusters=label).standard_errors_, repeated, rtol=1e-9)


def test_a_row_of_no_weight_may_hold_anything():
    y = np.append(RESPONSE[:63], np.nan)
    found = sj.MaximumLikelihood(one_normal, NORMAL).fit({"y": y}, np.append(np.ones(63), 0.0))
    assert found.parameters_["mean"] == pytest.approx(RESPONSE[:63].mean(), rel=1e-12)


def test_a_number_in_the_place_of_a_domain_is_known():
    found = sj.MaximumLikelihood(one_normal, {"mean": "real", "sigma": 2e5}).fit({"y": RESPONSE})
    assert found.parameters_["sigma"] == 2e5
    assert found.standard_errors_["sigma"] == 0.0
    assert found.standard_errors_["mean"] == pytest.approx(2e5 / np.sqrt(N), rel=1e-9)
    assert found.aic_ == pytest.approx(2 - 2 * found.log_likelihood_, rel=1e-15)
    assert found.interval().loc["sigma"].to_list() == [2e5] * 3


def test_another_known_value_is_no_new_program():
    sj.MaximumLikelihood(one_normal, {"mean": "real", "sigma": 2e5}).fit({"y": RESPONSE})
    program = blocks._own_sums(objective_of(one_normal, "row"))
    before = program._cache_size()
    sj.MaximumLikelihood(one_normal, {"mean": "real", "sigma": 3e5}).fit({"y": RESPONSE})
    assert program._cache_size() == before


def test_of_several_starts_the_highest_maximum_counts():
    y = np.concatenate([RANDOM.normal(100.0, 5.0, 150), RANDOM.normal(140.0, 10.0, N - 150)])
    model = sj.MaximumLikelihood(two_normals, TWO_NORMALS)
    told = model.fit({"y": y}, starts={"mean": [100.0, 140.0], "sigma": 5.0})
    best = told.log_likelihood_
    assert told.parameters_["mean[0]"] == pytest.approx(100.0, abs=4 * 5.0 / np.sqrt(150))
    found = model.fit({"y": y}, n_starts=12, seed=3)
    assert found.log_likelihood_ == pytest.approx(best, rel=1e-10)
    assert found.n_starts_ == 12
    assert found.n_hits_ >= 2
    worse = {"mean": y.mean(), "sigma": y.std(), "weight": 0.5}  # a saddle, where both components are alike
    assert model.fit({"y": y}, starts=worse).log_likelihood_ == pytest.approx(best, rel=1e-10)
    both = model.fit({"y": y}, starts=[worse, {"mean": [140.0, 100.0], "sigma": 5.0}])
    assert both.log_likelihood_ == pytest.approx(best, rel=1e-10)


def cauchy(parameters, row):
    return -jnp.log1p((row["y"] - parameters["m"]) ** 2)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_starts_at_random_reach_a_maximum_that_is_far_away(seed):
    # 100 of 100 starts said that the lower one, at -19.42, was the maximum
    y = np.array([-20.0, -19.0, 20.0, 21.0, 22.0])
    found = sj.MaximumLikelihood(cauchy, {"m": sj.Real(start=-19.0)}).fit({"y": y}, n_starts=20, seed=seed)
    highest = scipy.optimize.brentq(lambda m: np.sum((y - m) / (1 + (y - m) ** 2)), 20.5, 21.5, xtol=1e-14)
    np.testing.assert_allclose(found.parameters_["m"], highest, rtol=1e-12)
    assert 1 < found.n_hits_ < 20


def test_a_start_at_random_where_nothing_is_finite_is_drawn_nearer():
    def up_to_an_edge(parameters, row):
        return jnp.log(row["y"] + parameters["m"]) - row["y"] - parameters["m"]

    y = 1.0 + np.arange(64) / 64
    found = sj.MaximumLikelihood(up_to_an_edge, {"m": "real"}).fit({"y": y}, n_starts=12)
    assert found.n_hits_ == 12


# ---- many rows


def test_many_rows_in_blocks_give_the_sum_over_all():
    random = np.random.default_rng(5)
    y = random.normal(3.0, 2.0, 100_000)
    found = sj.MaximumLikelihood(one_normal, NORMAL).fit({"y": y})
    np.testing.assert_allclose(found.parameters_, [y.mean(), y.std()], rtol=1e-9)
    assert found.log_likelihood_ == pytest.approx(-0.5 * y.size - y.size * np.log(y.std()), rel=1e-12)
    np.testing.assert_allclose(found.standard_errors_, y.std() / np.sqrt([y.size, 2 * y.size]), rtol=1e-8)


def test_the_size_of_a_block_changes_nothing_but_the_speed():
    whole = sj.MaximumLikelihood(one_normal, NORMAL).fit({"y": RESPONSE})
    small = sj.MaximumLikelihood(one_normal, NORMAL).fit({"y": RESPONSE}, block=10)
    np.testing.assert_allclose(small.parameters_, whole.parameters_, rtol=1e-12)
    np.testing.assert_allclose(small.standard_errors_, whole.standard_errors_, rtol=1e-9)


def test_wide_rows_come_in_small_blocks():
    from survjax.engine.columns import read_columns

    wide = read_columns({"x": np.zeros((100, 21, 40)), "y": np.zeros(100)})
    assert wide.block(None) * (21 * 40 + 1) * 8 <= 2**19
    assert wide.block(None) >= 16
    assert read_columns({"x": np.zeros(100)}).block(None) == blocks.BLOCK
    assert wide.block(500) == 512


def test_a_likelihood_of_blocks_is_that_of_their_rows():
    def of_block(parameters, rows):
        z = (rows["y"] - parameters["mean"]) / parameters["sigma"]
        return -0.5 * z**2 - jnp.log(parameters["sigma"])

    by_block = sj.MaximumLikelihood(of_block, NORMAL, per="block", errors="robust").fit({"y": RESPONSE})
    by_row = sj.MaximumLikelihood(one_normal, NORMAL, errors="robust").fit({"y": RESPONSE})
    np.testing.assert_allclose(by_block.parameters_, by_row.parameters_, rtol=1e-12)
    np.testing.assert_allclose(by_block.standard_errors_, by_row.standard_errors_, rtol=1e-9)


def test_another_number_of_rows_in_the_bucket_and_the_same_function_are_one_program():
    program = blocks._own_sums(objective_of(one_normal, "row"))
    sj.MaximumLikelihood(one_normal, NORMAL).fit({"y": RESPONSE})
    before = program._cache_size()
    for n in (129, 200, 255):
        sj.MaximumLikelihood(one_normal, NORMAL).fit({"y": RESPONSE[:n]}, np.full(n, 2.0))
    assert program._cache_size() == before


def test_an_object_that_holds_arrays_may_be_the_function():
    class Offset:
        __hash__ = None

        def __init__(self, by):
            self.by = by

        def __call__(self, parameters, row):
            return -((row["y"] - self.by[0] - parameters["mean"]) ** 2)

    model = sj.MaximumLikelihood(Offset(np.array([5.0])), {"mean": "real"})
    assert model.fit({"y": RESPONSE[:64]}).parameters_["mean"] == pytest.approx(RESPONSE[:64].mean() - 5.0, rel=1e-12)
    program = blocks._own_sums(objective_of(model.log_likelihood, "row"))
    assert model.fit({"y": RESPONSE[:60]}).converged_
    assert program._cache_size() == 1


def test_programs_of_functions_that_are_gone_are_forgotten(monkeypatch):
    for module, name in ((blocks, "_own_sums"), (entries, "_looks_up")):
        monkeypatch.setattr(module, name, blocks.lru_cache(maxsize=2)(getattr(module, name).__wrapped__))

    def made_anew():
        def function(parameters, row):
            return -((row["y"] - parameters["mean"]) ** 2)

        sj.MaximumLikelihood(function, {"mean": "real"}).fit({"y": RESPONSE[:64]})
        return weakref.ref(function)

    made = [made_anew() for _ in range(4)]
    gc.collect()
    assert sum(one() is not None for one in made) == 2


def test_the_users_precision_stays_as_it_is():
    assert not jax.config.jax_enable_x64
    found = sj.MaximumLikelihood(one_normal, NORMAL).fit({"y": RESPONSE.astype(np.float32)})
    assert not jax.config.jax_enable_x64
    assert found.parameters_["mean"] == pytest.approx(RESPONSE.astype(np.float32).astype(float).mean(), rel=1e-12)


# ---- what the function reads from outside

SHIFT = 0.0


@jax.jit
def shifted(x):
    return x - SHIFT


def along_a_body(carry, x):
    return carry + x - SHIFT, None


def of_a_global(parameters, row):
    return -((row["y"] - SHIFT - parameters["mean"]) ** 2)


def of_a_jitted_function(parameters, row):
    return -((shifted(row["y"]) - parameters["mean"]) ** 2)


def of_a_scanned_body(parameters, row):
    return -((jax.lax.scan(along_a_body, 0.0, row["y"][None])[0] - parameters["mean"]) ** 2)


@pytest.mark.parametrize("function", [of_a_global, of_a_jitted_function, of_a_scanned_body])
def test_another_value_of_a_global_variable_is_another_fit(monkeypatch, function):
    # the second fit gave the answer of the first
    data = {"y": RESPONSE[:64]}
    for shift in (0.0, 1e5, np.array(3e5), 0.0):
        monkeypatch.setitem(globals(), "SHIFT", shift)
        found = sj.MaximumLikelihood(function, {"mean": "real"}).fit(data).parameters_["mean"]
        assert found == pytest.approx(data["y"].mean() - shift, rel=1e-12)


def test_the_same_values_of_the_notebook_are_the_same_program(monkeypatch):
    for _ in range(2):
        monkeypatch.setitem(globals(), "SHIFT", np.array([2.0])[0])
        sj.MaximumLikelihood(of_a_global, {"mean": "real"}).fit({"y": RESPONSE[:64]})
        program = blocks._own_sums(objective_of(of_a_global, "row"))
        assert program._cache_size() == 1


def test_a_program_made_again_with_other_values_than_those_of_the_fit_is_refused(monkeypatch):
    data = {"y": RESPONSE[:64]}
    first = sj.MaximumLikelihood(of_a_global, {"mean": "real"}).fit(data)
    monkeypatch.setitem(globals(), "SHIFT", 1e5)
    sj.MaximumLikelihood(of_a_global, {"mean": "real"}).fit(data)
    jax.clear_caches()
    with pytest.raises(ValueError, match="is another than at the time of this fit: fit again"):
        first.interval(method="likelihood")


# ---- data in any form


@pytest.mark.parametrize("form", ["pandas", "polars", "tuple", "array"])
def test_data_may_come_in_any_form(form):
    pl = pytest.importorskip("polars")
    y = RESPONSE[:64]
    data = {"pandas": pd.DataFrame({"y": y}), "polars": pl.DataFrame({"y": y}), "tuple": (y,), "array": np.stack([y, y], axis=1)}[form]

    def function(parameters, row):
        return -((row["y" if form in ("pandas", "polars") else 0] - parameters["mean"]) ** 2)

    found = sj.MaximumLikelihood(function, {"mean": "real"}).fit(data)
    assert found.parameters_["mean"] == pytest.approx(y.mean(), rel=1e-12)


@pytest.mark.parametrize("name", [0, ("y", "now")])
def test_columns_of_a_frame_go_by_their_own_names(name):
    # "asks for 0, which is neither a column nor a parameter. Columns are 0"
    def function(parameters, row):
        return -((row[name] - parameters["mean"]) ** 2)

    data = pd.DataFrame({name: RESPONSE[:64]})
    found = sj.MaximumLikelihood(function, {"mean": "real"}).fit(data)
    assert found.parameters_["mean"] == pytest.approx(RESPONSE[:64].mean(), rel=1e-12)


@pytest.mark.parametrize("kind", [">f8", ">f4", "longdouble", ">i4"])
def test_numbers_may_come_in_any_byte_order_and_width(kind):
    y = np.arange(64).astype(kind)
    assert sj.MaximumLikelihood(one_normal, NORMAL).fit({"y": y}).parameters_["mean"] == pytest.approx(31.5, rel=1e-12)


def test_whole_numbers_do_not_wrap_around_and_may_be_indices():
    def function(parameters, row):
        return -((row["count"] - 1 - parameters["level"][row["group"]]) ** 2)

    data = {"count": np.zeros(64, np.uint8), "group": np.arange(64, dtype=np.int8) % 2}
    found = sj.MaximumLikelihood(function, {"level": ("real", ["a", "b"])}).fit(data)
    np.testing.assert_allclose(found.parameters_, [-1.0, -1.0], rtol=1e-12)


# ---- what follows from a fit


def test_wald_intervals_stay_in_the_domain_and_functions_have_theirs():
    found = sj.MaximumLikelihood(one_normal, NORMAL).fit({"y": RESPONSE})
    table = found.summary_
    sigma, error, z = found.parameters_["sigma"], found.standard_errors_["sigma"], 1.959963984540054
    limits = sigma * np.exp(np.array([-z, z]) * error / sigma)
    np.testing.assert_allclose(table.loc["sigma", ["lower", "upper"]].astype(float), limits, rtol=1e-12)
    ratio = found.interval(lambda parameters: {"variance": parameters["sigma"] ** 2, "both": parameters["mean"] * jnp.ones(2)})
    assert list(ratio.index) == ["both[0]", "both[1]", "variance"]
    variance = sigma**2
    np.testing.assert_allclose(ratio.loc["variance"], [variance, *(variance + np.array([-z, z]) * 2 * sigma * error)], rtol=1e-9)
    inside = found.interval(lambda parameters, k: parameters["sigma"] ** k, 2, domain="positive")
    np.testing.assert_allclose(inside.loc["value", ["lower", "upper"]].astype(float), limits**2, rtol=1e-9)


@pytest.mark.parametrize("form", ["pandas", "polars", "series", "by row"])
def test_what_a_function_expects_of_new_rows_has_limits(counted, form):
    # a frame ended in a TracerArrayConversionError of JAX
    pl = pytest.importorskip("polars")
    rows = {"x1": np.array([0.0, 1.0, -0.5]), "make": ["a", "b", "c"]}
    frame = pd.DataFrame(rows)
    given = {"pandas": frame, "polars": pl.DataFrame(rows), "series": {"x1": frame["x1"]}, "by row": frame}[form]

    def expected(parameters, row):
        return jnp.exp(parameters["beta"][0] + row["x1"] * parameters["beta"][1])

    function = jax.vmap(expected, in_axes=(None, 0)) if form == "by row" else expected
    found = counted.interval(function, given, domain="positive")
    b, C = counted.parameters_, counted.covariance_.to_numpy()
    design = np.column_stack([np.ones(3), rows["x1"], np.zeros(3)])
    middle, error = design @ b.to_numpy(), np.sqrt(np.einsum("ij,jk,ik->i", design, C, design))
    z = 1.959963984540054
    np.testing.assert_allclose(found, np.exp(np.column_stack([middle, middle - z * error, middle + z * error])), rtol=1e-12)
    one = counted.interval(expected, frame.iloc[1], domain="positive")
    np.testing.assert_allclose(one.loc["value"], found.iloc[1], rtol=1e-12)


def test_limits_of_rows_keep_the_index_of_their_frame(counted):
    rows = pd.DataFrame({"x1": [0.0, 1.0]}, index=pd.Index(["pump", "fan"], name="machine"))

    def expected(parameters, rows):
        return parameters["beta"][0] + rows["x1"] * parameters["beta"][1]

    for given in (rows, {"x1": rows["x1"]}):
        pd.testing.assert_index_equal(counted.interval(expected, given).index, rows.index)  # was [0], [1]
    both = counted.interval(lambda parameters, rows: {"eta": expected(parameters, rows), "slope": parameters["beta"]}, rows)
    assert list(both.index) == ["eta[pump]", "eta[fan]", "slope[0]", "slope[1]", "slope[2]"]


def test_rows_to_predict_for_are_checked_as_those_of_a_fit(counted):
    def of_an_entry(parameters, rows):
        return parameters["beta"][rows["code"]]

    for code in (-1, 3):
        with pytest.raises(ValueError, match=r"\[1\] rests on an entry beyond the end of an array, or on a negative index"):
            counted.interval(of_an_entry, pd.DataFrame({"code": [0, code]}))
    with pytest.raises(TypeError, match="column 'code' holds text"):
        counted.interval(of_an_entry, pd.DataFrame({"code": ["a", "b"], "x": 1.0}))
    with pytest.raises(ValueError, match=r"the function asks for 'code', in line .*neither a parameter nor a column"):
        counted.interval(of_an_entry, pd.DataFrame({"x": [1.0]}))
    with pytest.raises(TypeError, match="the function hands a traced value to a function of NumPy"):
        counted.interval(lambda parameters: np.exp(parameters["beta"]))


def test_profile_limits_of_a_normal_mean_are_those_of_its_closed_form():
    y = RESPONSE[:64]
    found = sj.MaximumLikelihood(one_normal, NORMAL).fit({"y": y})
    table = found.interval(method="likelihood", level=0.9)
    # 2 (l_max - l(mean)) = n log(1 + (mean - estimate)^2 / s^2) = z^2, s^2 the variance by maximum likelihood
    reach = y.std() * np.sqrt(np.expm1(1.6448536269514722**2 / y.size))
    np.testing.assert_allclose(table.loc["mean", ["lower", "upper"]].astype(float), y.mean() + np.array([-reach, reach]), rtol=1e-9)


def test_a_bootstrap_agrees_with_wald_where_both_hold(counted):
    wald, drawn = counted.interval(), counted.interval(method="bootstrap", n_bootstrap=99, seed=1)
    width = wald["upper"] - wald["lower"]
    # a quantile of 99 samples is unsure by about 0.3 standard errors, a quarter of that of the width
    assert np.all(np.abs(drawn["lower"] - wald["lower"]) < 0.25 * width)
    assert np.all(np.abs(drawn["upper"] - wald["upper"]) < 0.25 * width)
    again = counted.interval(method="bootstrap", n_bootstrap=99, seed=1)
    pd.testing.assert_frame_equal(drawn, again)


@pytest.mark.parametrize("method", ["wald", "likelihood", "bootstrap"])
def test_the_other_end_of_a_one_sided_bound_is_that_of_the_range(method):
    found = sj.MaximumLikelihood(one_normal, {"mean": 1e6, "sigma": sj.Positive}).fit({"y": RESPONSE[:64]})
    upper = found.interval(method=method, side="upper", n_bootstrap=5)
    assert upper["lower"].tolist() == [1e6, 0.0]
    lower = found.interval(method=method, side="lower", n_bootstrap=5)
    assert lower["upper"].tolist() == [1e6, np.inf]
    if method != "likelihood":
        upper = found.interval(lambda parameters: parameters["sigma"], method=method, side="upper", domain="positive", n_bootstrap=5)
        assert upper["lower"].tolist() == [0.0]


def test_a_fit_shows_itself_and_its_path(counted):
    assert "MaximumLikelihood(poisson) fitted to 256 rows" in repr(counted)
    assert "beta[x1]" in repr(counted)
    assert "beta[x1]" in counted._repr_html_()
    assert repr(sj.MaximumLikelihood(poisson, {"beta": WITH_INTERCEPT})) == "MaximumLikelihood(poisson, beta)"
    path = counted.path_
    assert path.iloc[0].to_list() == [0.0, 0.0, 0.0]
    np.testing.assert_allclose(path.iloc[-1], counted.parameters_, rtol=1e-12)
    assert counted.score({"x": X, "y": COUNT}) == pytest.approx(counted.log_likelihood_ / N, rel=1e-12)
    np.testing.assert_array_equal(counted.estimates_["beta"], counted.parameters_.to_numpy())
    restored = pickle.loads(pickle.dumps(counted))
    pd.testing.assert_series_equal(restored.parameters_, counted.parameters_)
    with pytest.raises(sj.NotFitted, match="fit again"):
        restored.interval(method="likelihood")
    with pytest.raises(sj.NotFitted, match="call fit"):
        _ = sj.MaximumLikelihood(poisson, {"beta": WITH_INTERCEPT}).parameters_
