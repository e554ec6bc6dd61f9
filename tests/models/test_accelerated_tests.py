"""Accelerated tests against the closed form of Weibull regression: its likelihood, its information, and the delta method by hand."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

import survjax as sj

REACH = 1.959963984540054
KELVIN = 273.15
ELECTRON_VOLTS = 1 / 8.617333262e-5

# data set, formula, the columns of the linear predictor by hand, and use conditions beyond the test's
TESTS = {
    "motor_insulation": (
        "~ arrhenius(temperature)",
        lambda frame: [ELECTRON_VOLTS / (frame["temperature"] + KELVIN)],
        {"temperature": [130.0, 150.0]},
    ),
    "insulating_fluid": ("~ inverse_power(voltage)", lambda frame: [np.log(frame["voltage"])], {"voltage": [20.0, 32.0]}),
    "glass_capacitors": (
        "~ arrhenius(temperature) + inverse_power(voltage)",
        lambda frame: [ELECTRON_VOLTS / (frame["temperature"] + KELVIN), np.log(frame["voltage"])],
        {"temperature": [120.0, 170.0], "voltage": [100.0, 200.0]},
    ),
}


class ByHand:
    """Weibull regression: log T = x'b + sigma W, W of the smallest extreme value law; theta = (b, log sigma) columns centred."""

    def __init__(self, frame, columns):
        table = np.column_stack(columns(frame))
        self.columns, self.centre = columns, table.mean(axis=0)
        x, y, d = self.design(frame), np.log(frame["duration"].to_numpy()), frame["event"].to_numpy()
        start = np.append(np.linalg.lstsq(x, y, rcond=None)[0], 0.0)

        def loss(theta):
            z = (y - x @ theta[:-1]) / np.exp(theta[-1])
            w = d - np.exp(z)
            return np.exp(z).sum() - d @ (z - theta[-1]), np.append((w @ x) / np.exp(theta[-1]), np.sum(w * z + d))

        theta = minimize(loss, start, jac=True, method="BFGS").x
        for _ in range(4):
            sigma = np.exp(theta[-1])
            z = (y - x @ theta[:-1]) / sigma
            e, w = np.exp(z), d - np.exp(z)
            cross = x.T @ (w - z * e) / sigma
            hessian = np.block([[-(x.T * e) @ x / sigma**2, cross[:, None]], [cross[None], np.array([[np.sum(w * z - e * z**2)]])]])
            step = np.linalg.solve(hessian, -loss(theta)[1])
            theta = theta - step
        assert np.abs(step).max() < 1e-10
        self.theta, self.covariance = theta, np.linalg.inv(-hessian)

    def design(self, frame):
        table = np.column_stack(self.columns(frame))
        return np.column_stack([np.ones(len(table)), table - self.centre])

    def error(self, gradient):
        """Standard errors (n,) of what has these gradients (n, q) in theta."""
        return np.sqrt(np.einsum("na,ab,nb->n", gradient, self.covariance, gradient))


@pytest.fixture(scope="module", params=TESTS)
def test_of(request):
    formula, columns, use = TESTS[request.param]
    frame = getattr(sj.datasets, f"load_{request.param}")()
    X, life = frame[list(use)], sj.Lifetimes(frame["duration"], frame["event"])
    model = sj.AcceleratedFailureTime(sj.Weibull(), formula).fit(X, life)
    return model, ByHand(frame, columns), pd.DataFrame(use), X, life, formula


def test_quantiles_at_use_level_have_the_limits_of_the_closed_form(test_of):
    model, hand, use, *_ = test_of
    sigma, c = np.exp(hand.theta[-1]), np.log(-np.log1p(-0.1))
    gradient = np.column_stack([hand.design(use), np.full(2, sigma * c)])
    log_life, error = hand.design(use) @ hand.theta[:-1] + sigma * c, hand.error(gradient)
    found = model.interval("quantile", use, 0.1)
    expected = np.exp(np.transpose([log_life, log_life - REACH * error, log_life + REACH * error]))
    np.testing.assert_allclose(found, expected, rtol=1e-6)  # the fit's stop: a step of 1e-7 in log parameters, extrapolated


def test_the_acceleration_factor_and_its_limits_are_the_closed_form_however_the_model_is_written(test_of):
    model, hand, use, X, life, formula = test_of
    test = X.iloc[[0, len(X) - 1]].set_axis(["first", "last"])
    difference = hand.design(use.iloc[[0]]) - hand.design(test)
    error = hand.error(np.column_stack([difference, np.zeros(2)]))
    log_ratio = difference @ hand.theta[:-1]
    expected = np.exp(np.transpose([log_ratio, log_ratio - REACH * error, log_ratio + REACH * error]))
    same = [sj.ProportionalHazards(sj.Weibull(), formula), sj.ParameterRegression(sj.Weibull(), {"scale": formula})]
    for one in (model, *(other.fit(X, life) for other in same)):
        found = one.acceleration_factor(test, use.iloc[[0]])
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        assert list(found.index) == ["first", "last"]
    bound = model.acceleration_factor(test, use.iloc[[0]], side="lower", level=0.975)
    np.testing.assert_allclose(bound["lower"], expected[:, 1], rtol=1e-6)
    assert np.isinf(bound["upper"]).all()


