"""Designs against matrices written out by hand, least squares by NumPy, and means by mpmath."""

import json

import mpmath
import numpy as np
import pandas as pd
import polars as pl
import pytest

from survjax.covariates.design import Design

FLEET = pd.DataFrame({
    "temperature": [20.0, 45.5, 31.25, 60.0, 52.0],
    "brand": ["Seagate", "Hitachi", "Seagate", "WDC", "Hitachi"],
    "sealed": [True, False, False, True, True],
    "platters": [2, 3, 5, 4, 3],
})  # fmt: skip
BY_HAND = np.array([
    [20.0, 1, 0, 1, 2],
    [45.5, 0, 0, 0, 3],
    [31.25, 1, 0, 0, 5],
    [60.0, 0, 1, 1, 4],
    [52.0, 0, 0, 1, 3],
])  # fmt: skip


def saved(design):
    """The design after a journey through a file."""
    return Design.from_state(json.loads(json.dumps(design.state(), allow_nan=False)))


def test_every_column_enters_and_the_first_level_is_the_reference():
    design = Design.learn(FLEET)
    assert design.names == ("temperature", "brand[Seagate]", "brand[WDC]", "sealed", "platters")
    np.testing.assert_array_equal(design.matrix(FLEET), BY_HAND)


def test_an_intercept_is_the_first_column():
    design = Design.learn(FLEET, intercept=True)
    assert design.names[0] == "Intercept"
    np.testing.assert_array_equal(design.matrix(FLEET), np.column_stack([np.ones(5), BY_HAND]))
    assert (design.center[0], design.spread[0]) == (0.0, 1.0)


def test_categories_keep_their_own_order_and_lose_levels_that_no_row_has():
    brand = pd.Categorical(FLEET["brand"], categories=["WDC", "Toshiba", "Seagate", "Hitachi"])
    design = Design.learn(FLEET.assign(brand=brand))
    assert design.names[1:3] == ("brand[Seagate]", "brand[Hitachi]")
    np.testing.assert_array_equal(design.matrix(FLEET)[:, 2], FLEET["brand"] == "Hitachi")


@pytest.mark.parametrize(
    "X",
    [
        pl.from_pandas(FLEET),
        pl.from_pandas(FLEET).to_arrow(),
        {name: FLEET[name].tolist() for name in FLEET},
        FLEET.convert_dtypes(),
        FLEET.astype({"brand": "category", "platters": "float32"}),
        FLEET.astype(object),
        FLEET.set_axis([5, 4, 3, 3, 1]),
        FLEET[FLEET.columns[::-1]].assign(serial=["x", "y", None, "z", "w"]),
    ],
    ids=["polars", "arrow", "mapping", "nullable", "category", "object", "other index", "other order, more columns"],
)
def test_the_matrix_is_the_same_whatever_holds_the_columns(X):
    np.testing.assert_array_equal(Design.learn(FLEET).matrix(X), BY_HAND)


def test_one_unit_is_a_mapping_of_single_values():
    unit = {"temperature": 20.0, "brand": "WDC", "sealed": True, "platters": 2}
    np.testing.assert_array_equal(Design.learn(FLEET).matrix(unit), [[20.0, 0, 1, 1, 2]])


def test_columns_of_an_array_are_numbered_and_taken_by_position():
    array = BY_HAND[:, [0, 4]]
    design = Design.learn(array)
    assert design.names == ("x0", "x1")
    np.testing.assert_array_equal(design.matrix(array[1:3]), array[1:3])
    np.testing.assert_array_equal(design.matrix({"x1": [1.0], "x0": [2.0]}), [[2.0, 1.0]])
    with pytest.raises(ValueError, match=r"X has 1 columns; learned were 2: x0, x1"):
        design.matrix(array[:, :1])


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_user_s_array_is_neither_changed_nor_open_to_be_written(order):
    array = np.array(BY_HAND, order=order)
    matrix = Design.learn(array).matrix(array)
    np.testing.assert_array_equal(array, BY_HAND)
    assert matrix.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        matrix[0, 0] = 1.0


def test_one_column_is_not_changed_by_learning_its_mean():
    column = np.array([[20_000.5], [19_999.0], [20_001.0]])
    Design.learn(column)
    np.testing.assert_array_equal(column, [[20_000.5], [19_999.0], [20_001.0]])


def test_the_matrix_learned_from_is_that_of_the_design():
    design, matrix = Design.learn_matrix(FLEET, "~ np.log(temperature) + brand", intercept=True, weights=np.arange(5))
    np.testing.assert_array_equal(matrix, design.matrix(FLEET))
    assert repr(design) == "Design(Intercept, np.log(temperature), brand[T.Seagate], brand[T.WDC])"


