"""Causes of failure in the likelihood: known, masked, known within an interval, seen through a window."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.stats import fisk, weibull_min

import survjax as sj
from survjax.errors import BadRow

LABELS = {"bearing": sj.Weibull(), "winding": sj.LogLogistic()}


def motors(n=256, masked=0.0, seed=3):
    """Ages, whether failed, and causes: bearings wear out, windings fail at random ages; some causes were not recorded."""
    random = np.random.default_rng(seed)
    bearing, winding = 100 * random.weibull(3.0, n), 90 * np.sqrt(1 / random.uniform(size=n) - 1)
    ends = random.uniform(30, 160, n)
    durations = np.minimum(np.minimum(bearing, winding), ends)
    cause = np.where(bearing < winding, "bearing", "winding").astype(object)
    cause[random.uniform(size=n) < masked] = None
    return durations, durations < ends, cause


def of(cause, label):
    return cause == label


def scipy_laws(logs):
    k, s, m, r = np.exp(logs)
    return {"bearing": weibull_min(k, scale=s), "winding": fisk(m, scale=r)}


def hand_written(logs, durations, failed, cause):
    """The log-likelihood by scipy's densities, of the logarithms of the parameters."""
    laws = scipy_laws(logs)
    log_hazards = {label: law.logpdf(durations) - law.logsf(durations) for label, law in laws.items()}
    everything = np.logaddexp(*log_hazards.values())
    log_hazard = np.select([of(cause, label) for label in laws], list(log_hazards.values()), everything)
    return np.sum(np.where(failed, log_hazard, 0.0)) + sum(law.logsf(durations).sum() for law in laws.values())


def test_known_causes_are_separate_fits_with_the_other_cause_as_a_suspension():
    durations, failed, cause = motors()
    model = sj.CompetingRisks(LABELS).fit(sj.Lifetimes(durations, failed, cause=cause))
    bearing = sj.Weibull().fit(durations, failed & of(cause, "bearing"))
    winding = sj.LogLogistic().fit(durations, failed & of(cause, "winding"))
    assert list(model.parameters_.index) == ["shape_0", "scale_0", "shape_1", "scale_1"]
    np.testing.assert_allclose(model.parameters_, [*bearing.parameters_, *winding.parameters_], rtol=1e-8)
    np.testing.assert_allclose(model.standard_errors_, [*bearing.standard_errors_, *winding.standard_errors_], rtol=2e-7)
    np.testing.assert_allclose(model.log_likelihood_, bearing.log_likelihood_ + winding.log_likelihood_, rtol=1e-12)
    np.testing.assert_allclose(
        model.log_likelihood_, hand_written(np.log(model.parameters_.to_numpy()), durations, failed, cause), rtol=1e-12
    )


@pytest.mark.parametrize("masked", [0.3, 1.0])
def test_a_masked_cause_contributes_the_sum_of_the_hazards(masked):
    durations, failed, cause = motors(masked=masked)
    model = sj.CompetingRisks(LABELS).fit(sj.Lifetimes(durations, failed, cause=cause))
    best = np.log(model.parameters_.to_numpy())
    found = minimize(lambda logs: -hand_written(logs, durations, failed, cause), best + np.array([0.1, -0.05, 0.05, 0.1]), tol=1e-10)
    np.testing.assert_allclose(model.log_likelihood_, -found.fun, rtol=1e-9)
    np.testing.assert_allclose(best, found.x, atol=2e-4)  # BFGS by differences ends where the value no longer moves
    assert any("rests on failures of unknown cause" in note for note in model.notes_) == (masked == 1.0)


def test_all_causes_masked_are_the_weakest_link():
    durations, failed, _ = motors()
    known = [sj.Weibull(3.0, 100.0), sj.LogLogistic(2.0, 90.0)]
    masked = sj.CompetingRisks(dict(zip(LABELS, known, strict=True))).log_likelihood(durations, failed)
    np.testing.assert_allclose(masked, sj.CompetingRisks(known).log_likelihood(durations, failed), rtol=1e-13)


BEARING, WINDING = weibull_min(3.0, scale=100.0), fisk(2.0, scale=90.0)
KNOWN = sj.CompetingRisks({"bearing": sj.Weibull(3.0, 100.0), "winding": sj.LogLogistic(2.0, 90.0)})


def survival(t):
    return BEARING.sf(t) * WINDING.sf(t)


