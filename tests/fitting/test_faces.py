"""The faces of a mixture: the smaller models it contains, each evaluated by its program and never beaten by it."""

import numpy as np
import pytest

import survjax as sj
from survjax.distributions import Exponential, Mixture, Weibull
from survjax.fitting.estimation import pose
from survjax.fitting.faces import Face, faces, on_face
from survjax.numerics.newton import Evaluation
from tests.conftest import shipped


def simulated(seed, n=40):
    random = np.random.default_rng(seed)
    lives, ends = 100 * random.weibull(random.uniform(0.5, 4), n), random.uniform(10, 200, n)
    return sj.Lifetimes(np.minimum(lives, ends), lives <= ends)


def test_faces_that_are_alike_are_named_once():
    assert list(faces(Mixture((Weibull(), Weibull(), Weibull())))) == [(0,), (0, 1)]
    assert list(faces(Mixture((Weibull(), Exponential(), Weibull())))) == [(0,), (1,), (0, 1), (0, 2)]
    assert list(faces(Mixture((Weibull(), Weibull()), (0.3, 0.7)))) == []
    assert list(faces(Mixture((Weibull(), Weibull(), Weibull()), (0.3, None, None)))) == [(0, 1)]


@pytest.mark.parametrize("kept", [(0, 1), (0, 2), (1, 2)])
def test_a_face_is_evaluated_as_the_smaller_model_is(double, kept):
    template = Mixture((Weibull(), Exponential(), Weibull(shape=2.0)))
    whole = pose(template, simulated(3), 4)
    face, own = Face.of(whole, kept, np.full(6, 0.3)), pose(on_face(template, kept), simulated(3), 4)
    points = np.random.default_rng(0).normal(size=(4, own.template.n_coordinates()))
    seen: Evaluation = face.evaluate(points, np.ones(4, bool))
    expected: Evaluation = own.evaluate(points, np.ones(4, bool))
    for name in ("value", "gradient", "hessian"):
        np.testing.assert_allclose(getattr(seen, name), getattr(expected, name), rtol=1e-11, atol=1e-11)  # log-odds of 800 keep 1e-13
    for name in ("values", "jacobian", "quartiles", "failures", "failure_ages"):
        np.testing.assert_allclose(getattr(seen.extras, name), getattr(expected.extras, name), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("seed", range(6))
def test_no_mixture_ends_below_a_model_it_contains(seed):
    life = simulated(seed)
    weibull, exponential, known_shape = sj.Weibull().fit(life), sj.Exponential().fit(life), sj.Weibull(shape=2.0).fit(life)
    known = sj.Weibull(2.0, 80.0)
    two, three = sj.WeibullMixture().fit(life), sj.WeibullMixture(3).fit(life)
    for mixture, contained in (
        (two, [weibull]),
        (three, [weibull, two]),
        (sj.Mixture([sj.Weibull(), sj.Exponential()]).fit(life), [weibull, exponential]),
        (sj.WeibullMixture(shape=[2.0, None]).fit(life), [weibull, known_shape]),
    ):
        for model in contained:
            assert mixture.log_likelihood_ >= model.log_likelihood_ - 1e-6
    beside_known = sj.Mixture([known, sj.Exponential()]).fit(life)
    assert beside_known.log_likelihood_ >= max(exponential.log_likelihood_, known.log_likelihood(life)) - 1e-6


def test_a_component_without_weight_is_said_to_be_unidentified_wherever_it_stands():
    life = simulated(0)
    model = sj.Mixture([sj.Weibull(2.0, 1e-3), sj.Weibull()]).fit(life)
    single = sj.Weibull().fit(life)
    assert model.parameters_["weight_0"] == 0.0
    assert model.parameters_["weight_1"] == 1.0
    np.testing.assert_allclose(model.parameters_[["shape_1", "scale_1"]], single.parameters_, rtol=1e-8)
    np.testing.assert_allclose(model.standard_errors_[["shape_1", "scale_1"]], single.standard_errors_, rtol=1e-6)
    np.testing.assert_allclose(model.predict_rul(30.0), single.predict_rul(30.0), rtol=1e-8)
    assert any("component 1 has all the weight" in note for note in model.notes_)


def test_two_components_of_three_are_a_usable_boundary(tmp_path):
    life = shipped("waltons")
    three, two = sj.Mixture([sj.Weibull(2.0, 1e-3), sj.Weibull(), sj.Weibull()]).fit(life), sj.WeibullMixture().fit(life)
    assert three.log_likelihood_ == pytest.approx(two.log_likelihood_, rel=1e-12)
    own = [f"{name}_{index}" for index in (1, 2) for name in ("weight", "shape", "scale")]
    np.testing.assert_allclose(three.parameters_[own], two.parameters_, rtol=1e-7)
    np.testing.assert_allclose(three.standard_errors_[own], two.standard_errors_, rtol=1e-5)
    np.testing.assert_allclose(three.interval("survival", [20.0, 60.0]), two.interval("survival", [20.0, 60.0]), rtol=1e-6)
    three.save(tmp_path / "model.json")
    np.testing.assert_allclose(sj.load(tmp_path / "model.json").survival(50.0), three.survival(50.0), rtol=1e-12)
    assert any("components 1 and 2 have all the weight" in note for note in three.notes_)


def test_a_face_with_a_known_component_is_saved_and_read_again(tmp_path):
    life = shipped("waltons")
    known = sj.Weibull(8.6, 62.0)
    model = sj.Mixture([known, sj.Weibull(), sj.Weibull(2.0, 1e-3)]).fit(life)
    assert model.parameters_["weight_2"] == 0.0
    two = sj.Mixture([known, sj.Weibull()]).fit(life)
    np.testing.assert_allclose(model.standard_errors_[two.parameters_.index], two.standard_errors_, rtol=1e-6)
    model.save(tmp_path / "model.json")
    np.testing.assert_allclose(sj.load(tmp_path / "model.json").covariance_, model.covariance_, rtol=1e-12)
