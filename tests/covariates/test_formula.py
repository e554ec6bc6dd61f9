"""Formulas against matrices written out by hand, kept through a file, and nothing run that is no function of a row."""

import json

import numpy as np
import pandas as pd
import pytest

from survjax.covariates.design import Design
from survjax.errors import BadRow

GENERATOR = np.random.default_rng(11)
N = 30
FLEET = pd.DataFrame({
    "temperature": GENERATOR.uniform(20, 90, N),
    "load": GENERATOR.uniform(1, 3, N),
    "brand": GENERATOR.choice(["Hitachi", "Seagate", "WDC"], N),
    "year": GENERATOR.choice([2019, 2020, 2021], N),
    "sealed": GENERATOR.random(N) > 0.5,
    "spindle speed": GENERATOR.choice([5.4, 7.2, 10.0], N),
    "scale": GENERATOR.normal(size=N),
})  # fmt: skip
IS = {brand: (FLEET["brand"] == brand).to_numpy(float) for brand in ("Hitachi", "Seagate", "WDC")}
T, LOAD = FLEET["temperature"].to_numpy(), FLEET["load"].to_numpy()

BY_HAND = {
    "~ temperature + C(brand) + np.log(load)": {
        "temperature": T,
        "C(brand)[T.Seagate]": IS["Seagate"],
        "C(brand)[T.WDC]": IS["WDC"],
        "np.log(load)": np.log(LOAD),
    },
    "brand:load + temperature": {
        "temperature": T,
        "brand[Hitachi]:load": IS["Hitachi"] * LOAD,
        "brand[Seagate]:load": IS["Seagate"] * LOAD,
        "brand[WDC]:load": IS["WDC"] * LOAD,
    },
    "~ C(brand, contr.sum)": {
        "C(brand, contr.sum)[S.Hitachi]": IS["Hitachi"] - IS["WDC"],
        "C(brand, contr.sum)[S.Seagate]": IS["Seagate"] - IS["WDC"],
    },
    "~ C(brand, Treatment('WDC'))": {
        "C(brand, Treatment('WDC'))[T.Hitachi]": IS["Hitachi"],
        "C(brand, Treatment('WDC'))[T.Seagate]": IS["Seagate"],
    },
    "~ `spindle speed` + {load / temperature}": {"spindle speed": FLEET["spindle speed"], "load / temperature": LOAD / T},
    "~ C(year) + sealed": {
        "C(year)[T.2020]": FLEET["year"] == 2020,
        "C(year)[T.2021]": FLEET["year"] == 2021,
        "sealed": FLEET["sealed"],
    },
    "~ arrhenius(temperature) + inverse_power(load)": {
        "arrhenius(temperature)": 1 / (8.617333262e-5 * (T + 273.15)),
        "inverse_power(load)": np.log(LOAD),
    },
    "~ center(load) + scale": {"center(load)": LOAD - LOAD.mean(), "scale": FLEET["scale"]},
    "~ I(load ** 2) + np.where(temperature > 50, temperature - 50, 0)": {
        "I(load ** 2)": LOAD**2,
        "np.where(temperature > 50, temperature - 50, 0)": np.maximum(T - 50, 0),
    },
}


