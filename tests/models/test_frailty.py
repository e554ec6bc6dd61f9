"""Shared frailty as a learner: its fit under late entry, its boundary, what it predicts, what it refuses, its file."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import clone

import survjax as sj

SHAPE, SCALE, SLOPE = 2.0, 30.0, 0.7


def sites(n_groups, size, variance, seed, latest=0.0, until=60.0, kind="gamma"):
    """Groups of which all units survived to their entries, up to ``latest``, drawn until there are so many."""
    random = np.random.default_rng(seed)
    rows = []
    while len(rows) < n_groups:
        z = random.gamma(1 / variance, variance) if kind == "gamma" else np.exp(random.normal(0.0, np.sqrt(variance)))
        x, entry = random.normal(size=size), random.uniform(0.0, latest, size) if latest else np.zeros(size)
        age = SCALE * (random.exponential(size=size) / (z * np.exp(SLOPE * x))) ** (1 / SHAPE)
        if np.all(age > entry):
            rows.append((x, entry, age))
    x, entry, age = (np.concatenate(column) for column in zip(*rows, strict=True))
    life = sj.Lifetimes(np.minimum(age, until), age < until, entry=entry if latest else None)
    return pd.DataFrame({"load": x}), life, np.repeat(np.arange(n_groups), size)


X, LIFE, GROUP = sites(64, 4, 0.8, seed=5)
NAMES = [f"site {number}" for number in GROUP]


@pytest.fixture(scope="module")
def fitted():
    return {kind: sj.Frailty(sj.ProportionalHazards(sj.Weibull()), kind).fit(X, LIFE, group=NAMES) for kind in ("gamma", "lognormal")}


kinds = pytest.mark.parametrize("kind", ["gamma", "lognormal"])

# ---- the fit


@kinds
def test_under_late_entry_estimates_are_within_four_monte_carlo_errors_of_the_truth(kind):
    truth = {"shape": SHAPE, "scale": SCALE, "load": SLOPE, "frailty_variance": 0.8}
    found = []
    for seed in range(10):
        frame, life, group = sites(256, 4, 0.8, seed, latest=25.0, kind=kind)
        found.append(sj.Frailty(sj.ProportionalHazards(sj.Weibull()), kind).fit(frame, life, group=group).parameters_)
    table = pd.DataFrame(found)[list(truth)]
    errors = table.std() / np.sqrt(len(table))
    assert np.all(np.abs(table.mean() - pd.Series(truth)) < 4.0 * errors), (table.mean(), errors)
    # small enough to tell: a fit that forgets that groups which came late are the hardier ones has a gamma scale of 38, 16 errors off
    assert errors["scale"] < 1.0


def test_limits_are_said_to_be_none_of_a_groups_own_probability(fitted):
    # of which 52 % lay within limits of 95 %
    assert "limits are none of that group's own probability" in fitted["gamma"].notes_[-1]


@pytest.mark.filterwarnings("error")
def test_a_scale_in_the_thousands_has_no_hazard_ratio_to_overflow():
    life = sj.Lifetimes(1000.0 * LIFE.durations, LIFE.event_observed)
    table = sj.Frailty(sj.ProportionalHazards(sj.Weibull())).fit(X, life, group=NAMES).summary()
    assert table["estimate"]["scale"] > 10_000.0
    assert table["hazard ratio"].dropna().to_dict() == {"load": pytest.approx(np.exp(table["estimate"]["load"]), rel=1e-14)}


def test_groups_of_one_unit_are_unit_frailty():
    alone = sj.UnitFrailty(sj.Weibull()).fit(LIFE)
    model = sj.Frailty(sj.Weibull()).fit(LIFE)
    # both stop by the same rule: the last step is at most 1e-7
    np.testing.assert_allclose(model.parameters_, alone.parameters_, rtol=1e-6)
    np.testing.assert_allclose(model.log_likelihood_, alone.log_likelihood_, rtol=1e-12)
    np.testing.assert_allclose(model.standard_errors_, alone.standard_errors_, rtol=1e-4)
    limits = alone.interval("parameters", method="likelihood").loc["variance", ["lower", "upper"]]
    np.testing.assert_allclose(model.variance_limits(), limits, rtol=1e-5)
    assert any("one unit" in note for note in model.notes_)


def test_a_variance_of_0_is_said_and_leaves_the_fit_without_frailty():
    life = sj.Lifetimes(np.random.default_rng(0).weibull(3.0, size=256))
    model = sj.Frailty(sj.Weibull()).fit(life, group=np.arange(256) // 4)
    plain = sj.Weibull().fit(life)
    assert model.frailty_variance_ == model.likelihood_ratio_ == model.kendall_tau_ == 0.0
    assert model.p_value_ == 1.0
    assert "highest at a variance of 0" in model.notes_[0]
    np.testing.assert_allclose(model.parameters_[["shape", "scale"]], plain.parameters_, rtol=1e-6)
    lower, upper = model.variance_limits()
    assert lower == 0.0
    assert 0.0 < upper < 0.5
    np.testing.assert_allclose(model.predict_survival(None, 0.7, group=[3]), plain.survival(0.7), rtol=1e-6)
    assert np.isfinite(model.interval("survival", None, 0.7, group=[3]).to_numpy()).all()


def test_where_groups_do_not_differ_the_statistic_is_0_in_half_of_all_samples_and_chi_squared_in_the_other():
    random = np.random.default_rng(11)
    statistics, p_values = [], []
    for _ in range(64):
        age = 30.0 * random.weibull(2.0, 256)
        model = sj.Frailty(sj.Weibull()).fit(sj.Lifetimes(np.minimum(age, 45.0), age < 45.0), group=np.arange(256) // 4)
        statistics.append(model.likelihood_ratio_)
        p_values.append(model.p_value_)
    positive = np.array(statistics) > 0.0
    assert abs(positive.mean() - 0.5) < 4 * 0.0625  # four standard errors of 64 samples
    assert stats.kstest(np.array(statistics)[positive], stats.chi2(1).cdf).pvalue > 1e-3
    # of a p above a half there is none but 1; below, all are alike: four standard errors of 64 samples again
    assert abs(np.mean(np.array(p_values) < 0.2) - 0.2) < 4 * 0.05
    table = model.summary()
    assert table.loc["frailty_variance", "p"] == model.p_value_
    assert tuple(table.loc["frailty_variance", ["lower", "upper"]]) == model.variance_limits()


def test_unit_frailty_at_its_boundary_is_the_base():
    life = sj.Lifetimes(np.random.default_rng(0).weibull(3.0, size=256))
    model = sj.UnitFrailty(sj.Weibull()).fit(life)
    assert model.parameters_["variance"] == 0.0
    assert "highest at a variance of 0" in model.notes_[0]
    np.testing.assert_allclose(model.survival([0.5, 1.0]), sj.Weibull().fit(life).survival([0.5, 1.0]), rtol=1e-6)


@kinds
def test_the_test_of_no_variance_is_half_and_half(kind, fitted):
    model = fitted[kind]
    without = sj.ProportionalHazards(sj.Weibull()).fit(X, LIFE)
    np.testing.assert_allclose(model.likelihood_ratio_, 2 * (model.log_likelihood_ - without.log_likelihood_), rtol=1e-8)
    np.testing.assert_allclose(model.p_value_, 0.5 * stats.chi2.sf(model.likelihood_ratio_, 1), rtol=1e-12)


@kinds
@pytest.mark.usefixtures("double")
def test_at_the_limits_of_the_variance_the_likelihood_has_fallen_by_its_quantile(kind, fitted):
    model = fitted[kind]
    for limit in model.variance_limits(0.9):
        held = model._profile.at(np.log(limit), model._profile.best[:-1])[0]
        np.testing.assert_allclose(2 * (model._profile.height - held), stats.chi2.ppf(0.9, 1), rtol=1e-6)


def test_stretches_of_a_life_say_what_the_whole_of_it_says(fitted):
    middle = 0.5 * LIFE.durations
    life = sj.Lifetimes(
        np.concatenate([middle, LIFE.durations]),
        np.concatenate([np.zeros(len(LIFE), bool), LIFE.event_observed]),
        entry=np.concatenate([np.zeros(len(LIFE)), middle]),
    )
    both = pd.concat([X, X], ignore_index=True)
    model = sj.Frailty(sj.ProportionalHazards(sj.Weibull())).fit(both, life, group=NAMES * 2, unit=np.tile(np.arange(len(X)), 2))
    np.testing.assert_allclose(model.parameters_, fitted["gamma"].parameters_, rtol=1e-6)
    np.testing.assert_allclose(model.frailties_, fitted["gamma"].frailties_, rtol=1e-6)


def test_units_that_fail_again_tell_their_frailty():
    random = np.random.default_rng(3)
    z = random.gamma(2.0, 0.5, 100)
    rows = []
    for unit in range(100):
        age = 0.0
        while age < 10.0:  # a Poisson process of rate z / 3
            following = age + random.exponential(3.0 / z[unit])
            rows.append((unit, age, min(following, 10.0), following < 10.0))
            age = following
    unit, entry, age, failed = (np.array(column) for column in zip(*rows, strict=True))
    model = sj.Frailty(sj.Exponential()).fit(sj.Lifetimes(age, failed, entry=entry), unit=unit)
    assert abs(model.frailty_variance_ - 0.5) < 4 * model.standard_errors_["frailty_variance"]
    assert np.corrcoef(model.frailties_["frailty"], z)[0, 1] > 0.8
    # the total time at risk of each unit is 10 and its failures count: nothing else is known of a constant hazard
    np.testing.assert_allclose(model.frailties_["expected"], 10.0 / model.parameters_["scale"], rtol=1e-12)


# ---- predictions


def known(model, label):
    """The density of the frailty of a group at nodes, and how the base collects hazard: by the definitions, on a grid."""
    log_z = np.linspace(-40.0, 12.0, 40_001)
    v, row = model.frailty_variance_, model.frailties_.loc[label] if label else {"failures": 0.0, "expected": 0.0}
    z = np.exp(log_z)
    log_density = log_z / v - z / v if model.distribution == "gamma" else -(log_z**2) / (2 * v)
    log_density = log_density + row["failures"] * log_z - row["expected"] * z
    weights = np.exp(log_density - log_density.max())
    return z, weights / weights.sum()


def collected(model, load, age):
    p = model.parameters_
    return np.exp(p["load"] * load) * (age / p["scale"]) ** p["shape"]


@kinds
@pytest.mark.parametrize("label", [None, "site 7"])
def test_predictions_average_over_what_the_frailty_may_be(kind, label, fitted):
    model, unit = fitted[kind], X[:1]
    z, weights = known(model, label)
    H = {age: collected(model, X["load"][0], age) for age in (10.0, 20.0, 45.0)}
    group = None if label is None else [label]
    np.testing.assert_allclose(model.predict_survival(unit, 20.0, group=group), weights @ np.exp(-z * H[20.0]), rtol=1e-9)
    # new to its group: alive at 20, it is hardier than it seemed, since 0 or since the age until which it was counted
    for seen in (0.0, 10.0):
        alive = weights * np.exp(-z * (H[20.0] - (H[10.0] if seen else 0.0)))
        expected = 1.0 - alive @ np.exp(-z * (H[45.0] - H[20.0])) / alive.sum()
        found = model.predict_failure_probability(unit, 20.0, 25.0, group, seen=seen)
        np.testing.assert_allclose(found, expected, rtol=1e-9)
        # one of the units of the fit: its survival is counted in the weights
        expected = weights @ -np.expm1(-z * (H[45.0] - H[20.0])) if label else expected
        if label:
            np.testing.assert_allclose(model.predict_failure_probability(unit, 20.0, 25.0, group), expected, rtol=1e-9)


@kinds
def test_the_remaining_life_agrees_with_the_failure_probability(kind, fitted):
    model, group = fitted[kind], ["site 1", None, "site 3"]
    median = model.predict_rul(X[:3], 12.0, "median", group=group)
    np.testing.assert_allclose(model.predict_failure_probability(X[:3], 12.0, median[:, None], group)[:, 0], 0.5, rtol=1e-9)
    horizons = np.linspace(0.0, 30.0, 4001)
    alive = 1.0 - model.predict_failure_probability(X[:3], 12.0, horizons, group)
    restricted = np.trapezoid(alive, horizons, axis=1)  # an error of the square of 0.0075
    np.testing.assert_allclose(model.predict_rul(X[:3], 12.0, horizon=30.0, group=group), restricted, rtol=1e-6)


def test_the_interval_of_the_remaining_life_is_wider_than_its_quantiles(fitted):
    # both hold what the frailty and chance may do; the interval holds what the estimates leave open as well
    model, group = fitted["gamma"], ["site 1", None, "site 3"]
    bounds = model.predict_rul_interval(X[:3], 12.0, 0.8, group)
    low, high = (model.predict_rul(X[:3], 12.0, share, group=group) for share in (0.1, 0.9))
    assert np.all((bounds["lower"] < low) & (high < bounds["upper"]))
    assert np.all((bounds["lower"] > 0.9 * low) & (bounds["upper"] < 1.3 * high))


@kinds
def test_limits_of_a_prediction_are_those_of_its_differences_in_the_parameters(kind, fitted):
    # the delta method by hand: every parameter moved, and the group's frailty with it
    model, unit = fitted[kind], X[:1]
    table = model.interval("survival", unit, 20.0, group=["site 7"], level=0.95)
    own = np.array(NAMES) == "site 7"

    def link(values):
        p = dict(zip(model.parameters_.index, values, strict=True))
        H = np.exp(p["load"] * X["load"].to_numpy()) * (LIFE.durations / p["scale"]) ** p["shape"]
        log_z = np.linspace(-14.0, 5.0, 4001)
        z, v = np.exp(log_z), p["frailty_variance"]
        log_density = log_z / v - z / v if kind == "gamma" else -(log_z**2) / (2 * v)
        weights = np.exp(log_density + LIFE.event_observed[own].sum() * log_z - H[own].sum() * z)
        ahead = np.exp(p["load"] * X["load"][0]) * (20.0 / p["scale"]) ** p["shape"]
        return np.log(-np.log(weights @ np.exp(-z * ahead) / weights.sum()))

    at = model.parameters_.to_numpy()
    slopes = [(link(at + step) - link(at - step)) / 2e-5 for step in 1e-5 * np.eye(len(at))]
    error = np.sqrt(slopes @ model.covariance_.to_numpy() @ slopes)
    centre = np.log(-np.log(table["estimate"][0]))
    ends = np.log(-np.log(table.loc[0, ["upper", "lower"]].to_numpy(float)))
    np.testing.assert_allclose(ends, centre + stats.norm.ppf([0.025, 0.975]) * error, rtol=1e-5)


@kinds
def test_limits_of_a_frailty_are_quantiles_of_what_it_may_be(kind, fitted):
    z, weights = known(fitted[kind], "site 7")
    row = fitted[kind].frailties(0.9).loc["site 7"]
    np.testing.assert_allclose(row["frailty"], weights @ z, rtol=1e-9)
    below = np.interp(np.log([row["lower"], row["upper"]]), np.log(z), np.cumsum(weights) - 0.5 * weights)
    np.testing.assert_allclose(below, [0.05, 0.95], atol=2e-5)  # a spline through 64 nodes


def test_kendalls_tau_is_the_chance_of_order():
    # of two frailties of lognormal law tau is E[(z - w)^2 / (z + w)^2] (Oakes 1989): a function of their ratio alone
    model = sj.Frailty(sj.Weibull(), "lognormal").fit(LIFE, group=NAMES)
    ratio = np.linspace(-12.0, 12.0, 4001)
    density = stats.norm.pdf(ratio)
    expected = density @ np.tanh(0.5 * ratio * np.sqrt(2 * model.frailty_variance_)) ** 2 / density.sum()
    np.testing.assert_allclose(model.kendall_tau_, expected, rtol=1e-9)


def test_other_data_under_the_same_fit(fitted):
    model = fitted["gamma"]
    np.testing.assert_allclose(model.log_likelihood(X, LIFE, group=NAMES), model.log_likelihood_, rtol=1e-12)
    half = np.arange(len(X)) < 128
    newer = model.updated(X[half], LIFE[half], group=np.array(NAMES)[half])
    np.testing.assert_allclose(newer.frailties_, model.frailties_.iloc[:32], rtol=1e-9)
    assert len(model.frailties_) == 64


# ---- the face


@kinds
def test_a_file_brings_back_everything(kind, fitted, tmp_path):
    model = fitted[kind]
    model.save(tmp_path / "frailty.json")
    for again in (sj.load(tmp_path / "frailty.json"), pickle.loads(pickle.dumps(model))):
        pd.testing.assert_frame_equal(again.summary_, model.summary_, rtol=1e-12)
        pd.testing.assert_frame_equal(again.frailties_, model.frailties_, rtol=1e-12)
        np.testing.assert_allclose(
            again.predict_survival(X[:3], 20.0, group=NAMES[:3]), model.predict_survival(X[:3], 20.0, group=NAMES[:3]), rtol=1e-12
        )
        with pytest.raises(ValueError, match="fit it again"):
            again.variance_limits(0.5)


def test_it_is_an_estimator_of_scikit_learn(fitted):
    model = clone(fitted["lognormal"])
    assert model.get_params()["distribution"] == "lognormal"
    assert repr(model) == "Frailty(base=ProportionalHazards(base=Weibull()), distribution='lognormal')"
    with pytest.raises(sj.NotFitted):
        model.predict(X)
    assert {"frailty_variance", "kendall_tau"} <= set(fitted["gamma"].summary_.index)
    assert "frailty_variance" in repr(fitted["gamma"])
    assert "frailty_variance" in fitted["gamma"]._repr_html_()


def test_a_picture_has_a_line_for_each_group(fitted):
    ax = fitted["gamma"].plot_frailties(most=20)
    assert len(ax.get_yticks()) == 20
    assert "of 64" in ax.get_title(loc="left")


REFUSED = {
    "right truncation": lambda: sj.Frailty(sj.Weibull()).fit(
        sj.Lifetimes.from_intervals([1, 2], [1, 2], right_truncation=[3, 3]), group=["a", "b"]
    ),
    "all rows are of one group": lambda: sj.Frailty(sj.Weibull()).fit(LIFE, group=np.zeros(len(LIFE))),
    "group is missing in row 1": lambda: sj.Frailty(sj.Weibull()).fit([1.0, 2.0], group=["a", None]),
    "group has 2 labels and y 256 rows": lambda: sj.Frailty(sj.Weibull()).fit(LIFE, group=["a", "b"]),
    "gamma' or 'lognormal": lambda: sj.Frailty(sj.Weibull(), "normal").fit(LIFE, group=NAMES),
    "HazardScaling cannot be the base": lambda: sj.Frailty(sj.HazardScaling()).fit(X, LIFE, group=NAMES),
    "penalty=0": lambda: sj.Frailty(sj.ProportionalHazards(sj.Weibull(), penalty=1.0)).fit(X, LIFE, group=NAMES),
    "is known; leave": lambda: sj.Frailty(sj.Weibull(2.0, 30.0)).fit(LIFE, group=NAMES),
    "whole real line": lambda: sj.Frailty(sj.Normal()).fit(LIFE, group=NAMES),
    "averaged out of": lambda: sj.ProportionalHazards(sj.UnitFrailty(sj.Weibull())).fit(X, LIFE),
    "begins at 3, where no row": lambda: sj.Frailty(sj.Weibull()).fit(sj.Lifetimes([2, 5, 4], entry=[0, 3, 0]), unit=["u", "u", "v"]),
    "of an earlier row": lambda: sj.Frailty(sj.Weibull()).fit(sj.Lifetimes([2, 5], entry=[0, 2]), unit=[1, 1], group=["a", "b"]),
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_cannot_be_is_refused_in_words(words):
    words_of_it = {"right truncation": "right_truncation must be infinite", "of an earlier row": "an earlier row of its unit"}.get(
        words, words
    )
    with pytest.raises((ValueError, TypeError), match=words_of_it):
        REFUSED[words]()


def test_a_group_that_the_fit_did_not_have_is_refused(fitted):
    with pytest.raises(ValueError, match="no group of the fit is called 'site 99'"):
        fitted["gamma"].predict_survival(X[:1], 1.0, group="site 99")
    with pytest.raises(ValueError, match="seen must be at most the age"):
        fitted["gamma"].predict_rul(X[:1], 1.0, "median", group="site 1", seen=2.0)


def test_a_history_brings_its_units():
    frame = pd.DataFrame({"pump": np.arange(64).repeat(2), "start": np.tile([0.0, 1.0], 64), "load": X["load"][:128]})
    ends = 1.0 + LIFE.durations[:64]
    frame["stop"] = np.column_stack([np.ones(64), ends]).reshape(-1)
    frame["failed"] = np.column_stack([np.zeros(64), LIFE.event_observed[:64]]).reshape(-1).astype(int)
    history = sj.History.from_frame(frame, unit="pump", start="start", stop="stop", event="failed")
    model, group = sj.Frailty(sj.ProportionalHazards(sj.Weibull())), NAMES[:64]
    together = np.repeat(group, 2)
    model.fit(history, group=together)
    apart = sj.Frailty(model.base).fit(history.X, history.y, unit=history.unit, group=together)
    assert model.log_likelihood_ == apart.log_likelihood_
    with pytest.raises(TypeError, match="a History brings X, y and unit with it"):
        model.fit(history, history.y, group=together)


def test_one_landmark_a_unit_is_taken_and_copies_of_a_failure_are_not():
    random = np.random.default_rng(2)
    read = np.repeat(np.arange(len(X)), 2)
    log = {
        "unit": read,
        "time": np.tile([0.0, 0.5], len(X)) * np.minimum(8.0, LIFE.durations)[read],
        "load": X["load"].to_numpy()[read],
        "heat": random.normal(size=len(read)),
    }
    units = {"unit": np.arange(len(X)), "duration": LIFE.durations, "event_observed": LIFE.event_observed}
    model = sj.Frailty(sj.ProportionalHazards(sj.Weibull(), formula="~ `load last`"))
    rows = sj.Landmarks(log, units, at=[4.0], clock="remaining", hold_last=True, horizon=500.0)
    group = np.array(NAMES)[rows.unit]
    model.fit(rows, group=group)
    with pytest.raises(ValueError, match="horizon=500"):
        model.predict_failure_probability(rows.X[:1], 0.0, 501.0, group=group[0])
    apart = sj.Frailty(model.base).fit(rows.X, rows.y, group=group)
    assert model.log_likelihood_ == apart.log_likelihood_
    assert "one landmark of each unit" in model.notes_[0]
    for given in ({"clock": "remaining"}, {"at": [4.0]}):
        several = sj.Landmarks(log, units, hold_last=True, **given)
        with pytest.raises(TypeError, match=r"copies of its one failure.* clock=.remaining."):
            model.fit(several, group=np.array(NAMES)[several.unit])
    with pytest.raises(TypeError, match=r"X is a Landmarks, .* pass landmarks.X"):
        model.predict_rul(rows, group=group[0])