def test_the_parameters_of_a_stress_are_its_own_laws_with_the_limits_of_the_closed_form(test_of):
    model, hand, use, X, life, formula = test_of
    log_scale, error = hand.design(use) @ hand.theta[:-1], hand.error(np.column_stack([hand.design(use), np.zeros(2)]))
    shape, shape_error = np.exp(-hand.theta[-1]), np.sqrt(hand.covariance[-1, -1])
    same = [sj.ProportionalHazards(sj.Weibull(), formula), sj.ParameterRegression(sj.Weibull(), {"scale": formula})]
    for one in (model, *(other.fit(X, life) for other in same)):
        found = one.parameters_at(use)
        of_scale, of_shape = found.xs("scale", level="parameter"), found.xs("shape", level="parameter")
        np.testing.assert_allclose(of_scale["estimate"], np.exp(log_scale), rtol=1e-6)
        np.testing.assert_allclose(of_scale["standard error"], np.exp(log_scale) * error, rtol=1e-6)
        np.testing.assert_allclose(of_scale["lower"], np.exp(log_scale - REACH * error), rtol=1e-6)
        np.testing.assert_allclose(of_shape["upper"], shape * np.exp(REACH * shape_error), rtol=1e-6)
    assert model.of(use.iloc[[0]]).known().score is not None
    np.testing.assert_allclose(model.of(use.iloc[[0]]).quantile(-np.expm1(-1.0)), found.loc[(0, "scale"), "estimate"], rtol=1e-6)


FRAME = pd.DataFrame({"load": np.tile([1.0, 2.0, 3.0, 4.0], 16)})
LIFE = sj.Lifetimes(np.random.default_rng(2).weibull(np.repeat([1.5, 3.0, 1.5, 2.0], 16)) * 40 / FRAME["load"].to_numpy())


def test_where_lives_are_not_stretched_alike_a_share_has_to_be_said():
    model = sj.ParameterRegression(sj.Weibull(), {"scale": "~ load", "shape": "~ load"}).fit(FRAME, LIFE)
    test, use = FRAME[:4], {"load": 0.5}
    with pytest.raises(ValueError, match=r"not all stretched alike .* in row 0\): say at which share failed, p=0.1"):
        model.acceleration_factor(test, use)
    found = model.acceleration_factor(test, use, p=0.1)
    np.testing.assert_allclose(found["estimate"], model.predict_quantile(use, 0.1) / model.predict_quantile(test, 0.1), rtol=1e-12)
    # the delta method by differences of the coefficients: of a unit against itself nothing is unsure
    same = model.acceleration_factor(test.iloc[[0]], test.iloc[[0]])
    np.testing.assert_array_equal(same, [[1.0, 1.0, 1.0]])


def test_the_limits_of_a_ratio_at_a_share_are_those_of_differences():
    model = sj.ParameterRegression(sj.Weibull(), {"scale": "~ load", "shape": "~ load"}).fit(FRAME, LIFE)
    test, use = {"load": 3.0}, {"load": 0.5}
    told, covariance = model.parameters_, model.covariance_.to_numpy()
    names = list(told.index)

    def log_ratio(values):
        of = dict(zip(names, values, strict=True))

        def log_life(load):
            shape = np.exp(of["shape[Intercept]"] + of["shape[load]"] * load)
            return of["scale[Intercept]"] + of["scale[load]"] * load + np.log(-np.log1p(-0.1)) / shape

        return log_life(0.5) - log_life(3.0)

    step = 1e-5
    gradient = [(log_ratio(told + step * unit) - log_ratio(told - step * unit)) / (2 * step) for unit in np.eye(len(names))]
    error = np.sqrt(gradient @ covariance @ gradient)
    expected = np.exp(log_ratio(told) + REACH * error * np.array([0.0, -1.0, 1.0]))
    np.testing.assert_allclose(model.acceleration_factor(test, use, p=0.1).iloc[0], expected, rtol=1e-8)  # differences of second order


def test_what_is_asked_amiss_is_refused():
    model = sj.AcceleratedFailureTime(sj.LogNormal()).fit(FRAME, LIFE)
    with pytest.raises(ValueError, match="X_use is one unit, or one for each of the 4 rows of X_test; it has 2"):
        model.acceleration_factor(FRAME[:4], FRAME[:2])
    with pytest.raises(ValueError, match="p is a share failed, between 0 and 1; got 10"):
        model.acceleration_factor(FRAME[:4], FRAME[:1], p=10)
    hazards = sj.ProportionalHazards(sj.LogNormal()).fit(FRAME, LIFE)
    with pytest.raises(ValueError, match=r"a LogNormal whose hazard is multiplied is no LogNormal.*interval\(\"quantile\""):
        hazards.parameters_at(FRAME[:2])


