"""The house stays a house: imports point down, names are what they are said to be, the stub is fresh."""

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

import survjax as sj
from tests.write_stub import STUB, stub

HOUSE = Path(sj.__file__).parent
# From the ground up. A module may import from its own floor's line and from those above it in this list. A room stands for all
# that is in it, unless a module of it is named.
FLOORS = (
    ("errors", "names_elsewhere", "compilation", "parameters", "datasets", "numerics", "optimise", "training"),
    ("data", "distributions"),
    ("covariates",),
    ("fitting.causes", "fitting.likelihood", "fitting.existence", "fitting.prior", "fitting.limits", "fitting.inference"),
    ("fitting.inner_fit", "adequacy.repeated_study", "adequacy.distances"),
    ("fitting.starts", "fitting.search", "nonparametric"),
    ("fitting.estimation",),
    ("adequacy.residuals",),
    ("adequacy.goodness",),
    ("fitting",),
    ("regression", "frailty"),
    ("models", "model_labels"),
    ("metrics",),
    (
        "adequacy",
        "plotting",
        "yardstick",
        "comparison",
        "cross_validation",
        "fleet_report",
        "turbofan_forecast",
        "weibayes",
        "cox",
        "engine",
        "neural",
        "discrete",
    ),
    ("cli",),
    ("__main__",),
)
# Called by a method, never at import: the doors of learners, estimates and lifetimes to what is built on them.
DOORS = {("models", "plotting"), ("data", "plotting"), ("nonparametric", "plotting")}


def floor(module: tuple[str, ...]) -> int:
    """The floor of a module, or of its room if it is not named itself."""
    levels = {name: level for level, names in enumerate(FLOORS) for name in names}
    return levels.get(".".join(module[:2]), levels.get(module[0], -1))


def imports_of(path: Path) -> set[tuple[str, ...]]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("survjax."):
            found.add(tuple(node.module.split(".")[1:]))
    return found


@pytest.mark.parametrize("path", sorted(HOUSE.rglob("*.py")), ids=lambda path: str(path.relative_to(HOUSE)))
def test_imports_point_down_a_floor(path):
    own = path.relative_to(HOUSE).with_suffix("").parts
    if own == ("__init__",):
        return
    assert floor(own) >= 0, f"{own} has no floor"
    for other in imports_of(path):
        assert floor(other) <= floor(own) or (own[0], other[0]) in DOORS, f"{own} imports {other}, which is above it"


def test_every_public_name_is_there_after_every_submodule_was_imported():
    for module in pkgutil.walk_packages(sj.__path__, "survjax."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in sj.__all__:
        value = getattr(sj, name)
        assert inspect.ismodule(value) == (name in sj._MODULES), name


def test_the_stub_is_fresh():
    assert STUB.read_text() == stub(), "run `make stubs`"


def test_public_functions_and_methods_say_what_they_do():
    silent = []
    for name in sj.__all__:
        value = getattr(sj, name)
        if not callable(value):
            continue
        members = [(name, value)]
        if inspect.isclass(value) and issubclass(value, sj.Model):
            members += [(f"{name}.{n}", m) for n, m in inspect.getmembers(value) if not n.startswith("_") and callable(m)]
        silent += [label for label, member in members if not inspect.getdoc(member)]
    assert not silent


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Weibul'"):
        _ = sj.Weibul
