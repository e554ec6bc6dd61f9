"""The door for a user's own law: typed as a user would, fitted from a derived start, placed anywhere, saved, and told what is wrong."""

import gc
import json
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

import survjax as sj
from survjax.distributions import fields
from survjax.models.checked_file import digest
from survjax.numerics import programs
from tests.conftest import shipped
from tests.score_root import optimum_and_errors

N = 64


class Lomax(sj.Distribution):
    shape: sj.Positive
    scale: sj.Duration

    def log_survival(self, time):
        return -self.shape * jnp.log1p(time / self.scale)


class BurrXII(sj.Distribution):
    c: sj.Positive
    k: sj.Positive
    scale: sj.Duration

    def log_survival(self, time):
        return -self.k * jnp.log1p((time / self.scale) ** self.c)


class WeibullToAPower(sj.Distribution):
    """The exponentiated Weibull as one would copy it from a book."""

    power: sj.Positive
    shape: sj.Positive
    scale: sj.Duration

    def log_survival(self, time):
        return jnp.log1p(-((1 - jnp.exp(-((time / self.scale) ** self.shape))) ** self.power))


class ParetoTail(sj.Distribution):
    """The generalised Pareto law, whose formula is 0 / 0 at the middle of what its shape may be."""

    shape: sj.Real
    scale: sj.Duration

    def log_survival(self, time):
        return -jnp.log1p(self.shape * time / self.scale) / self.shape


class LogLaplace(sj.Distribution):
    scale: sj.Duration
    width: sj.Positive

    def log_survival(self, time):
        z = (jnp.log(time) - jnp.log(self.scale)) / self.width
        return jnp.where(z < 0, jnp.log1p(-0.5 * jnp.exp(jnp.minimum(z, 0))), jnp.log(0.5) - z)


class OnTheLine(sj.Distribution):
    start_of_support = -math.inf

    place: sj.Location
    width: sj.Duration

    def log_survival(self, time):
        return -jnp.logaddexp(0.0, (time - self.place) / self.width)


class Steady(sj.Distribution):
    """The exponential law by another name, the quickest to compile."""

    rate: sj.Rate

    def log_survival(self, time):
        return -self.rate * time


# ---- fitted from a start that is derived

SCIPY = {
    Lomax: (scipy.stats.lomax, (2.0,)),
    BurrXII: (scipy.stats.burr12, (2.5, 0.8)),
    WeibullToAPower: (scipy.stats.exponweib, (2.0, 1.5)),
    ParetoTail: (scipy.stats.genpareto, (0.4,)),
}

# of ages in units of the scale, which a complex step may follow
LOG_DENSITY = {
    Lomax: lambda z, k: np.log(k) - (k + 1) * np.log1p(z),
    BurrXII: lambda z, c, k: np.log(c * k) + (c - 1) * np.log(z) - (k + 1) * np.log1p(z**c),
    WeibullToAPower: lambda z, a, c: np.log(a * c) + (c - 1) * np.log(z) - z**c + (a - 1) * np.log(-np.expm1(-(z**c))),
    ParetoTail: lambda z, k: -(1 + 1 / k) * np.log1p(k * z),
}


@pytest.mark.parametrize("law", SCIPY, ids=lambda law: law.__name__)
def test_a_law_typed_in_a_notebook_reaches_the_optimum_of_scipy(law):
    family, shapes = SCIPY[law]
    ages = family(*shapes, scale=700.0).rvs(N, random_state=np.random.default_rng(8))
    model = sj.Model(law()).fit(ages)
    found = model.parameters_.to_numpy()
    np.testing.assert_allclose(model.log_likelihood_, family(*found[:-1], scale=found[-1]).logpdf(ages).sum(), rtol=1e-11)
    reference = family.fit(ages, *shapes, floc=0.0, scale=700.0)
    height = family(*reference).logpdf(ages).sum()
    assert model.log_likelihood_ >= height - 1e-9
    # scipy's simplex stops at 1e-4 of its parameters, where the likelihood has fallen by its square: from there to the root of the score
    near = np.array([*reference[:-2], reference[-1]])
    optimum, errors = optimum_and_errors(lambda point: LOG_DENSITY[law](ages / point[-1], *point[:-1]) - np.log(point[-1]), near)
    np.testing.assert_allclose(found, optimum, rtol=1e-6)
    np.testing.assert_allclose(model.standard_errors_, errors, rtol=1e-5)


