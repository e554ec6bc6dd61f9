"""Fits that several files ask questions of."""

import pytest

import survjax as sj
from tests.conftest import shipped


@pytest.fixture(scope="session")
def bearings():
    return sj.Weibull().fit(shipped("ball_bearings"))


@pytest.fixture(scope="session")
def waltons():
    return sj.WeibullMixture().fit(shipped("waltons"))
