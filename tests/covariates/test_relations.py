"""Life-stress relations against the constants of the 2019 SI and their own closed forms."""

import numpy as np
import pytest

from survjax.covariates import relations

# k/e of the 2019 SI, both exact by definition
BOLTZMANN_IN_EV = 1.380649e-23 / 1.602176634e-19


def test_boltzmann_s_constant_is_that_of_the_si():
    assert pytest.approx(BOLTZMANN_IN_EV, rel=1e-10) == relations.BOLTZMANN  # given with ten digits


def test_the_arrhenius_acceleration_between_two_temperatures():
    # 0.7 eV between 55 and 125 degrees Celsius, reckoned in joule
    use, test = relations.arrhenius([55.0, 125.0])
    expected = np.exp(0.7 / BOLTZMANN_IN_EV * (1 / 328.15 - 1 / 398.15))
    assert np.exp(0.7 * (use - test)) == pytest.approx(expected, rel=1e-9)
    assert use == pytest.approx(11604.518 / 328.15, rel=1e-7)


def test_eyring_s_power_of_temperature_is_the_ratio_of_kelvins():
    low, high = relations.eyring([0.0, 100.0])
    assert np.exp(low - high) == pytest.approx(373.15 / 273.15, rel=1e-14)


@pytest.mark.parametrize("relation", [relations.inverse_power, relations.coffin_manson])
def test_power_laws_are_linear_in_the_logarithm(relation):
    np.testing.assert_allclose(relation([1.0, np.e, 1e-300, 1e300]), [0.0, 1.0, -300 * np.log(10), 300 * np.log(10)], rtol=1e-15)


@pytest.mark.parametrize(
    ("relation", "stress", "said"),
    [
        (relations.arrhenius, [20.0, -273.15], "celsius must be above absolute zero, -273.15; row 1 has celsius=-273.15"),
        (relations.eyring, [-300.0], "row 0 has celsius=-300"),
        (relations.inverse_power, [1.0, 0.0], "stress must be above 0; row 1 has stress=0"),
        (relations.coffin_manson, [1.0, 2.0, -4.0], "temperature_range must be above 0; row 2 has temperature_range=-4"),
        (relations.arrhenius, [np.inf], "celsius must be finite; row 0"),
        (relations.inverse_power, [np.nan], "stress must be numbers; position .0,. is nan"),
    ],
)
def test_stresses_that_cannot_be_are_named(relation, stress, said):
    with pytest.raises(ValueError, match=said):
        relation(stress)
