"""Fits of laws that R's survival package lacks against Newton's method in 20 digits (tests/reference/make_fits.py)."""

import json
from pathlib import Path

import numpy as np
import pytest

import survjax as sj
from tests.conftest import inspected, shipped

SAMPLES = {"exact": shipped, "inspected": inspected}
FITS = json.loads((Path(__file__).parent / "reference" / "fits.json").read_text())["fits"]


@pytest.mark.parametrize("name", FITS)
def test_a_fit_agrees_with_one_in_twenty_digits(name):
    sample, law = name.split(":")
    reference = FITS[name]
    assert reference["gradient"] < 1e-12
    settings = {"breaks": reference["breaks"]} if "breaks" in reference else {}
    model = getattr(sj, law)(**settings).fit(SAMPLES[sample]("waltons"))
    np.testing.assert_allclose(model.log_likelihood_, reference["log_likelihood"], rtol=1e-8)
    # the last step of at most 1e-7 leaves its square in the parameters, itself in the Hessian
    np.testing.assert_allclose(model.parameters_, list(reference["parameters"].values()), rtol=1e-6)
    np.testing.assert_allclose(model.standard_errors_, list(reference["standard_errors"].values()), rtol=1e-5)