# ---- inside and back


def test_an_uncentred_covariate_loses_no_digits():
    column = 20_000 + np.random.default_rng(1).normal(size=1000)
    exact = [mpmath.mpf(float(value)) for value in column]
    mean = mpmath.fsum(exact) / 1000
    spread = mpmath.sqrt(mpmath.fsum((value - mean) ** 2 for value in exact) / 1000)
    design = Design.learn(column[:, None])
    # the spacing of doubles at 20,000 is 3.6e-12; relative to a spread of 1 the deviations keep 11 digits
    assert abs(design.center[0] - float(mean)) <= 4e-12
    assert design.spread[0] == pytest.approx(float(spread), rel=1e-15)


def test_counts_are_rows_repeated():
    counts = np.array([1, 3, 2, 1, 4])
    once = Design.learn(FLEET, weights=counts)
    repeated = Design.learn(FLEET.loc[FLEET.index.repeat(counts)])
    np.testing.assert_allclose(once.center, repeated.center, rtol=1e-15)
    np.testing.assert_allclose(once.spread, repeated.spread, rtol=1e-15)


def test_rows_of_weight_zero_do_not_speak():
    numbers = FLEET[["temperature", "platters"]]
    design = Design.learn(numbers, weights=np.array([1.0, 1, 1, 0, 1]))
    np.testing.assert_allclose(design.center, numbers.drop(index=3).mean(), rtol=1e-15)
    with pytest.raises(ValueError, match=r"'brand\[WDC\]' is 0 in every row"):
        Design.learn(FLEET, weights=np.array([1.0, 1, 1, 0, 1]))


@pytest.mark.parametrize("intercept", [True, False])
def test_coefficients_inside_come_back_as_least_squares_in_the_user_s_units(intercept):
    generator = np.random.default_rng(2)
    X = pd.DataFrame({"hours": 20_000 + generator.normal(size=60), "volt": generator.uniform(1e-4, 3e-4, 60)})
    y = generator.normal(size=60)
    design = Design.learn(X, intercept=intercept)
    inside = design.standardised(design.matrix(X))
    with_constant = inside if intercept else np.column_stack([np.ones(60), inside])
    g = np.linalg.lstsq(with_constant, y)[0]
    covariance = np.linalg.inv(with_constant.T @ with_constant)
    plain = np.column_stack([np.ones(60), X])
    expected = np.linalg.lstsq(plain, y)[0]
    if intercept:
        # the plain normal equations, whose condition is 1e17, are solved in 60 digits
        mpmath.mp.dps = 60
        exact = mpmath.matrix(plain.tolist())
        gram = exact.T * exact
        expected = np.array(mpmath.lu_solve(gram, exact.T * mpmath.matrix(y.tolist())).tolist(), dtype=float).ravel()
        expected_covariance = np.array((gram**-1).tolist(), dtype=float)
        np.testing.assert_allclose(design.to_user @ g, expected, rtol=1e-10)
        np.testing.assert_allclose(design.to_user @ covariance @ design.to_user.T, expected_covariance, rtol=1e-10)
        np.testing.assert_allclose(design.to_inside @ design.to_user, np.eye(3), atol=1e-11)
    else:
        slopes = design.to_user @ g[1:]
        np.testing.assert_allclose(slopes, expected[1:], rtol=1e-7)
        score = design.matrix(X) @ slopes
        np.testing.assert_allclose(score, inside @ g[1:] + design.shift @ g[1:], rtol=1e-12)


def test_standardised_columns_have_mean_0_and_deviation_1():
    design = Design.learn(FLEET)
    inside = design.standardised(design.matrix(FLEET))
    np.testing.assert_allclose(inside.mean(axis=0), 0.0, atol=1e-15)
    np.testing.assert_allclose(inside.std(axis=0), 1.0, rtol=1e-15)


@pytest.mark.parametrize("scale", [1e-140, 1e140])
def test_units_may_be_large_and_small(scale):
    design = Design.learn(scale * BY_HAND[:, :1])
    assert design.spread[0] == pytest.approx(scale * np.std(BY_HAND[:, 0]), rel=1e-14)


# ---- what cannot be learned from, or predicted for