def saved(design):
    return Design.from_state(json.loads(json.dumps(design.state(), allow_nan=False)))


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("formula", BY_HAND)
def test_a_formula_gives_the_matrix_written_out_by_hand(formula, intercept):
    columns = {"Intercept": np.ones(N)} | BY_HAND[formula] if intercept else BY_HAND[formula]
    design = Design.learn(FLEET, formula, intercept=intercept)
    assert set(design.names) == set(columns)
    assert (design.names[0] == "Intercept") == intercept
    expected = np.column_stack([columns[name] for name in design.names]).astype(float)
    np.testing.assert_allclose(design.matrix(FLEET), expected, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize(
    "formula",
    [
        *BY_HAND,
        "~ bs(temperature, df=5) + cr(load, df=3)",
        "~ poly(load, 3) + scale(temperature)",
        "~ hashed(brand, levels=2)",
        "~ brand * sealed * load",
        "~ C(sealed):load - 1",
    ],
)
def test_a_saved_formula_gives_the_same_matrix_to_the_last_bit_for_rows_it_never_saw(formula):
    design = Design.learn(FLEET, formula, intercept=True)
    again = saved(design)
    part = FLEET.iloc[[7, 3, 4]][FLEET.columns[::-1]].assign(more="x")
    assert again.names == design.names
    np.testing.assert_array_equal(again.matrix(part), design.matrix(FLEET)[[7, 3, 4]])
    np.testing.assert_array_equal(again.matrix(FLEET[:0]), np.empty((0, len(design.names))))


def test_the_intercept_left_out_leaves_the_coding_with_a_reference_level():
    with_one = Design.learn(FLEET, "~ brand + load")
    without = Design.learn(FLEET, "~ 0 + brand + load")
    assert with_one.names == without.names == ("brand[T.Seagate]", "brand[T.WDC]", "load")


def test_a_formula_without_intercept_is_not_centred_where_one_was_asked_for():
    design = Design.learn(FLEET, "~ 0 + brand + load", intercept=True)
    assert design.names == ("brand[Hitachi]", "brand[Seagate]", "brand[WDC]", "load")
    np.testing.assert_array_equal(design.center, 0.0)
    np.testing.assert_allclose(design.spread[3], np.sqrt(np.mean(LOAD**2)), rtol=1e-14)


def test_an_intercept_alone_is_a_design():
    design = Design.learn(FLEET, "~ 1", intercept=True)
    assert design.names == ("Intercept",)
    np.testing.assert_array_equal(design.matrix(FLEET[:3]), np.ones((3, 1)))


def test_a_dot_stands_for_all_columns():
    design = Design.learn(FLEET[["load", "brand", "spindle speed"]], "~ .")
    assert set(design.names) == {"load", "brand[T.Seagate]", "brand[T.WDC]", "spindle speed"}


def test_whole_numbers_do_not_overflow_in_a_power():
    X = {"load": np.array([3_000_000, 4_000_000, 5_000_000])}
    np.testing.assert_array_equal(Design.learn(X, "~ I(load ** 3)").matrix(X)[:, 0], [2.7e19, 6.4e19, 1.25e20])


def test_a_year_as_a_label_is_the_same_as_a_whole_or_a_decimal_number():
    design = Design.learn(FLEET, "~ C(year)")
    np.testing.assert_array_equal(design.matrix(FLEET.astype({"year": float})), design.matrix(FLEET))


def test_a_year_in_a_list_is_named_as_in_a_frame():
    assert Design.learn({"year": [2019, 2020, 2021]}, "~ C(year)").names == ("C(year)[T.2020]", "C(year)[T.2021]")


REFUSED = {
    "~ lag(load)": r"lag\(\).*looks at the row above",
    "~ np.mean(load)": r"np\.mean, which is not among",
    "~ {load - np.mean(load)}": r"np\.mean",
    "~ np.load('secrets')": r"np\.load, which is not among",
    "~ np.add.reduce(load)": r"np\.add",
    "~ brand.str.upper()": r"brand\.str\.upper",
    "~ eval('load')": r"eval\(\)",
    "~ __import__(brand)": r"__import__\(\)",
    "~ {load.__class__}": r"load\.__class__",
    "~ {[x for x in (1, 2)]}": "ListComp",
    "~ exp10(load)": r"Write 10 \*\* x",
    "~ nope + load": "column 'nope' is missing in X; there are 'temperature'",
    "load ~ brand": "has a left side",
    "~ load +": "cannot be read: Operator",
    "~ 1": "has no covariate",
    "~ np.log(temperature - 500)": r"np\.log\(temperature - 500\) is nan in row 0",
    "~ np.log(0 * load)": r"np\.log\(0 \* load\) is -inf in row 0",
    "~ np.log(brand)": "cannot be computed for X",
    "~ arrhenius(-1000 * load)": r"celsius must be above absolute zero",
    "~ C(brand, levels=['WDC'])": "names other levels than X has",
    "~ bs(load, df=1)": "cannot be computed for X: Invalid value for `df`",
    "~ load + {0 * load + 1}": r"is 1 in every row",
}


@pytest.mark.parametrize(("formula", "said"), REFUSED.items())
def test_what_a_formula_may_not_say_is_refused(formula, said):
    with pytest.raises(ValueError, match=said):
        Design.learn(FLEET, formula)


def test_no_text_is_no_formula():
    with pytest.raises(TypeError, match="formula must be text"):
        Design.learn(FLEET, ["temperature"])


@pytest.mark.parametrize("formula", ["1 + eval('load')", "1 + np.load('x')", "1 + {load.__class__}"])
def test_a_file_with_a_formula_that_runs_something_is_refused_when_read(formula):
    state = Design.learn(FLEET, "~ load").state()
    state["formula"]["formula"] = formula
    with pytest.raises(ValueError, match="not among what formulas may use"):
        Design.from_state(state)


def test_a_file_with_a_formula_that_is_none_is_refused_when_read():
    state = Design.learn(FLEET, "~ load").state()
    state["formula"]["formula"] = "1 + load +"
    with pytest.raises(ValueError, match="cannot be read"):
        Design.from_state(state)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"year": 2030}, r"C\(year\) is 2030 in row 0, a level not seen when learned .*Known are 2019, 2020, 2021"),
        ({"brand": ["Toshiba"] + ["WDC"] * (N - 1)}, "brand is 'Toshiba' in row 0, a level not seen when learned .the only such row"),
        ({"load": np.nan}, "'load' of X is missing .nan. in row 0"),
        ({"load": "heavy"}, "'load' of X was numbers"),
        ({"temperature": 500.0}, r"temperature is 500 in row 0 .* and bs\(temperature, df=4\) learned from 22"),
    ],
)
def test_what_a_formula_cannot_be_predicted_for_is_named(changed, said):
    design = Design.learn(FLEET, "~ C(year) + brand + load + bs(temperature, df=4)")
    with pytest.raises((ValueError, TypeError), match=said):
        design.matrix(FLEET.assign(**changed))


