"""Examples in docstrings run, and give what they say."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

import survjax as sj

MODULES = ["survjax", *(module.name for module in pkgutil.walk_packages(sj.__path__, "survjax.") if not module.name.endswith("__main__"))]
FINDER = doctest.DocTestFinder(exclude_empty=True)


def examples():
    found = [test for name in MODULES for test in FINDER.find(importlib.import_module(name))]
    # learners say that they are at home in survjax, where a search by module does not meet them
    for name in sj.__all__:
        if inspect.isclass(getattr(sj, name)) and getattr(sj, name).__module__ == "survjax":
            found += FINDER.find(getattr(sj, name), f"survjax.{name}", module=False, globs={})
    return {test.name: test for test in found if test.examples}


EXAMPLES = examples()


def test_the_examples_are_found():
    assert {"survjax", "survjax.data.lifetime_rows.LifetimeRows.to_frame", "survjax.WeibullMixture"} <= set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_gives_what_it_says(name):
    said = []
    doctest.DocTestRunner(verbose=False).run(EXAMPLES[name], out=said.append, clear_globs=False)
    assert not said, "".join(said)