UNREADABLE = {
    "missing": ({"temperature": [20.0, np.nan, 1, 2, 3]}, "'temperature' of X is missing .nan. in row 1"),
    "missing text": ({"brand": ["a", "b", None, "b", "a"]}, "'brand' of X is missing .None. in row 2"),
    "missing whole number": ({"platters": pd.array([1, 2, 3, None, 5])}, "'platters' of X is missing .<NA>. in row 3"),
    "infinite": ({"temperature": [20.0, 1, -np.inf, 2, 3]}, "'temperature' of X is -inf in row 2"),
    "constant": ({"temperature": 7.5}, "'temperature' is 7.5 in every row: it carries no information beside the intercept; drop it"),
    "constant but for rounding": ({"temperature": [0.3, 0.1 + 0.2, 0.3, 0.3, 0.3]}, "'temperature' is 0.3 in every row"),
    "one level": ({"brand": "WDC"}, "'brand' of X is 'WDC' in every row"),
    "numbers as text": ({"temperature": ["20", "21.5", "3e1", "4", "5"]}, "'temperature' of X holds numbers as text"),
    "huge": ({"temperature": [1e200, 0, 1, 2, 3]}, r"'temperature' reaches 1e\+200"),
    "minute": ({"temperature": [5e-324, 0, 0, 0, 0]}, "'temperature' reaches 4.94066e-324"),
    "mixed": ({"brand": ["a", 3, "b", "a", "b"]}, r"'brand' of X must be numbers or labels; it has 'a' \(row 0\) and 3 \(row 1\)"),
    "complex": ({"temperature": np.arange(5) * 1j}, "'temperature' of X is complex"),
    "dates": ({"temperature": pd.date_range("2020-01-01", periods=5)}, "'temperature' of X holds dates"),
    "durations": ({"temperature": pd.to_timedelta(range(5), "h")}, "'temperature' of X holds dates or durations"),
    "intervals": ({"temperature": pd.cut(FLEET["temperature"], 2)}, "'temperature' of X has categories of type Interval"),
}