def test_a_column_that_the_formula_does_not_use_may_hold_anything():
    X = FLEET.assign(note=[None, *("x" * (N - 1))], when=pd.Timestamp("2020-01-01"))
    assert Design.learn(X, "~ load").names == ("load",)


def test_a_formula_s_missing_column_is_named_when_no_row_is_given():
    with pytest.raises(ValueError, match="column 'load' is missing"):
        Design.learn(FLEET, "~ load").matrix(FLEET[[]][:0])


@pytest.mark.parametrize(
    "formula", ["~ 1/temperature", "~ load + 1 / temperature", "~ voltage**2", "~ voltage^2", "~ np.log(voltage) ** 2 + load"]
)
def test_arithmetic_that_a_formula_takes_for_crossing_is_refused(formula):
    # R reads voltage^2 as voltage, and so was done here, without a word
    X = pd.DataFrame({"temperature": [20.0, 30.0, 45.0], "voltage": [1.0, 2.0, 4.0], "load": [1.0, 5.0, 2.0]})
    with pytest.raises(ValueError, match=r"outside of a function, which (nests|crosses).*write I\(\.\.\.\)"):
        Design.learn(X, formula)


@pytest.mark.parametrize(
    "formula", ["~ I(1/temperature)", "~ I(voltage ** 2)", "~ {voltage**2}", "~ (voltage + load)**2", "~ np.log(voltage**2)"]
)
def test_arithmetic_inside_a_function_and_crossing_of_several_are_taken(formula):
    X = pd.DataFrame({"temperature": [20.0, 30.0, 45.0], "voltage": [1.0, 2.0, 4.0], "load": [1.0, 5.0, 2.0]})
    assert Design.learn(X, formula).names


@pytest.mark.parametrize(("formula", "remedy"), [("~ strata(make)", 'strata="make"'), ("~ load + cluster(make)", "unit=X")])
def test_functions_of_r_that_are_arguments_here_are_answered(formula, remedy):
    with pytest.raises(ValueError, match=remedy):
        Design.learn(pd.DataFrame({"make": list("aba"), "load": [1.0, 5.0, 2.0]}), formula)


def test_readings_beyond_a_spline_are_named_with_their_range():
    design = Design.learn(FLEET, "~ bs(load, df=4)", intercept=True)
    beyond = FLEET.assign(load=np.where(np.arange(N) == 4, 9.0, FLEET["load"]))  # was formulaic's word for it
    said = rf"load is 9 in row 4 \(1 such rows.*bs\(load, df=4\) learned from {LOAD.min():g} to {LOAD.max():g}.*cs\(load, df=4\)"
    with pytest.raises(BadRow, match=said) as refused:
        design.matrix(beyond)
    assert refused.value.rows == (4,)
    for remedy in ("~ cs(load, df=4)", '~ bs(load, df=4, extrapolation="clip")'):
        assert np.isfinite(Design.learn(FLEET, remedy, intercept=True).matrix(beyond)).all()


def test_a_stress_that_is_none_is_named_by_its_column():
    with pytest.raises(BadRow, match=r"load must be above 0; row 4 has load=-1"):  # said stress
        Design.learn(FLEET.assign(load=np.where(np.arange(N) == 4, -1.0, LOAD)), "~ inverse_power(load)", intercept=True)