def test_a_law_on_the_whole_real_line_starts_at_its_ages():
    model = sj.Model(OnTheLine()).fit(np.random.default_rng(3).logistic(1e5, 10.0, N))
    twin = sj.Logistic().fit(np.random.default_rng(3).logistic(1e5, 10.0, N))
    np.testing.assert_allclose(model.parameters_, twin.parameters_, rtol=1e-7)


@pytest.mark.parametrize("law", [Lomax, BurrXII, WeibullToAPower, ParetoTail, LogLaplace], ids=lambda law: law.__name__)
@pytest.mark.parametrize(("centre", "spread"), [(8.5, 0.7), (0.0, 1.0), (-3.0, 2.0)])
def test_a_derived_start_looks_about_like_the_data(law, centre, spread):
    with jax.enable_x64(True):
        start = law().start(centre, spread)
        started = law(**start)
        ages = np.exp(centre + spread * np.array([-1.0, 0.0, 1.0]))
        survival = np.asarray(started.survival(ages))
    # a Weibull of the same centre and spread has these; a Lomax cannot fall as late, and misses the last by 0.28
    assert np.all(np.abs(survival - [0.86, 0.57, 0.13]) < 0.3)


def test_a_known_parameter_is_held_where_a_start_is_looked_for():
    with jax.enable_x64(True):
        assert Lomax(shape=3.0).start(2.0, 1.0)["shape"] == 3.0


# ---- anywhere

LIFE = sj.Lifetimes(np.random.default_rng(5).exponential(50.0, N), np.random.default_rng(6).random(N) < 0.8)
X = {"x": np.random.default_rng(7).normal(size=N)}
PLACES = {
    "DefectiveSubpopulation": lambda law: sj.DefectiveSubpopulation(law).fit(LIFE),
    "ZeroInflated": lambda law: sj.ZeroInflated(law).fit(np.append(LIFE.durations, 0.0), np.append(LIFE.event_observed, True)),
    "Threshold": lambda law: sj.Threshold(law, threshold=0.01).fit(LIFE),
    "CompetingRisks": lambda law: sj.CompetingRisks([law, sj.Weibull(shape=3.0)]).fit(LIFE),
    "ProportionalHazards": lambda law: sj.ProportionalHazards(law).fit(X, LIFE),
    "AcceleratedFailureTime": lambda law: sj.AcceleratedFailureTime(law).fit(X, LIFE),
    "ParameterRegression": lambda law: sj.ParameterRegression(law, {"rate": "x"}).fit(X, LIFE),
    "HazardScaling": lambda law: sj.HazardScaling(law).fit(X, LIFE),
}


@pytest.mark.parametrize("place", PLACES)
def test_it_stands_wherever_a_distribution_may_and_is_saved_from_there(place, tmp_path):
    own = PLACES[place](Steady())
    own.save(tmp_path / "model.json")
    loaded = sj.load(tmp_path / "model.json", distributions=[Steady])
    assert loaded.parameters_.equals(own.parameters_)
    if place == "ParameterRegression":
        return
    twin = PLACES[place](sj.Exponential())
    np.testing.assert_allclose(own.log_likelihood_, twin.log_likelihood_, rtol=1e-9)


def test_it_is_a_candidate_by_its_own_name():
    comparison = sj.compare([Steady(), sj.Weibull()], LIFE, progress=False)
    assert set(comparison.models) == {"Steady", "Weibull"}
    named = sj.compare({"mine": Steady(), "theirs": sj.Exponential()}, LIFE, progress=False)
    assert named.table.loc["mine", "aic"] == pytest.approx(named.table.loc["theirs", "aic"], rel=1e-12)


def test_a_grid_search_chooses_between_it_and_others():
    model_selection = pytest.importorskip("sklearn.model_selection")
    grid = {"distribution": [Steady(), Steady(rate=5.0)]}
    chosen = model_selection.GridSearchCV(sj.Model(Steady()), grid, cv=2, error_score="raise").fit(LIFE)
    assert chosen.best_params_["distribution"].rate is None