@pytest.mark.parametrize(("changed", "said"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_learned_from_is_named(changed, said):
    with pytest.raises((ValueError, TypeError), match=said):
        Design.learn(FLEET.assign(**changed))


def test_a_serial_number_is_no_covariate():
    with pytest.raises(ValueError, match=r"'serial' of X has 1,500 levels in 1,500 rows"):
        Design.learn({"serial": [f"s{i}" for i in range(1500)], "load": range(1500)})


@pytest.mark.parametrize(
    ("X", "said"),
    [
        (None, "got NoneType"),
        (FLEET["temperature"], "is a pandas Series. Pass X.to_frame"),
        ([1.0, 2.0], r"has shape \(2,\). Pass X.reshape"),
        (pl.from_pandas(FLEET).lazy(), "pass X.collect"),
        (FLEET[["temperature", "brand"]].set_axis(["a", "a"], axis=1), "2 columns of X are called 'a'"),
        ({"a": [1, 2], "b": [1, 2, 3]}, "different lengths: a 2, b 3"),
        (FLEET[:0], "X is empty"),
        ({"a": [10**400, 1]}, "column 'a' of X cannot be read as one column: int too large"),
        ([[1.0, 2.0], [3.0]], "rows have different lengths"),
        ({"a": np.eye(3)}, "column 'a' of X must be one-dimensional"),
        (np.ma.masked_array(np.eye(3), mask=np.eye(3) > 0), r"column 'x0' of X is missing \(None\) in row 0"),
        (FLEET.assign(Intercept=1.0), "a column of X is called 'Intercept'"),
        (FLEET[[]], "X has no columns"),
        ({"a[b]": [1, 2, 3], "a": ["a", "b", "a"]}, "2 columns of the linear predictor are called 'a.b.'"),
    ],
)
def test_what_is_no_table_is_refused(X, said):
    with pytest.raises((ValueError, TypeError), match=said):
        Design.learn(X)


@pytest.mark.parametrize(
    ("X", "said"),
    [
        (FLEET.drop(columns="brand"), "column 'brand' is missing in X; there are 'temperature', 'sealed', 'platters'"),
        (FLEET.replace({"brand": {"Hitachi": "Toshiba"}}), r"brand is 'Toshiba' in row 1, a level not seen .*'Hitachi', 'Seagate', 'WDC'"),
        (FLEET.assign(temperature="warm"), "'temperature' of X was numbers when it was learned and now holds labels such as 'warm'"),
        (FLEET.assign(temperature=[1, 2, 3, np.inf, 5]), "'temperature' of X is inf in row 3"),
        (FLEET.assign(brand=3), "brand is 3 in row 0, a level not seen"),
    ],
)
def test_what_cannot_be_predicted_for_is_named(X, said):
    with pytest.raises((ValueError, TypeError), match=said):
        Design.learn(FLEET).matrix(X)


def test_labels_of_numbers_are_said_to_be_categories():
    design = Design.learn(FLEET.assign(year=pd.Categorical([2019, 2020, 2019, 2021, 2020])))
    assert design.names[-2:] == ("year[2020]", "year[2021]")
    np.testing.assert_array_equal(saved(design).matrix(FLEET.assign(year=2021))[:, -2:], [[0, 1]] * 5)


def test_no_rows_are_no_rows_of_the_matrix():
    assert Design.learn(FLEET).matrix(FLEET[:0]).shape == (0, 5)


def test_a_saved_design_gives_the_same_matrix():
    design = Design.learn(FLEET, intercept=True)
    again = saved(design)
    assert again.names == design.names
    for name in ("center", "spread"):
        np.testing.assert_array_equal(getattr(again, name), getattr(design, name))
    np.testing.assert_array_equal(again.matrix(FLEET), design.matrix(FLEET))


def test_a_state_that_does_not_fit_together_is_refused():
    with pytest.raises(ValueError, match="does not fit together"):
        Design.from_state(Design.learn(FLEET).state() | {"center": [0.0]})


# ---- columns that say nothing of their own


def collinear(X, **kept):
    design = Design.learn(X, **kept)
    design.refuse_collinear(design.matrix(X))


def test_a_column_in_another_unit_is_named_with_the_conversion():
    celsius = np.random.default_rng(3).normal(40, 8, 200)
    X = pd.DataFrame({"celsius": celsius, "load": np.random.default_rng(4).normal(size=200), "fahrenheit": 1.8 * celsius + 32})
    with pytest.raises(ValueError, match=r"collinear.*: fahrenheit = 1\.8 celsius \+ 32\. Drop 'fahrenheit', or give a penalty"):
        collinear(X)
    with pytest.raises(ValueError, match=r"fahrenheit = 1\.8 celsius \+ 32\."):
        collinear(X, intercept=True)


def test_a_level_told_by_another_column_is_named():
    X = pd.DataFrame({"brand": list("abcabc"), "plant": list("xyzxyz"), "load": [1.0, 4, 2, 2, 7, 1]})
    with pytest.raises(ValueError, match=r"plant\[y\] = 1 brand\[b\]; plant\[z\] = 1 brand\[c\]"):
        collinear(X)


def test_more_columns_than_rows_are_collinear():
    X = np.random.default_rng(5).normal(size=(4, 6))
    with pytest.raises(ValueError, match="There are 4 rows for 6 columns"):
        collinear(X)


def test_a_sum_of_uncentred_columns_is_found():
    a, b = 20_000 + np.random.default_rng(6).normal(size=(2, 300))
    with pytest.raises(ValueError, match=r"c = (1 a \+ 2 b|2 b \+ 1 a)"):
        collinear({"a": a, "b": b, "c": a + 2 * b})


@pytest.mark.parametrize("own_share", [1e-3, 1e-6])
def test_columns_that_are_nearly_alike_are_left_to_the_fit(own_share):
    a, own = np.random.default_rng(7).normal(size=(2, 300))
    collinear({"a": a, "b": a + own_share * own})


def test_columns_alike_to_within_rounding_of_the_fit_are_refused():
    a, own = np.random.default_rng(7).normal(size=(2, 300))
    with pytest.raises(ValueError, match="b = 1 a"):
        collinear({"a": a, "b": a + 1e-9 * own})


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([f"{x / 100:.2f}".replace(".", ",") for x in range(40, 80)], r"numbers as text \('0,40'\)\. Read the file .* decimal=','"),
        ([str(x) for x in range(39)] + ["n/a?"], r"numbers as text \('0'\), but for 'n/a\?'\. .*to_numeric\(..., errors='coerce'\)"),
    ],
)
def test_numbers_read_as_text_are_no_labels(column, message):
    with pytest.raises(TypeError, match=message):
        Design.learn(pd.DataFrame({"load": column}))


def test_labels_of_which_few_come_twice_are_a_serial_number():
    # a column for each unit: the fit would take minutes to find that no estimate exists
    with pytest.raises(ValueError, match=r"'unit' of X has 40 levels in 40 rows.*Is it a serial number\? Drop it, X.drop\(columns="):
        Design.learn(pd.DataFrame({"unit": [f"P{i:03d}" for i in range(40)]}))
    pairs = pd.DataFrame({"unit": [f"P{i // 2:03d}" for i in range(40)]})
    assert len(Design.learn(pairs).names) == 19  # a level for every two rows may be one
