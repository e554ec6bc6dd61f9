import sys

import numpy as np
import pytest

import survjax as sj
from tests.conftest import shipped


def test_lifelines_and_survjax_stand_side_by_side():
    table = sj.compare_with_lifelines(shipped("waltons"))
    assert list(table["model"] + " " + table["library"]) == [
        "Weibull survjax",
        "Weibull lifelines",
        "WeibullMixture survjax",
        "WeibullMixture lifelines",
    ]
    ours, theirs = table.iloc[0], table.iloc[1]
    np.testing.assert_allclose(ours["log_likelihood"], theirs["log_likelihood"], rtol=1e-8)
    np.testing.assert_allclose([ours["shape_0"], ours["scale_0"]], [theirs["shape_0"], theirs["scale_0"]], rtol=1e-4)  # its stop rule
    assert table.iloc[3]["remark"] or table.iloc[3]["log_likelihood"] <= table.iloc[2]["log_likelihood"] + 1e-6
    assert (table["seconds"][:3] > 0).all()


def test_without_lifelines_the_call_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "lifelines", None)
    with pytest.raises(ImportError, match=r"pip install 'survjax\[lifelines\]'"):
        sj.compare_with_lifelines(shipped("waltons"))