def probability(cause, low, high):
    law, other = (BEARING, WINDING) if cause == "bearing" else (WINDING, BEARING)
    return quad(lambda t: law.pdf(t) * other.sf(t), low, high, epsrel=1e-12, epsabs=0.0, points=[90.0] if low < 90 < high else None)[0]


WINDOWS = {  # entry, right truncation, what the window leaves
    "seen throughout": (0.0, np.inf, 1.0),
    "entered late": (15.0, np.inf, survival(15.0)),
    "only seen if failed": (0.0, 150.0, 1 - survival(150.0)),
    "entered late, only seen if failed": (15.0, 150.0, survival(15.0) - survival(150.0)),
}


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("cause", ["bearing", "winding"])
def test_a_failure_within_an_interval_contributes_the_integral_of_its_own_density(cause, window):
    entry, end, seen = WINDOWS[window]
    for low, high in ((20.0, 40.0), (0.0, 60.0), (40.0, 140.0), (99.0, 99.5)):
        life = sj.Lifetimes.from_intervals([low], [high], cause=[cause], entry=[entry], right_truncation=[end], weights=[2.5])
        expected = 2.5 * np.log(probability(cause, max(low, entry), high) / seen)
        np.testing.assert_allclose(KNOWN.log_likelihood(life), expected, rtol=1e-10)  # quad's own error
    life = sj.Lifetimes.from_intervals([30.0], [30.0], cause=[cause], entry=[entry], right_truncation=[end])
    law, other = (BEARING, WINDING) if cause == "bearing" else (WINDING, BEARING)
    np.testing.assert_allclose(KNOWN.log_likelihood(life), law.logpdf(30.0) + other.logsf(30.0) - np.log(seen), rtol=1e-12)


def test_a_masked_cause_within_an_interval_contributes_what_is_lost_of_survival():
    life = sj.Lifetimes.from_intervals([20.0, 0.0], [40.0, 60.0], cause=[None, None])
    np.testing.assert_allclose(KNOWN.log_likelihood(life), np.log(survival(20.0) - survival(40.0)) + np.log(1 - survival(60.0)), rtol=1e-12)


def test_inspected_causes_are_fitted_to_the_maximum_of_a_likelihood_by_another_quadrature():
    durations, failed, cause = motors(n=64)
    low = np.where(failed, 10.0 * np.floor(durations / 10.0), durations)
    high = np.where(failed, low + 10.0, np.inf)
    life = sj.Lifetimes.from_intervals(low, high, cause=cause)
    model = sj.CompetingRisks(LABELS).fit(life)

    def log_likelihood(logs):
        laws = scipy_laws(logs)
        total = sum(law.logsf(low[~failed]).sum() for law in laws.values())
        for row in np.flatnonzero(failed):
            own, other = laws[cause[row]], laws["winding" if cause[row] == "bearing" else "bearing"]
            total += np.log(quad(lambda t, own=own, other=other: own.pdf(t) * other.sf(t), low[row], high[row], epsrel=1e-11)[0])
        return total

    best = np.log(model.parameters_.to_numpy())
    np.testing.assert_allclose(log_likelihood(best), model.log_likelihood_, rtol=1e-10)
    for direction in np.eye(4):
        steps = [log_likelihood(best + reach * 1e-3 * direction) for reach in (-1.0, 1.0)]
        slope = (steps[1] - steps[0]) / 2e-3
        # of some hundred units of curvature a unit of parameter squared, 1e-3 is a distance of 1e-5
        assert abs(slope) < 1e-3
        assert max(steps) < model.log_likelihood_


def test_a_list_of_laws_does_not_look_at_causes_and_says_so():
    durations, failed, cause = motors(n=64)
    laws = [sj.Weibull(), sj.LogLogistic(2.0, 90.0)]
    blind, told = (sj.CompetingRisks(laws).fit(sj.Lifetimes(durations, failed, cause=given)) for given in (None, cause))
    np.testing.assert_array_equal(blind.parameters_, told.parameters_)
    assert any("were not looked at" in note for note in told.notes_)
    assert blind.causes_ is None
    assert "cause" not in told.summary_


def test_labels_say_which_parameters_are_of_which_cause():
    durations, failed, cause = motors(n=64)
    model = sj.CompetingRisks(LABELS).fit(sj.Lifetimes(durations, failed, cause=cause))
    assert model.causes_ == ("bearing", "winding")
    assert list(model.summary_["cause"]) == ["bearing", "bearing", "winding", "winding"]