def test_the_parameters_of_a_stretched_lognormal_are_moved_in_the_location_alone():
    model = sj.AcceleratedFailureTime(sj.LogNormal()).fit(FRAME, LIFE)
    found = model.parameters_at(FRAME[:4], level=0.9)["estimate"]
    told = model.parameters_
    np.testing.assert_allclose(found.xs("location", level="parameter"), told["location"] + told["load"] * FRAME["load"][:4], rtol=1e-12)
    np.testing.assert_allclose(found.xs("scale", level="parameter"), told["scale"], rtol=1e-12)


# ---- the picture


def test_life_against_stress_is_a_straight_line_on_the_axes_of_the_relation(test_of):
    model, _, use, X, life, _ = test_of
    column = "temperature" if "temperature" in X else "voltage"
    ax = model.plot_life_stress(column, X, p=[0.1, 0.5], values=use[column])
    line = next(line for line in ax.get_lines() if line.get_label().startswith("10 % failed"))
    ax.figure.canvas.draw()
    place = ax.transData.transform(line.get_xydata())
    slope, height = np.polyfit(*place.T, 1)
    np.testing.assert_allclose(slope * place[:, 0] + height, place[:, 1], atol=1e-6 * np.ptp(place[:, 1]))
    stress, lives = line.get_xydata().T
    held = X.iloc[[0]].assign(**{name: X[name].quantile(0.5, interpolation="lower") for name in X})
    expected = model.predict_quantile(pd.concat([held] * 2).assign(**{column: stress[[0, -1]]}), 0.1)
    np.testing.assert_allclose(lives[[0, -1]], expected, rtol=1e-12)
    shared = np.ones(len(X), bool) if X.shape[1] == 1 else (X["voltage"] == held["voltage"].iloc[0]).to_numpy()
    points = next(line for line in ax.get_lines() if line.get_label().startswith("failed")).get_xydata()
    failed = shared & life.event_observed
    np.testing.assert_array_equal(points, np.transpose([X[column][failed], life.durations[failed]]))
    plt.close("all")


def test_life_against_stress_is_drawn_at_the_levels_of_another_that_are_asked():
    X = sj.datasets.load_glass_capacitors()
    model = sj.AcceleratedFailureTime(sj.Weibull(), TESTS["glass_capacitors"][0]).fit(X, sj.Lifetimes(X["duration"], X["event"]))
    ax = model.plot_life_stress("temperature", X, at={"voltage": [200, 350]})
    for voltage in (200, 350):
        line = next(line for line in ax.get_lines() if line.get_label() == f"voltage {voltage}, 50 % failed, 95 % confidence")
        stress, lives = line.get_xydata().T
        units = pd.DataFrame({"temperature": stress, "voltage": voltage})
        np.testing.assert_allclose(lives, model.predict_quantile(units, 0.5), rtol=1e-12)
        points = next(one for one in ax.get_lines() if one.get_label() == f"failed, 16 of 64 units, voltage {voltage}")
        assert points.get_color() == line.get_color()
    (one,) = [line for line in model.plot_life_stress("temperature", X, at={"voltage": 350}).get_lines() if "50 %" in line.get_label()]
    np.testing.assert_array_equal(one.get_ydata(), lives)
    with pytest.raises(ValueError, match="at holds covariates other than temperature: voltage; got 'humidity'"):
        model.plot_life_stress("temperature", X, at={"humidity": 60})
    with pytest.raises(ValueError, match=r"at\['voltage'\] is empty"):
        model.plot_life_stress("temperature", X, at={"voltage": []})
    plt.close("all")


def test_a_stress_that_is_none_is_refused():
    frame = FRAME.assign(make=np.tile(["A", "B"], 32))
    model = sj.AcceleratedFailureTime(sj.Weibull()).fit(frame, LIFE)
    with pytest.raises(ValueError, match="make holds labels, and a stress is a number"):
        model.plot_life_stress("make", frame)
    with pytest.raises(ValueError, match=r"stress must be above 0; row 0 has stress=-1"):
        model.plot_life_stress("load", frame, values=[-1.0, 2.0], relation="inverse_power")
    with pytest.raises(ValueError, match="the model has no covariate 'make'; there are load"):
        sj.AcceleratedFailureTime(sj.Weibull(), "~ load").fit(frame, LIFE).plot_life_stress("make", frame)
    with pytest.raises(ValueError, match="column 'volts' is missing in X"):
        model.plot_life_stress("volts", frame)


def test_the_axis_is_as_asked_where_the_formula_says_nothing():
    model = sj.AcceleratedFailureTime(sj.Weibull()).fit(FRAME, LIFE)
    assert model.plot_life_stress("load", FRAME).get_xscale() == "linear"
    assert model.plot_life_stress("load", FRAME, relation="inverse_power").get_xscale() == "log"
    with pytest.raises(ValueError, match="relation is one of arrhenius, inverse_power, coffin_manson, linear; got 'peck'"):
        model.plot_life_stress("load", FRAME, relation="peck")
    plt.close("all")