def test_it_plots_and_predicts_like_others():
    own, twin = sj.Model(Steady()).fit(LIFE), sj.Exponential().fit(LIFE)
    np.testing.assert_allclose(own.predict_rul([0.0, 70.0]), twin.predict_rul([0.0, 70.0]), rtol=1e-9)
    np.testing.assert_allclose(own.interval("survival", [10.0, 90.0]), twin.interval("survival", [10.0, 90.0]), rtol=1e-7)
    assert own.plot_survival().get_title(loc="left") == "Survival"
    assert repr(own).startswith("Model(distribution=Steady()) fitted to 64 units")


# ---- kept


def saved(tmp_path, model=None):
    path = tmp_path / "model.json"
    (sj.Model(Lomax(shape=2.0, scale=100.0)) if model is None else model).save(path)
    return path


def test_a_file_is_read_back_with_the_class_and_not_without(tmp_path):
    path = saved(tmp_path)
    loaded = sj.load(path, distributions=[Lomax, BurrXII])
    assert type(loaded.distribution) is Lomax
    assert loaded.median() == pytest.approx(100 * (math.sqrt(2) - 1), rel=1e-12)
    with pytest.raises(sj.ModelFileError, match=r"has no 'Lomax'.*does not hold its code.*sj.load\(path, distributions=\[Lomax\]\)"):
        sj.load(path)


def test_another_law_of_the_same_name_is_refused(tmp_path):
    path = saved(tmp_path)
    body = {
        "__annotations__": {"shape": sj.Positive, "scale": sj.Duration},
        "log_survival": lambda self, time: -self.shape * time / self.scale,
    }
    other = type("Lomax", (sj.Distribution,), body)
    with pytest.raises(sj.ModelFileError, match="not the distribution that was saved"):
        sj.load(path, distributions=[other])


def test_a_file_cannot_name_what_was_not_given(tmp_path):
    path = saved(tmp_path)
    content = json.loads(path.read_text())
    for name in ("os.system", "subprocess", "__main__.Lomax", "tests.test_own_law_door.Lomax"):
        content["arguments"]["distribution"]["distribution"] = name
        content.pop("sha256", None)
        path.write_text(json.dumps({**content, "sha256": digest(content)}))
        with pytest.raises(sj.ModelFileError, match="has no"):
            sj.load(path, distributions=[BurrXII])


def test_what_is_given_to_load_is_checked(tmp_path):
    path = saved(tmp_path)
    with pytest.raises(TypeError, match=r"Pass the class itself, without \(\)"):
        sj.load(path, distributions=[Lomax()])
    with pytest.raises(TypeError, match=r"classes made from sj.Distribution"):
        sj.load(path, distributions=[int])
    with pytest.raises(TypeError, match=r"a list of classes made from sj.Distribution.*\[Lomax\]"):
        sj.load(path, distributions=Lomax)
    with pytest.raises(ValueError, match="survjax has a Weibull of its own"):
        sj.load(path, distributions=[type("Weibull", (Lomax,), {})])


def test_two_laws_of_one_name_cannot_be_kept_in_one_file(tmp_path):
    twin = type("Lomax", (Lomax,), {"__module__": "elsewhere"})
    pair = sj.Mixture([Lomax(2.0, 9.0), twin(2.0, 30.0)], weight=[0.5, 0.5])
    with pytest.raises(TypeError, match="two different distributions are called Lomax"):
        saved(tmp_path, pair)


# ---- what is wrong with it


def survival_itself(self, time):
    return jnp.exp(-((time / self.scale) ** self.shape))


def the_other_tail(self, time):
    return jnp.log(-jnp.expm1(-((time / self.scale) ** self.shape)))


def python_branch(self, time):
    if time < 0:
        return 0.0
    return -((time / self.scale) ** self.shape)


def of_numpy(self, time):
    return -np.exp(self.shape * np.log(time / self.scale))


def two_numbers(self, time):
    return -((time / self.scale) ** self.shape) * jnp.ones(2)


def not_alive_at_birth(self, time):
    return -((time / self.scale) ** self.shape) - 1.0


def no_number(self, time):
    return jnp.log(-time * self.scale * self.shape)


