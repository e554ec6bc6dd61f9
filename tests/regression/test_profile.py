"""Profile limits of regressions against closed forms and against profiles walked by scipy."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq, minimize, minimize_scalar

import survjax as sj
from tests.models.test_regression import fleet

CHI = 3.841458820694124
FRAME, LIFE = fleet(n=64)
SAME = 1e-6  # the fit stops at steps of 1e-7, and a limit where the fall of the likelihood is right to 1e-9


def limits(model, X=FRAME, **options):
    return model.interval("parameters", X, method="likelihood", **options)


def test_of_two_groups_of_exponential_lives_they_are_the_closed_form():
    frame = FRAME[["make"]]
    model = sj.AcceleratedFailureTime(sj.Exponential()).fit(frame, LIFE)
    is_b, entry = (frame["make"] == "B").to_numpy(), LIFE.entry
    d = [LIFE.event_observed[~is_b].sum(), LIFE.event_observed[is_b].sum()]
    lived = [(LIFE.lower - entry)[~is_b].sum(), (LIFE.lower - entry)[is_b].sum()]

    def fall_of_scale(scale):  # the other group has a scale of its own
        ratio = lived[0] / d[0] / scale
        return 2 * d[0] * (ratio - 1 - np.log(ratio)) - CHI

    def profile(b):  # the best common scale, given that lives of B are exp(b) times as long
        total = lived[0] + lived[1] * np.exp(-b)
        return -sum(d) * np.log(total) - d[1] * b

    best = np.log(lived[1] / d[1] * d[0] / lived[0])
    found = limits(model)
    scale = lived[0] / d[0]
    expected = [brentq(fall_of_scale, scale / 4, scale), brentq(fall_of_scale, scale, 4 * scale)]
    np.testing.assert_allclose(found.loc["scale"].iloc[1:], expected, rtol=SAME)
    ends = [brentq(lambda b: 2 * (profile(best) - profile(b)) - CHI, *span) for span in ((best - 3, best), (best, best + 3))]
    np.testing.assert_allclose(found.loc["make[B]"], [best, *ends], rtol=SAME, atol=SAME)


def test_of_a_weibull_they_are_those_that_scipy_walks_to():
    frame = sj.datasets.load_motor_insulation()
    X, life = frame[["temperature"]], sj.Lifetimes(frame["duration"], frame["event"])
    model = sj.AcceleratedFailureTime(sj.Weibull(), "~ arrhenius(temperature)").fit(X, life)
    x = 1 / (8.617333262e-5 * (frame["temperature"].to_numpy() + 273.15))
    y, d, centre = np.log(frame["duration"].to_numpy()), frame["event"].to_numpy(), x.mean()

    def loss(theta):
        intercept, slope, log_shape = theta
        z = np.exp(log_shape) * (y - intercept - slope * (x - centre))
        return np.exp(z).sum() - d @ (z + log_shape)

    told = model.parameters_
    slope = told["arrhenius(temperature)"]
    best = np.array([np.log(told["scale"]) + slope * centre, slope, np.log(told["shape"])])

    def fall(index, value):
        rest = [k for k in range(3) if k != index]

        def of_rest(others):
            theta = np.empty(3)
            theta[index], theta[rest] = value, others
            return loss(theta)

        found = minimize(of_rest, best[rest], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 4000})
        return 2 * (found.fun - loss(best)) - CHI

    found = limits(model, X)
    for name, index, reach, back in (("arrhenius(temperature)", 1, 0.2, float), ("shape", 2, 0.8, np.exp)):
        ends = [
            brentq(lambda v, k=index: fall(k, v), *span)
            for span in ((best[index] - reach, best[index]), (best[index], best[index] + reach))
        ]
        np.testing.assert_allclose(found.loc[name].iloc[1:], [back(end) for end in ends], rtol=SAME)


def test_the_same_model_written_otherwise_has_the_same_limits():
    stretched = limits(sj.AcceleratedFailureTime(sj.Weibull()).fit(FRAME, LIFE))
    multiplied = limits(sj.ProportionalHazards(sj.Weibull()).fit(FRAME, LIFE))
    written = limits(sj.ParameterRegression(sj.Weibull(), {"scale": "~ load + make"}).fit(FRAME, LIFE))
    np.testing.assert_allclose(multiplied.loc[["shape", "scale"]], stretched.loc[["shape", "scale"]], rtol=SAME)
    np.testing.assert_allclose(written.loc["shape"], stretched.loc["shape"], rtol=SAME)
    np.testing.assert_allclose(np.exp(written.loc["scale[Intercept]"]), stretched.loc["scale"], rtol=SAME)
    np.testing.assert_allclose(written.loc["scale[make[T.B]]"], stretched.loc["make[B]"], rtol=SAME)


def test_where_a_column_has_its_zero_moves_no_limit_of_a_coefficient():
    moved = FRAME.assign(load=FRAME["load"] + 20.0)
    for kind in (sj.AcceleratedFailureTime(sj.Weibull()), sj.ProportionalHazards(sj.LogNormal())):
        expected = limits(kind.fit(FRAME, LIFE)).loc[["load", "make[B]"]]
        np.testing.assert_allclose(limits(kind.fit(moved, LIFE), moved).loc[["load", "make[B]"]], expected, rtol=SAME)


def test_one_sided_bounds_and_known_parameters():
    model = sj.AcceleratedFailureTime(sj.Weibull(shape=1.6)).fit(FRAME, LIFE)
    both, one = limits(model, level=0.9), limits(model, level=0.95, side="lower")
    np.testing.assert_allclose(one["lower"], both["lower"], rtol=SAME)
    np.testing.assert_array_equal(one["upper"], [1.6, np.inf, np.inf, np.inf])
    np.testing.assert_array_equal(both.loc["shape"], 1.6)


def test_a_coefficient_that_the_data_leave_open_has_no_limit_there():
    # of four units of make B none failed, which a penalty bears; nearly without one the profile levels off
    frame = pd.DataFrame({"make": ["A"] * 12 + ["B"] * 4})
    life = sj.Lifetimes(np.append(np.linspace(3, 20, 12), [4.0] * 4), [True] * 12 + [False] * 4)
    found = limits(sj.ProportionalHazards(sj.Exponential(), penalty=1e-4).fit(frame, life), frame)
    lived = np.linspace(3, 20, 12).sum()

    def loss(b):  # the best common rate for each b; the standard deviation of the column is the root of 3/16
        return 12 * np.log(lived + 16 * np.exp(b)) + 0.5 * 1e-4 * 3 / 16 * b**2

    best = minimize_scalar(loss, bounds=(-60, 0), method="bounded", options={"xatol": 1e-9})
    upper = brentq(lambda b: 2 * (loss(b) - best.fun) - CHI, best.x, 5)
    np.testing.assert_allclose(found.loc["make[B]", "upper"], upper, rtol=SAME)
    assert found.loc["make[B]", "lower"] == -np.inf


def test_what_has_no_such_limits_is_refused(tmp_path):
    model = sj.AcceleratedFailureTime(sj.Weibull()).fit(FRAME, LIFE)
    with pytest.raises(TypeError, match=r'interval\("parameters", X, method="likelihood"\)'):
        model.interval("parameters", method="likelihood")
    with pytest.raises(ValueError, match='method must be "wald" or "likelihood"; got \'bootstrap\''):
        model.interval("parameters", method="bootstrap")
    with pytest.raises(ValueError, match='likelihood intervals are those of "parameters"'):
        model.interval("survival", FRAME, 10.0, method="likelihood")
    with pytest.raises(ValueError, match="not the data of the fit"):
        limits(model, FRAME[::-1].reset_index(drop=True))
    with pytest.raises(ValueError, match="life is not used by Wald intervals"):
        model.interval("parameters", life=LIFE)
    robust = sj.AcceleratedFailureTime(sj.Weibull(), errors="robust").fit(FRAME, LIFE)
    with pytest.raises(ValueError, match='errors="robust" says that rows depend on each other'):
        limits(robust)
    with pytest.raises(ValueError, match="two stages"):
        limits(sj.HazardScaling(sj.Weibull()).fit(FRAME, LIFE))
    model.save(tmp_path / "model.json")
    loaded = sj.load(tmp_path / "model.json")
    with pytest.raises(sj.NotFitted, match="pass y"):
        limits(loaded)
    np.testing.assert_allclose(limits(loaded, life=LIFE), limits(model), rtol=SAME)