def test_a_cause_that_no_component_has_is_refused_with_its_row():
    durations, failed, cause = motors(n=64)
    row = int(np.flatnonzero(failed)[2])
    cause[row] = "rotor"
    for call in (sj.CompetingRisks(LABELS).fit, KNOWN.log_likelihood):
        with pytest.raises(BadRow, match=f"cause must be one of 'bearing', 'winding', or missing; row {row} has cause='rotor'") as caught:
            call(sj.Lifetimes(durations, failed, cause=cause))
        assert caught.value.rows == (row,)
    cause[row] = "winding"
    cause[np.flatnonzero(~failed)[0]] = "running"  # of what still runs nobody asks
    assert np.isfinite(KNOWN.log_likelihood(sj.Lifetimes(durations, failed, cause=cause)))


def test_a_cause_that_never_occurs_is_refused_unless_it_is_known_or_may_be_among_the_masked():
    durations, failed, cause = motors(n=64)
    three = {**LABELS, "rotor": sj.Exponential()}
    with pytest.raises(sj.NoFiniteMaximum, match="no unit has failed of cause 'rotor'"):
        sj.CompetingRisks(three).fit(sj.Lifetimes(durations, failed, cause=cause))
    known = sj.CompetingRisks({**LABELS, "rotor": sj.Exponential(1e4)}).fit(sj.Lifetimes(durations, failed, cause=cause))
    plain = sj.CompetingRisks(LABELS).fit(sj.Lifetimes(durations, failed, cause=cause))
    # the known hazard of a cause that never struck is so much less survival, whatever the others do
    np.testing.assert_allclose(known.log_likelihood_, plain.log_likelihood_ - durations.sum() / 1e4, rtol=1e-12)


def test_a_cause_whose_own_data_have_no_maximum_is_named():
    life = sj.Lifetimes([3.0, 4.0, 5.0, 5.0], cause=["a", "a", "b", "b"])
    with pytest.raises(sj.NoFiniteMaximum, match="cause 'b': all failures fall on one age, 5"):
        sj.CompetingRisks({"a": sj.Weibull(), "b": sj.Weibull()}).fit(life)
    assert sj.CompetingRisks({"a": sj.Weibull(), "b": sj.Weibull(shape=2.0)}).fit(life).converged_


@pytest.mark.parametrize(
    ("components", "error", "message"),
    [
        ({}, TypeError, "a mapping from the label of each cause"),
        ("bearing", TypeError, "components must be a list"),
        ({None: sj.Weibull()}, ValueError, "a cause must have a name"),
        ([sj.CompetingRisks(LABELS)], ValueError, "only where the competing risks are the whole model"),
        ({"a": sj.Weibull(), "b": sj.Normal()}, ValueError, "Weibull is the one, Normal the other"),
    ],
)
def test_what_cannot_be_labelled_is_refused(components, error, message):
    with pytest.raises(error, match=message):
        sj.CompetingRisks(components).fit(*motors(n=64)[:2])


def test_a_labelled_model_whose_labels_are_text_or_numbers_is_saved_cloned_and_asked_for_its_arguments(tmp_path):
    from sklearn.base import clone

    durations, failed, cause = motors(n=64)
    model = sj.CompetingRisks({"bearing": sj.Weibull(), 7: sj.LogLogistic()})
    life = sj.Lifetimes(durations, failed, cause=np.where(of(cause, "bearing"), cause, 7))
    model.fit(life).save(tmp_path / "model.json")
    again = sj.load(tmp_path / "model.json")
    assert again.causes_ == ("bearing", 7)
    np.testing.assert_array_equal(again.parameters_, model.parameters_)
    np.testing.assert_allclose(again.log_likelihood(life), model.log_likelihood_, rtol=1e-12)
    assert list(clone(model).get_params()["components"]) == ["bearing", 7]
    np.testing.assert_array_equal(clone(model).fit(life).parameters_, model.parameters_)
    known = sj.Model(model.known())
    np.testing.assert_allclose(known.log_likelihood(life), model.log_likelihood_, rtol=1e-12)


def test_simulated_causes_are_recovered_within_four_standard_errors():
    durations, failed, cause = motors(n=1024, masked=0.2, seed=8)
    model = sj.CompetingRisks(LABELS).fit(sj.Lifetimes(durations, failed, cause=cause))
    assert np.all(np.abs(model.parameters_ - [3.0, 100.0, 2.0, 90.0]) < 4 * model.standard_errors_)