@pytest.mark.parametrize(
    ("rule", "error", "said"),
    [
        (survival_itself, ValueError, "it is 1 with.*the survival itself"),
        (the_other_tail, ValueError, r"must fall with age.*logarithm of P\(T <= age\)"),
        (python_branch, TypeError, "Mine.log_survival decides in Python.*`if time < 0:`.*jnp.where"),
        (of_numpy, TypeError, "hands a traced value to a function of NumPy"),
        (two_numbers, TypeError, r"must return one number for one age; it returned \(2,\)"),
        (not_alive_at_birth, ValueError, "must be 0 at age 0.*it is -1"),
        (no_number, ValueError, "is nan at age"),
    ],
)
def test_a_rule_that_is_no_log_survival_is_told_why(rule, error, said):
    body = {"__annotations__": {"shape": sj.Positive, "scale": sj.Duration}, "log_survival": rule, "__module__": __name__}
    mine = type("Mine", (sj.Distribution,), body)
    for _ in range(2):  # what was refused once is refused again
        with pytest.raises(error, match=said):
            sj.Model(mine()).fit(LIFE)


def rises_again(self, time):
    return -(time / self.scale) * jnp.exp(-time / self.scale)


def rises_far_out(self, time):
    return -jnp.log1p((time / self.scale) ** 2) * jnp.exp(-((time / (300.0 * self.scale)) ** 2))


def rises_before(self, time):
    return jnp.where(time < 0.01 * self.scale, -time / self.scale * (2.0 - 150.0 * time / self.scale), -time / self.scale)


@pytest.mark.parametrize("rule", [rises_again, rises_far_out, rises_before])
def test_a_survival_that_rises_again_is_told_by_its_two_ages(rule):
    body = {"__annotations__": {"scale": sj.Duration}, "log_survival": rule, "__module__": __name__}
    with pytest.raises(
        ValueError, match=r"must fall with age.*it is -[\d.e-]+ at age [\d.e+-]+ and -[\d.e-]+ at age [\d.e+-]+, with scale"
    ):
        sj.Model(type("Mine", (sj.Distribution,), body)()).fit(LIFE)


def test_a_scale_that_is_not_said_to_have_a_unit_is_told():
    class Bathtub(sj.Distribution):
        shape: sj.Positive
        scale: sj.Positive
        rate: sj.Rate

        def log_survival(self, time):
            return -((time / self.scale) ** self.shape) - self.rate * time

    with pytest.raises(ValueError, match=r"not the same law in another unit.*shape stays, scale stays, rate is halved.*sj.Duration"):
        sj.Model(Bathtub()).fit(LIFE)


def test_an_annotation_that_is_no_domain_is_told_what_is():
    with pytest.raises(TypeError, match=r"shape: float declares a setting.*shape: sj.Positive"):
        type("Mine", (sj.Distribution,), {"__annotations__": {"shape": float}, "__module__": __name__})
    with pytest.raises(TypeError, match="declared by its domain alone"):
        type("Mine", (sj.Distribution,), {"__annotations__": {"shape": sj.Positive(start=2.0)}, "__module__": __name__})


def test_a_class_inside_of_a_function_finds_the_names_of_its_annotations():
    kind = sj.Positive

    class Inside(sj.Distribution):
        shape: "kind"

        def log_survival(self, time):
            return -self.shape * time

    assert list(Inside().parameters()) == ["shape"]
    assert kind is sj.Positive


class WithMoreThanDataTell(sj.Distribution):
    scale: sj.Duration
    k: sj.Positive

    uses_k = False

    def log_survival(self, time):
        return -time * (self.k if self.uses_k else 1.0) / self.scale


class OfTwoTogether(WithMoreThanDataTell):
    uses_k = True


def test_a_parameter_that_the_data_do_not_tell_is_named():
    with pytest.raises(ValueError, match="log_survival does not depend on k, which no data could then tell"):
        sj.Model(WithMoreThanDataTell()).fit(np.arange(1.0, N + 1.0))
    with pytest.raises(sj.NotConverged, match="do not tell scale and k apart"):
        sj.Model(OfTwoTogether()).fit(np.arange(1.0, N + 1.0))


def test_a_kink_is_told_from_a_flat_likelihood():
    with pytest.raises(sj.NotConverged, match=r"a kink in scale.*an absolute value"):
        sj.Model(LogLaplace()).fit(LIFE)


