"""What a user's law says beside its survival function is held against it, once, before anything is fitted."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import survjax as sj
from survjax import distributions
from survjax.models import own_rules
from survjax.models.own_law import CENTRE, HEIGHTS, SPREAD

WRONG = {
    "log_hazard": (lambda self, time: jnp.log(time / self.s), r"log_hazard\(0\.5\d+\) is -?[\d.]+, and from log_survival follows -?[\d.]+"),
    "log_density": (lambda self, time: self.log_hazard(time), "log_density"),
    "hazard": (lambda self, time: time / self.s**2, "hazard"),
    "density": (lambda self, time: jnp.exp(-((time / self.s) ** 2)), "density"),
    "survival": (lambda self, time: jnp.exp(-time / self.s), "survival"),
    "log_survival_from": (lambda self, time, log_time: -jnp.exp(log_time), "log_survival_from"),
    "cumulative_hazard_between": (lambda self, start, length: (length / self.s) ** 2, "cumulative_hazard_between"),
    "duration_after": (lambda self, start, hazard: self.s * jnp.sqrt(hazard), "duration_after"),
    "age_at": (lambda self, hazard: self.s * hazard, "age_at"),
    "quantile": (lambda self, p: self.s * jnp.sqrt(-jnp.log(p)), "quantile"),
    "mean_after": (lambda self, start: self.s * 0.5 * jnp.sqrt(jnp.pi), "mean_after"),
    "restricted_mean_after": (lambda self, start, horizon: horizon, "restricted_mean_after"),
    "mean": (lambda self: self.s, "mean"),
    "with_hazard_times": (lambda self, factor: dataclasses.replace(self, s=self.s * jnp.exp(-factor)), "with_hazard_times"),
}


def rayleigh(**rules):
    body = {"__annotations__": {"s": sj.Duration}, "log_survival": lambda self, time: -((time / self.s) ** 2), "__module__": __name__}
    return type("Mine", (sj.Distribution,), body | rules)


@pytest.mark.parametrize("name", WRONG)
def test_a_rule_that_contradicts_the_survival_is_refused(name):
    rule, said = WRONG[name]  # all of them were believed
    for _ in range(2):
        with pytest.raises(ValueError, match=rf"Mine\.{said}.*with s=.*derived from log_survival"):
            sj.Model(rayleigh(**{name: rule})(s=3.0)).survival(1.0)


def test_a_rule_that_is_nan_where_the_survival_is_not_is_refused():
    with pytest.raises(ValueError, match=r"Mine\.hazard\(.*is nan"):
        sj.Model(rayleigh(hazard=lambda self, time: jnp.log(-time))(s=3.0)).hazard(1.0)


@pytest.mark.parametrize(
    "kind", [distributions.Weibull, distributions.LogLogistic, distributions.SmallestExtremeValue], ids=lambda kind: kind.__name__
)
def test_right_rules_pass(kind, monkeypatch):
    monkeypatch.setattr(own_rules, "_is_own", lambda kind, name: name in vars(kind))
    law = kind()
    assert any(name in vars(kind) for name in own_rules.PLACES)
    places = CENTRE + SPREAD * HEIGHTS
    with jax.enable_x64(True):
        values = law.start(CENTRE, SPREAD)
        found = law.with_values(jnp.array([float(values[one]) for one in law.parameters()]))
        own_rules.check_own_rules(law, found, places if law.start_of_support != 0.0 else np.exp(places))
