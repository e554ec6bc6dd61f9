"""What a function reads from outside of its arguments: the same key for the same values, another for others."""

import types

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from survjax.numerics.outside import values_outside

SETTING = 1.0


def reads():
    return SETTING


def calls():
    return reads() + 1.0


jitted = jax.jit(calls)


def calls_jitted():
    return [jitted() for _ in range(2)]


class Held:
    def __init__(self, value):
        self.value = value

    def __call__(self):
        return self.value


HELD = Held(1.0)


def of_an_object():
    return HELD.value


class Law:
    RATE = 2.0

    def rule(self):
        return self.RATE * SETTING


@pytest.mark.parametrize(
    "value",
    [
        2,
        True,
        2.5,
        "two",
        np.arange(3.0),
        np.arange(3),
        jnp.arange(3.0),
        [1.0, 2.0],
        list(range(5_000)),
        {"a": {"b": np.zeros(2)}},
        types.SimpleNamespace(a=2.0),
        np.float32(2.0),
        float("nan"),
        pd.DataFrame({"x": [1.0, 2.0], "y": ["a", "b"]}),
        jax.random.key(3),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_of_any_kind_is_told_from_another_and_known_again(monkeypatch, value):
    before = values_outside(calls)
    monkeypatch.setitem(globals(), "SETTING", value)
    assert values_outside(calls) != before
    assert values_outside(calls) == values_outside(calls)
    assert hash(values_outside(calls)) == hash(values_outside(calls))


def test_a_number_of_another_type_is_another_value(monkeypatch):
    before = values_outside(reads)
    monkeypatch.setitem(globals(), "SETTING", 1)
    assert values_outside(reads) != before


@pytest.mark.parametrize(
    "function",
    [reads, calls, jitted, calls_jitted, lambda: 2 * reads(), Held(reads), Law, Law().rule],
    ids=["reads", "calls", "jitted", "calls jitted", "lambda", "object", "class", "method"],
)
def test_values_are_found_through_functions_objects_and_classes(monkeypatch, function):
    before = values_outside(function)
    assert values_outside(function) == before
    monkeypatch.setitem(globals(), "SETTING", 3.0)
    assert values_outside(function) != before


def test_an_entry_changed_in_place_is_another_value(monkeypatch):
    monkeypatch.setitem(globals(), "SETTING", np.zeros(3))
    before = values_outside(reads)
    SETTING[1] = 1.0
    assert values_outside(reads) != before


def test_attributes_of_objects_classes_and_modules_are_looked_at(monkeypatch):
    for function, owner, name in ((of_an_object, HELD, "value"), (Law().rule, Law, "RATE")):
        before = values_outside(function)
        monkeypatch.setattr(owner, name, 7.0)
        assert values_outside(function) != before
    module = types.ModuleType("settings")
    module.__file__, module.rate, module.unread = "settings.py", 1.0, 1.0
    monkeypatch.setitem(globals(), "SETTING", module)
    space = {"settings": module}
    exec("def function():\n    return settings.rate", space)
    before = values_outside(space["function"])
    module.unread = 2.0
    assert values_outside(space["function"]) == before
    module.rate = 2.0
    assert values_outside(space["function"]) != before


def test_a_function_defined_anew_and_a_closure_of_another_value_are_others():
    def of(value):
        return lambda: value

    def made():
        space = {}
        exec("def helper():\n    return 1.0\ndef function():\n    return helper()", space)
        return space["function"]

    assert values_outside(of(1.0)) == values_outside(of(1.0))
    assert values_outside(of(1.0)) != values_outside(of(2.0))
    assert values_outside(made()) != values_outside(made())


def test_what_refers_to_itself_or_is_very_large_has_a_key_too():
    endless = []
    endless.append(endless)
    deep = 1.0
    for _ in range(500):
        deep = [deep]
    for value in (endless, deep, {i: [i] for i in range(20_000)}):
        assert values_outside(lambda value=value: value) is not None