def test_a_formula_that_gives_out_where_the_fit_begins_names_the_row():
    class BadlyStarted(WeibullToAPower):
        def start(self, centre, spread):
            return {"power": 1.0, "shape": 9.0, "scale": math.exp(centre)}

    with pytest.raises(sj.NotConverged, match=r"log_density is nan at age .* \(row \d+\) where the fit begins, with .*log1p"):
        sj.Model(BadlyStarted()).fit(LIFE)


def test_parameters_that_run_away_are_named():
    with pytest.raises(sj.NotConverged, match="still rising as c runs to infinity and k runs to 0"):
        sj.Model(BurrXII()).fit(shipped("motor_insulation"))


# ---- run again


def test_of_classes_made_anew_not_all_programs_are_kept(monkeypatch):
    compiled = programs.program(lambda law: law.log_survival(1.0))
    programs._PROGRAMS.remove(compiled)
    monkeypatch.setattr(programs, "_PROGRAMS", [compiled])
    monkeypatch.setattr(fields, "MOST_STALE", 3)
    monkeypatch.setattr(fields, "_n_redefined", 0)
    sizes = []
    for _ in range(8):

        class Again(sj.Distribution):
            rate: sj.Rate

            def log_survival(self, time):
                return -self.rate * time

        compiled(Again(2.0))
        sizes.append(compiled._cache_size())
    gc.collect()
    assert max(sizes) <= 3
    assert sizes[0] == 1


EXPONENT = 1.0


def to_the_power(ratio):
    return ratio**EXPONENT


class OfAGlobal(sj.Distribution):
    scale: sj.Duration

    def log_survival(self, time):
        return -to_the_power(time / self.scale)


def test_another_value_of_a_global_variable_is_another_law(monkeypatch):
    # the second fit gave the answer of the first
    life = np.random.default_rng(1).weibull(2.0, N)
    for exponent in (1.0, 2.0, 1.0):
        monkeypatch.setitem(globals(), "EXPONENT", exponent)
        for model in (sj.Model(OfAGlobal()), sj.CompetingRisks([OfAGlobal(), sj.Weibull(shape=1.0, scale=1e12)])):
            fitted = model.fit(life)
            scale = np.mean(life**exponent) ** (1 / exponent)
            # Newton stops at a step of 1e-7, and the rival takes some 1e-12 of the hazard
            np.testing.assert_allclose(fitted.parameters_.filter(like="scale").iloc[0], scale, rtol=1e-9)
            np.testing.assert_allclose(fitted.survival(1.0), math.exp(-((1.0 / scale) ** exponent)), rtol=1e-9)


def test_a_parameter_that_the_survival_does_not_use_is_named():
    class Idle(sj.Distribution):
        scale: sj.Duration
        shape: sj.Positive

        def log_survival(self, time):
            return -time / self.scale

    with pytest.raises(ValueError, match=r"Idle\.log_survival does not depend on shape.*self\.shape"):  # was flat in some direction
        sj.Model(Idle()).fit(LIFE)


@pytest.mark.parametrize("name", ["fit", "predict_rul", "plot_survival", "summary_"])
@pytest.mark.parametrize("law", [Steady, sj.distributions.Weibull])
def test_a_distribution_asked_for_what_its_learner_does_says_how(law, name):
    with pytest.raises(AttributeError, match=rf"a distribution has no {name}.*sj\.Model\({law.__name__}\(\.\.\.\)\)\.{name}"):
        getattr(law(), name)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = law().nothing


def test_a_constructor_that_sets_fields_is_told_that_it_need_not():
    class Made(sj.Distribution):
        rate: sj.Rate

        def __init__(self, rate=None):
            self.rate = rate

        def log_survival(self, time):
            return -self.rate * time

    with pytest.raises(TypeError, match=r"Made\.__init__ sets a field.*Without __init__ Made\(\.\.\.\)"):  # was FrozenInstanceError
        Made()


def test_load_names_the_parameters_of_another_class_of_the_same_name(tmp_path):
    path = saved(tmp_path)
    body = {"__annotations__": {"rate": sj.Rate}, "log_survival": lambda self, time: -self.rate * time}
    other = type("Lomax", (sj.Distribution,), body)
    with pytest.raises(sj.ModelFileError, match=r"the Lomax that was given has the parameters rate, and that in the file shape, scale"):
        sj.load(path, distributions=[other])
