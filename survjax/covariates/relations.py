r"""Life–stress relations of accelerated tests: how temperature, load and cycling enter a linear predictor.

Each turns a stress into the column on which the logarithm of life is linear. They are functions of columns, and stand by their names in
formulas: ``"~ arrhenius(temperature) + inverse_power(voltage)"``.

Signs: in an accelerated-failure-time model, whose coefficients act on log life, activation energy and a positive power of damage show
as written below; in a proportional-hazards model they come out with the opposite sign, times the shape for a Weibull.

References
----------
Nelson (1990), Accelerated Testing. Meeker & Escobar (1998), Statistical Methods for Reliability Data, chapter 18.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from survjax.data.columns import read_arguments, refuse_rows

__all__ = ["arrhenius", "coffin_manson", "eyring", "inverse_power"]

# 2019 SI: k = 1.380649e-23 J/K and e = 1.602176634e-19 C, both exact.
BOLTZMANN = 8.617333262e-5
ABSOLUTE_ZERO = -273.15


def arrhenius(celsius: Any) -> np.ndarray:
    r"""Arrhenius: log life is linear in :math:`1/(kT)`, with k = 8.617333262e-5 eV/K and T the temperature in kelvin.

    .. math:: t(T) = A \exp\{E_a/(kT)\}

    The coefficient on log life is the activation energy :math:`E_a` in eV. The column is 11604.518 / (celsius + 273.15), in 1/eV.

    Parameters
    ----------
    celsius : (...) temperatures in degrees Celsius.

    Raises
    ------
    ValueError : a temperature is not above absolute zero. TypeError : no numbers.

    Examples
    --------
    >>> arrhenius([25.0, 125.0]).round(3)
    array([38.922, 29.146])
    """
    return 1.0 / (BOLTZMANN * _kelvin(celsius))


def eyring(celsius: Any) -> np.ndarray:
    r"""The second column of the generalised Eyring relation for temperature, the first of which is ``arrhenius``.

    .. math:: t(T) = A\,T^{-m} \exp\{E_a/(kT)\}

    It is :math:`-\log T`, T in kelvin, and its coefficient on log life the power m, which is 1 in Eyring's theory of reaction rates. It
    goes with the other, ``"~ arrhenius(celsius) + eyring(celsius)"``; alone it is a power law in absolute temperature. Over the
    temperatures of most tests the two are nearly proportional, so that m is poorly known and ``arrhenius`` alone fits as well.

    Parameters and errors are those of ``arrhenius``.

    Examples
    --------
    >>> eyring([25.0, 125.0]).round(4)
    array([-5.6976, -5.9868])
    """
    return -np.log(_kelvin(celsius))


def inverse_power(stress: Any) -> np.ndarray:
    r"""The inverse power law: log life is linear in the logarithm of stress (voltage, load, pressure).

    .. math:: t(V) = A\,V^{-n}

    The coefficient on log life is :math:`-n`.

    Parameters
    ----------
    stress : (...) above 0, any unit.

    Raises
    ------
    ValueError : a stress is not above 0. TypeError : no numbers.

    Examples
    --------
    >>> inverse_power([1.0, 10.0]).round(4)
    array([0.    , 2.3026])
    """
    return np.log(_positive(stress, "stress"))


def coffin_manson(temperature_range: Any) -> np.ndarray:
    r"""Coffin–Manson: log of cycles to failure is linear in the logarithm of the range of temperature of a cycle.

    .. math:: N(\Delta T) = A\,(\Delta T)^{-\beta}

    The coefficient on the log of cycles is :math:`-\beta`.

    Parameters
    ----------
    temperature_range : (...) highest less lowest temperature of a cycle, above 0, in degrees.

    Raises
    ------
    ValueError : a range is not above 0. TypeError : no numbers.

    Examples
    --------
    >>> coffin_manson([100.0]).round(4)
    array([4.6052])
    """
    return np.log(_positive(temperature_range, "temperature_range"))


def _kelvin(celsius: Any) -> np.ndarray:
    column = _numbers(celsius, "celsius")
    refuse_rows(
        ~(column > ABSOLUTE_ZERO),
        column,
        "celsius",
        f"above absolute zero, {ABSOLUTE_ZERO}",
        "Are they in another unit than degrees Celsius?",
    )
    return column - ABSOLUTE_ZERO


def _positive(stress: Any, name: str) -> np.ndarray:
    column = _numbers(stress, name)
    refuse_rows(~(column > 0), column, name, "above 0", "A power of a stress needs a stress; a control without any is no level of it.")
    return column


def _numbers(values: Any, name: str) -> np.ndarray:
    (column,), shape = read_arguments(**{name: values})
    refuse_rows(np.isinf(column), column, name, "finite", "Correct or drop such rows.")
    return column.reshape(shape)
