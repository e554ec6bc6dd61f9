"""What a user of the engine is told where his function, his data or his model cannot be."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from jax.scipy.special import gammaln

import survjax as sj

RANDOM = np.random.default_rng(4)
X = RANDOM.normal(size=64)
LEVEL = {"level": "real"}


def fit(function, data=None, parameters=None, per="row", **keywords):
    return sj.MaximumLikelihood(function, parameters or LEVEL, per=per).fit({"x": X} if data is None else data, **keywords)


def squares(parameters, row):
    return -((row["x"] - parameters["level"]) ** 2)


def logistic(parameters, row):
    eta = parameters["intercept"] + parameters["slope"] * row["x"]
    return -jnp.logaddexp(0.0, jnp.where(row["y"], -eta, eta))


LINE = {"intercept": "real", "slope": "real"}


# ---- the function


def branches(parameters, row):
    if row["x"] > parameters["level"]:
        return -row["x"]
    return -parameters["level"]


def takes_math(parameters, row):
    return -math.exp(parameters["level"]) * row["x"] ** 2


def takes_numpy(parameters, row):
    return -np.exp(parameters["level"]) * row["x"] ** 2


def takes_a_float(parameters, row):
    return -float(parameters["level"]) * row["x"]


def masks(parameters, row):
    return -((row["x"][row["x"] > parameters["level"]]).sum())


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (branches, r"decides in Python on a value.*line \d+: `if row\[\"x\"\] > parameters\[\"level\"\]:`.*jnp.where.*jax.lax.cond"),
        (takes_math, r"wants a Python number.*`return -math.exp.*jnp.log for math.log"),
        (takes_numpy, r"hands a traced value to a function of NumPy or SciPy.*jax.numpy"),
        (takes_a_float, r"wants a Python number.*leave float\(\)"),
        (lambda parameters, row: -((row["x"] - parameters["level"]) ** 2) * jnp.ones(3), r"one number.*shape \(3,\)"),
        (lambda parameters, row: None, "is its return missing"),
        (lambda parameters, row: {"value": parameters["level"]}, "returned a dict"),
        (lambda parameters, row: squares(parameters, row).astype(jnp.float32), "float32.*too few digits"),
        (lambda parameters, row: squares(parameters, row) + 0j, "complex"),
        (lambda p, row: jnp.log(jax.scipy.special.gammainc(jnp.exp(p["level"]), row["x"] ** 2)), "no second derivative"),
    ],
)
def test_a_function_that_jax_cannot_follow_is_told_the_line_and_the_remedy(function, said):
    with pytest.raises(TypeError, match=said):
        fit(function)


def test_a_mask_as_an_index_is_explained():
    with pytest.raises(TypeError, match=r"a mask as an index, write jnp.where"):
        fit(masks, {"x": np.ones((64, 3))})


def test_what_is_neither_a_column_nor_a_parameter_is_named():
    with pytest.raises(ValueError, match=r"asks for 'age'.*neither a column nor a parameter. Columns are x; parameters are level"):
        fit(lambda parameters, row: -((row["age"] - parameters["level"]) ** 2))


def test_a_mapping_that_is_read_by_attributes_is_told_its_keys():
    with pytest.raises(TypeError, match=r'reads level as an attribute, in line \d+.*write \["level"\] in the place of .level'):
        fit(lambda parameters, row: -((row["x"] - parameters.level) ** 2))
    with pytest.raises(TypeError, match=r"the function reads level as an attribute"):
        fit(squares).interval(lambda parameters: parameters.level)


def test_an_error_inside_of_the_function_comes_with_what_it_was_called_with():
    with pytest.raises(TypeError) as caught:
        fit(lambda parameters, row: -(parameters["beta"] @ row["x"]), {"x": np.ones((64, 2))}, {"beta": ("real", 3)})
    assert any("parameters (shapes: beta (3,))" in note and "x (2,)" in note for note in caught.value.__notes__)


def test_a_block_owes_a_number_for_each_row():
    with pytest.raises(TypeError, match=r"one number for each of the 64 rows.*not their sum.*shape \(\)"):
        fit(lambda parameters, rows: squares(parameters, rows).sum(), per="block")


def less_the_mean_of_the_block(parameters, rows):
    return -((rows["x"] - rows["x"].mean() - parameters["level"]) ** 2)


def runs_through_the_block(parameters, rows):
    return -((jnp.cumsum(parameters["level"] * rows["x"]) - rows["x"]) ** 2)


def knows_the_highest_of_the_block(parameters, rows):
    return -((rows["x"] - parameters["level"]) ** 2) * (rows["x"] < rows["x"].max())


def counts_its_rows(parameters, rows):
    return -((rows["x"] - parameters["level"]) ** 2) / rows["x"].shape[0] * jnp.arange(rows["x"].shape[0])


def looks_at_the_next_row(parameters, rows):
    return -((rows["x"] - parameters["level"] * jnp.roll(rows["x"], 1)) ** 2)


@pytest.mark.parametrize(
    "function",
    [less_the_mean_of_the_block, runs_through_the_block, knows_the_highest_of_the_block, counts_its_rows, looks_at_the_next_row],
)
def test_a_function_of_blocks_that_mixes_rows_is_refused(function):
    # its estimates depended on where the blocks were cut
    with pytest.raises(ValueError, match=r"log_likelihood mixes rows: the term of row \d+ is .* among other rows.*known value"):
        fit(function, per="block")


def test_a_function_of_blocks_may_use_other_rows_for_the_sake_of_rounding():
    def shifted(parameters, rows):
        exponents = parameters["level"] * rows["x"][:, None] * jnp.arange(3.0)
        top = exponents.max()
        return exponents[:, 1] - top - jnp.log(jnp.exp(exponents - top).sum(axis=1))

    def by_row(parameters, row):
        exponents = parameters["level"] * row["x"] * jnp.arange(3.0)
        return exponents[1] - jax.nn.logsumexp(exponents)

    data = {"x": X + 0.5}
    assert fit(shifted, data, per="block").parameters_["level"] == pytest.approx(fit(by_row, data).parameters_["level"], abs=1e-9)


def of_its_group(parameters, row):
    return -((row["x"] - parameters["levels"][row["group"]]) ** 2)


def through_a_table(parameters, row):
    return -((row["x"] - parameters["levels"][parameters["table"][row["group"]]]) ** 2)


@pytest.mark.parametrize("per", ["row", "block"])
def test_a_group_beyond_the_end_of_the_parameters_is_named(per):
    # JAX takes the last entry: groups 1 and 2 were one, and nothing said so
    group = np.arange(64) % 2
    found = fit(of_its_group, {"x": X, "group": group}, {"levels": ("real", 2)}, per)
    with pytest.raises(ValueError, match="beyond the end of an array for row 0"):
        found.score({"x": X, "group": group + 2})
    group[[17, 40]] = 2
    with pytest.raises(ValueError, match=r"an entry beyond the end of an array for row 17 .*group=2.*Count from 0"):
        fit(of_its_group, {"x": X, "group": group}, {"levels": ("real", 2)}, per)


@pytest.mark.parametrize("look_up", [lambda levels, group: levels[group], jnp.take])
def test_a_negative_index_does_not_count_from_the_end(look_up):
    # -1, pandas' code of a missing label, was the last group
    def function(parameters, row):
        return -((row["x"] - look_up(parameters["levels"], row["group"])) ** 2)

    def guarded(parameters, row):
        level = jnp.where(row["group"] >= 0, look_up(parameters["levels"], row["group"]), 0.0)
        return -((row["x"] - level) ** 2) - look_up(parameters["levels"], jnp.array([-1, -2])).sum() ** 2 * 0.0

    codes = pd.factorize(np.where(np.arange(64) == 17, None, np.arange(64) % 2))[0]
    with pytest.raises(ValueError, match=r"for row 17 .*group=-1.*pandas.factorize"):
        fit(function, {"x": X, "group": codes}, {"levels": ("real", 2)})
    found = fit(guarded, {"x": X, "group": codes}, {"levels": ("real", 2)}).parameters_
    np.testing.assert_allclose(found, [X[codes == 0].mean(), X[codes == 1].mean()], rtol=1e-9)


def test_an_index_out_of_range_is_found_behind_a_known_table_and_let_be_where_it_does_not_count():
    known = {"levels": ("real", 2), "table": np.array([0, 1])}
    with pytest.raises(ValueError, match="beyond the end of an array for row 3"):
        fit(through_a_table, {"x": X, "group": np.where(np.arange(64) == 3, 2, np.arange(64) % 2)}, known)

    def with_a_group_of_its_own(parameters, row):
        return -((row["x"] - jnp.where(row["group"] < 2, parameters["levels"][row["group"]], 0.0)) ** 2)

    group = np.arange(64) % 3
    found = fit(with_a_group_of_its_own, {"x": X, "group": group}, {"levels": ("real", 2)}).parameters_
    np.testing.assert_allclose(found, [X[group == 0].mean(), X[group == 1].mean()], rtol=1e-9)


# ---- the start


def test_a_likelihood_that_is_nan_at_the_start_names_the_rows():
    def exponential(parameters, row):
        return jnp.log(parameters["rate"]) - parameters["rate"] * row["t"] + 0.0 * jnp.log(row["t"])

    t = np.ones(64)
    t[[17, 40]] = [-3.0, -1.0]
    with pytest.raises(ValueError, match=r"is nan at the start \(rate=1\) for 2 of 64 rows: 17, 40 .*row 17 has t=-3"):
        fit(exponential, {"t": t}, {"rate": "positive"})
    with pytest.raises(ValueError, match=r"1 of 63 rows: 40 "):
        fit(exponential, {"t": t}, {"rate": "positive"}, weights=np.arange(64) != 17)
    t[20:32] = -1.0
    with pytest.raises(ValueError, match=r"for 14 of 64 rows: 17, 20, 21, 22, 23, 24, 25, 26, 27, 28, \.\.\. \("):  # named the first alone
        fit(exponential, {"t": t}, {"rate": "positive"})


def test_where_no_row_is_possible_at_the_start_it_is_the_start_that_is_to_blame():
    # "leave out rows that are impossible", it said of all of them
    def normal(parameters, row):
        return jax.scipy.stats.norm.logpdf(row["x"], parameters["m"], parameters["s"])

    with pytest.raises(ValueError, match=r"at the start \(m=0, s=0\) for every row.*Declare it \"positive\".*starts=\{") as told:
        fit(normal, None, {"m": sj.Real(start=0.0), "s": "real"})
    assert "leave out" not in str(told.value)
    assert fit(normal, None, {"m": "real", "s": "real"}, starts={"s": 1.0}).parameters_["s"] == pytest.approx(X.std(), rel=1e-9)


def test_a_missing_value_is_told_by_its_column_and_not_laid_on_the_start():
    x = np.where(np.isin(np.arange(64), [3, 9]), np.nan, X)
    data = pd.DataFrame({"aside": np.where(np.arange(64) == 1, np.nan, X), "x": pd.Series(x).astype("Float64")})
    with pytest.raises(ValueError, match=r"column 'x' is missing \(nan\) in row 3 .*and 1 more.*dropna\(subset=\['x'\]\)"):
        fit(squares, data)

    def without(parameters, row):
        known = ~jnp.isnan(row["x"])
        return jnp.where(known, -((jnp.where(known, row["x"], 0.0) - parameters["level"]) ** 2), 0.0)

    assert fit(without, data).parameters_["level"] == pytest.approx(np.nanmean(x), rel=1e-12)


def test_an_illegal_branch_that_spoils_the_derivative_names_the_row_and_the_remedy():
    def root(parameters, row):
        inside = row["x"] * parameters["level"]
        return jnp.where(row["x"] > 0, jnp.sqrt(inside), 0.0) - parameters["level"] ** 2

    first = int(np.argmax(X <= 0))
    with pytest.raises(ValueError, match=rf"no finite derivative, at row {first} .*both branches are differentiated"):
        fit(root, None, {"level": "positive"})


def test_a_power_of_0_that_spoils_the_curvature_alone_names_the_row_and_the_remedy():
    # "at the second one of some row", it said
    def weibull(parameters, row):
        def hazard_up_to(age):
            return (age / parameters["eta"]) ** parameters["k"]

        log_hazard = jnp.log(parameters["k"] / row["t"]) + parameters["k"] * jnp.log(row["t"] / parameters["eta"])
        return log_hazard - hazard_up_to(row["t"]) + hazard_up_to(row["entry"])

    entry = np.full(64, 0.5)
    entry[41] = 0.0
    with pytest.raises(ValueError, match=r"no finite second derivative, at row 41 \(rows count from 0\): .*jnp.where\(t > 0, f\("):
        fit(weibull, {"t": 1.0 + np.abs(X), "entry": entry}, {"eta": "positive", "k": "positive"})
    entry[7] = -1.0  # without weight: rows are still those of the user
    with pytest.raises(ValueError, match=r"at row 41 "):
        fit(weibull, {"t": 1.0 + np.abs(X), "entry": entry}, {"eta": "positive", "k": "positive"}, weights=np.arange(64) != 7)


def test_a_wall_on_the_way_is_told_from_a_maximum_that_is_not_there():
    def up_to_an_edge(parameters, row):
        return 5.0 * parameters["level"] + 0.0 * jnp.log(row["end"] - parameters["level"])

    end = np.full(64, 9.0)
    end[5] = 1.0
    with pytest.raises(sj.NotConverged, match=r"met a wall.*not finite for row 5.*stay with logarithms.*at that edge"):
        fit(up_to_an_edge, {"end": end})


# ---- no maximum


def test_separation_is_refused_with_the_columns():
    with pytest.raises(sj.NoFiniteMaximum, match=r"no finite maximum: it keeps rising as .*slope runs to infinity.*separation"):
        fit(logistic, {"x": X, "y": X > 0.1}, LINE)


def test_quasi_separation_is_refused_too():
    flag = X > 0
    with pytest.raises(sj.NoFiniteMaximum, match="slope runs to infinity"):
        fit(logistic, {"x": flag, "y": flag | (np.arange(64) % 2 == 0)}, LINE)


def test_a_parameter_that_runs_to_the_end_of_its_range_is_named():
    def negative_binomial(parameters, row):
        size, mean, y = 1 / parameters["alpha"], parameters["mean"], row["y"]
        return gammaln(y + size) - gammaln(size) + size * jnp.log(size) + y * jnp.log(mean) - (y + size) * jnp.log(size + mean)

    with pytest.raises(sj.NoFiniteMaximum, match="alpha runs to 0"):
        fit(negative_binomial, {"y": np.tile([3, 4], 32)}, {"mean": "positive", "alpha": "positive"})


def test_a_flat_direction_is_told():
    with pytest.raises(sj.NoFiniteMaximum, match=r"flat along [-+]1 one, [-+]1 other"):
        fit(lambda p, row: -((row["x"] - p["one"] - p["other"]) ** 2), None, {"one": "real", "other": "real"})
    with pytest.raises(sj.NoFiniteMaximum, match="flat along log idle"):
        fit(squares, None, {"level": "real", "idle": "positive"})


def test_a_fit_that_stopped_short_may_be_looked_at_and_leaves_an_earlier_one_alone():
    model = sj.MaximumLikelihood(logistic, LINE).fit({"x": X, "y": np.arange(64) % 3 == 0})
    before = model.parameters_
    with pytest.raises(sj.NoFiniteMaximum) as caught:
        model.fit({"x": X, "y": X > 0.1})
    assert model.parameters_.equals(before)
    assert caught.value.state.reason == "endless"
    model.fit({"x": X, "y": X > 0.1}, require_convergence=False)
    assert not model.converged_
    assert model.standard_errors_.isna().all()
    assert "stopped short (endless)" in repr(model)


# ---- data and parameters


FRAME = pd.DataFrame({"x": X, "w": 1.0 + np.arange(64) % 3, "unit": np.arange(64) // 4})
SHUFFLED = FRAME.sample(frac=1, random_state=1)


@pytest.mark.parametrize(
    ("data", "keywords", "said"),
    [
        (FRAME, {"weights": SHUFFLED["w"]}, "data and weights"),
        (FRAME, {"clusters": SHUFFLED["unit"]}, "data and clusters"),
        ({"x": FRAME["x"], "w": SHUFFLED["w"]}, {}, "w and x"),
        ({"inside": {"x": FRAME["x"]}, "x": SHUFFLED["x"]}, {}, "inside.x and x"),
        ({"x": FRAME["x"]}, {"weights": SHUFFLED["w"]}, "data and weights"),
    ],
)
def test_rows_of_pandas_in_another_order_are_refused(data, keywords, said):
    # taken by position, without a word
    model = sj.MaximumLikelihood(squares, LEVEL, errors="robust")
    with pytest.raises(ValueError, match=f"{said} are pandas Series with different indexes.*to_numpy"):
        model.fit(data, **keywords)


def test_rows_to_predict_for_in_another_order_are_refused():
    model = fit(squares)
    with pytest.raises(ValueError, match="x and w are pandas Series with different indexes"):
        model.interval(lambda p, rows: p["level"] * rows["x"] + rows["w"], {"x": FRAME["x"], "w": SHUFFLED["w"]})
    with pytest.raises(ValueError, match="argument 0 and argument 1 are pandas Series with different indexes"):
        model.interval(lambda p, rows, w: p["level"] * rows["x"] + w, FRAME, SHUFFLED["w"])
    with pytest.raises(ValueError, match="data and weights are pandas Series with different indexes"):
        model.score(FRAME, SHUFFLED["w"])


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        ({"x": X, "y": X[:-1]}, ValueError, "different lengths: x 64, y 63"),
        ({"x": np.full(64, "a")}, TypeError, "column 'x' holds text.*factorize"),
        ({"x": np.full(64, np.datetime64("2020-01-01"))}, TypeError, "column 'x' holds dates"),
        ({"x": 3.0}, TypeError, r"'x' of data is a single value.*known value: parameters=\{'x': 3.0\}"),
        ({"x": [1, None, 3]}, ValueError, "'x' misses a value in row 1"),
        ({"x": np.zeros(0)}, ValueError, "no rows"),
        ({}, ValueError, "no columns"),
        ("data.csv", TypeError, "must be columns.*got 'data.csv'"),
        ([{"x": 1.0}, {"x": 2.0}], TypeError, r"one for each row.*pandas.DataFrame\(data\)"),
        (pd.Series(X, name="x"), TypeError, "data is a series: pass data.to_frame"),
        (X, TypeError, "asks for a column by name, .*data came without names"),
    ],
)
def test_data_that_cannot_be_rows_are_told_why(data, error, said):
    with pytest.raises(error, match=said):
        fit(squares, data)


def test_columns_of_text_may_stand_beside_those_that_are_asked_for():
    data = {"x": X, "make": np.full(64, "a"), "age": [1, None] * 32}
    assert fit(squares, data).parameters_["level"] == pytest.approx(X.mean(), rel=1e-12)
    with pytest.raises(TypeError, match="column 'make' holds text"):
        fit(lambda parameters, row: -((row["make"] - parameters["level"]) ** 2), data)
    with pytest.raises(ValueError, match="column 'age' misses a value in row 1"):
        fit(lambda parameters, row: -((row["age"] - parameters["level"]) ** 2), data)


@pytest.mark.parametrize(
    ("parameters", "error", "said"),
    [
        ({}, TypeError, "must be a mapping"),
        ({"level": ("real", 1.5)}, TypeError, r"level: .*a start is sj.Real\(start=1.5\)"),
        ({"level": "reel"}, ValueError, "'real', 'positive'.*got 'reel'"),
        ({"level": None}, TypeError, "must be a domain"),
        ({"level": 1.0}, ValueError, "every parameter is known"),
        ({"level": lambda: sj.Positive(start=-1.0)}, ValueError, "start must be a positive number"),
        ({"level": lambda: sj.Real(["a", "a"])}, ValueError, "a name of its own"),
        ({"level": lambda: sj.Real(["a", "b"], shape=3)}, ValueError, "2 names"),
    ],
)
def test_parameters_that_are_none_are_told_why(parameters, error, said):
    with pytest.raises(error, match=said):
        sj.MaximumLikelihood(squares, {name: one() if callable(one) else one for name, one in parameters.items()}).fit({"x": X})


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({"starts": {"levle": 1.0}}, "starts name 'levle'"),
        ({"starts": []}, "starts is empty"),
        ({"n_starts": 0}, "n_starts must be a whole number"),
        ({"weights": np.ones(3)}, r"weights must be one number a row, of shape \(64,\)"),
        ({"weights": -np.ones(64)}, "weights must be 0 or more; row 0"),
        ({"weights": "w"}, "weights='w' is not a column"),
        ({"block": 0}, "block must be a whole number"),
        ({"clusters": np.arange(64)}, "clusters count where errors are robust"),
    ],
)
def test_arguments_of_fit_that_do_not_fit_are_told_why(keywords, said):
    with pytest.raises(ValueError, match=said):
        fit(squares, **keywords)


@pytest.mark.parametrize(
    ("starts", "said"),
    [
        ("level=1", "starts must be a mapping .*as estimates_ is.*got a str"),
        (1.0, "starts must be a mapping .*got a float"),
        ({"level": "one"}, "the start of level must be a number .*got 'one'"),
        ([1.0], "a start is a mapping"),
    ],
)
def test_a_start_that_is_none_is_told_why(starts, said):
    with pytest.raises(TypeError, match=said):
        fit(squares, starts=starts)


@pytest.mark.parametrize(
    ("clusters", "said"),
    [
        ("unit", "clusters='unit' is not a column"),
        (np.arange(63), r"one label a row, of shape \(64,\).*shape \(63,\)"),
        (np.ones(64), "all rows are in cluster 1.0"),
    ],
)
def test_clusters_that_are_none_are_told_why(clusters, said):
    weights = np.append(np.ones(63), 0.0)
    with pytest.raises(ValueError, match=said):
        sj.MaximumLikelihood(squares, LEVEL, errors="robust").fit({"x": X}, weights, clusters=clusters)


def test_robust_errors_of_what_does_not_differ_are_refused():
    # "rate 3 (s.e. 6.7e-16)", it said
    def poisson(parameters, row):
        return row["y"] * jnp.log(parameters["rate"]) - parameters["rate"]

    model = sj.MaximumLikelihood(poisson, {"rate": "positive"}, errors="robust")
    for y, said in (([3], "the 1 of these data is alike"), ([3] * 64, "the 64 of these data are alike")):
        with pytest.raises(ValueError, match=f"{said} in what they say of rate: its error would be 0"):
            model.fit({"y": y})
    with pytest.raises(ValueError, match="how clusters differ, and the 2 of these data are alike"):
        model.fit({"y": np.arange(64) // 2}, clusters=np.arange(64) % 2)


def test_robust_errors_of_few_clusters_say_so():
    model = sj.MaximumLikelihood(logistic, LINE, errors="robust")
    model.fit({"x": X, "y": np.arange(64) % 3 == 0}, clusters=np.arange(64) % 2)
    assert any("of 2 parameters rest on 2 clusters" in note for note in model.notes_)
    assert model.fit({"x": X, "y": np.arange(64) % 3 == 0}).notes_ == []


def test_profile_limits_beside_robust_errors_are_refused_as_by_regressions():
    found = sj.MaximumLikelihood(squares, LEVEL, errors="robust").fit({"x": X})
    with pytest.raises(ValueError, match='use method="wald" or "bootstrap", or fit with errors="model"'):
        found.interval(method="likelihood")


def test_a_score_of_missing_values_names_the_row():
    found = fit(squares)
    with pytest.raises(ValueError, match=r"column 'x' is missing \(nan\) in row 1 \(rows count from 0\)"):
        found.score({"x": np.array([1.0, np.nan])})


def test_a_function_without_a_value_or_a_derivative_has_no_limits():
    found = fit(squares)
    with pytest.raises(ValueError, match="value has no finite derivative"):
        found.interval(lambda parameters: jnp.sqrt(parameters["level"] - parameters["level"]))
    with pytest.raises(ValueError, match="nan for the estimate of a sample"):
        found.interval(lambda parameters: jnp.sqrt(parameters["level"] - X.mean() + 1e-6), method="bootstrap", n_bootstrap=9)


def test_limits_that_start_from_a_maximum_ask_for_one():
    stopped = fit(lambda parameters, row: -jnp.exp(-parameters["level"]) * row["x"] ** 2, require_convergence=False)
    for method in ("likelihood", "bootstrap"):
        with pytest.raises(sj.NotConverged, match="the fit reached no maximum: it stopped with 'endless'"):
            stopped.interval(method=method)
