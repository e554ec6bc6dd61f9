"""The hazard of a Weibull mixture and its derivatives in the parameters: autodiff, formulas worked out by hand, and finite differences.

    python benchmarks/founding/weibull_mixture_derivatives.py           writes weibull_mixture_derivatives.md, .png and .gif; a minute
    python benchmarks/founding/weibull_mixture_derivatives.py --draw    draws the .png and .gif again, measures and writes no time

The formulas are in NumPy and know nothing of survjax; autodiff is ``model.hazard_derivatives``. Finite differences are central, of the
model's own hazard. Times are the least of five warm rounds in which the ways take turns.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
import matplotlib.pyplot as plt
import numpy as np
from machine import load, machine
from measured import in_turn

import survjax as sj
from survjax.distributions import Mixture, Weibull

TRUTH = {"weight": [0.3, 0.7], "shape": [0.9, 5.0], "scale": [60.0, 200.0]}
SIZES = (100, 1_000, 10_000, 100_000)
STEPS = {"gradient": np.finfo(float).eps ** (1 / 3), "hessian": np.finfo(float).eps ** (1 / 4)}


ABOUT = (
    "Hazard, Jacobian (6 parameters) and Hessian (6 x 6) at each age, warm: the least of five rounds in which the ways take turns, in",
    "brackets the median. Differences are from the formulas, relative to the largest size over ages of the same entry.",
)


class Derivatives(NamedTuple):
    """hazard (n,), jacobian (n, p), hessian (n, p, p); parameters in the order weight, shape, scale of each component in turn."""

    hazard: np.ndarray
    jacobian: np.ndarray
    hessian: np.ndarray


def component(age: np.ndarray, shape: float, scale: float) -> tuple[Derivatives, Derivatives]:
    """Survival and density of one Weibull, with derivatives in (shape, scale).

    With l = log(t / scale) and u = exp(shape l): S = exp(-u), f = g S where g = shape u / t is the hazard.
    """
    log_ratio = np.log(age / scale)
    u = np.exp(shape * log_ratio)
    u_1 = np.stack([u * log_ratio, -shape * u / scale], axis=-1)
    mixed = -u * (1 + shape * log_ratio) / scale
    u_2 = np.stack([u * log_ratio**2, mixed, mixed, shape * (shape + 1) * u / scale**2], axis=-1).reshape(-1, 2, 2)
    s = np.exp(-u)
    s_1 = -s[:, None] * u_1
    s_2 = s[:, None, None] * (_outer(u_1, u_1) - u_2)
    g = shape * u / age
    g_1 = np.stack([u * (1 + shape * log_ratio) / age, -(shape**2) * u / (scale * age)], axis=-1)
    mixed = -shape * u * (2 + shape * log_ratio) / (scale * age)
    g_2 = np.stack(
        [u * log_ratio * (2 + shape * log_ratio) / age, mixed, mixed, shape**2 * (shape + 1) * u / (scale**2 * age)], axis=-1
    ).reshape(-1, 2, 2)
    f_1 = g_1 * s[:, None] + g[:, None] * s_1
    f_2 = g_2 * s[:, None, None] + _outer(g_1, s_1) + _outer(s_1, g_1) + g[:, None, None] * s_2
    return Derivatives(s, s_1, s_2), Derivatives(g * s, f_1, f_2)


def by_formula(parameters: np.ndarray, age: np.ndarray) -> Derivatives:
    """h = f / S of the mixture; h_a = (f_a - h S_a) / S, and once more by the same rule."""
    n, p = len(age), len(parameters)
    sums = [Derivatives(np.zeros(n), np.zeros((n, p)), np.zeros((n, p, p))) for _ in range(2)]
    for first in range(0, p, 3):
        weight, shape, scale = parameters[first : first + 3]
        own = slice(first + 1, first + 3)
        for total, part in zip(sums, component(age, shape, scale), strict=True):
            total.hazard[:] += weight * part.hazard
            total.jacobian[:, first] = part.hazard
            total.jacobian[:, own] = weight * part.jacobian
            total.hessian[:, first, own] = part.jacobian
            total.hessian[:, own, first] = part.jacobian
            total.hessian[:, own, own] = weight * part.hessian
    survival, density = sums
    s = survival.hazard
    h = density.hazard / s
    h_1 = (density.jacobian - h[:, None] * survival.jacobian) / s[:, None]
    cross = _outer(h_1, survival.jacobian)
    h_2 = (density.hessian - cross - np.swapaxes(cross, 1, 2) - h[:, None, None] * survival.hessian) / s[:, None, None]
    return Derivatives(h, h_1, h_2)


def _outer(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return left[:, :, None] * right[:, None, :]


@jax.jit
def hazard(parameters: np.ndarray, age: np.ndarray) -> np.ndarray:
    return jax.vmap(Mixture((Weibull(), Weibull())).with_values(parameters).hazard)(age)


def by_differences(parameters: np.ndarray, age: np.ndarray) -> Derivatives:
    """Central differences: two values a parameter, four a pair of parameters."""
    p = len(parameters)
    with jax.enable_x64(True):

        def at(*moves: np.ndarray) -> np.ndarray:
            return np.asarray(hazard(parameters + sum(moves), age))

        jacobian = np.empty((len(age), p))
        hessian = np.empty((len(age), p, p))
        for i, step in enumerate(np.diag(STEPS["gradient"] * parameters)):
            jacobian[:, i] = (at(step) - at(-step)) / (2 * step[i])
        steps = np.diag(STEPS["hessian"] * parameters)
        for i in range(p):
            for j in range(i + 1):
                a, b = steps[i], steps[j]
                corners = at(a, b) - at(a, -b) - at(-a, b) + at(-a, -b)
                hessian[:, i, j] = hessian[:, j, i] = corners / (4 * a[i] * b[j])
        return Derivatives(at(np.zeros(p)), jacobian, hessian)


def disagreement(found: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """By age: the largest difference, each entry's relative to its own largest over ages."""
    share = np.abs(found - exact) / np.abs(exact).max(axis=0)
    return share.reshape(len(found), -1).max(axis=1)


def table(model: sj.Model, sizes: tuple[int, ...]) -> list[str]:
    parameters = model.parameters_.to_numpy()
    ways: dict[str, Callable[[np.ndarray], Derivatives]] = {
        "autodiff": lambda age: Derivatives(*model.hazard_derivatives(age)),
        "formulas in NumPy": lambda age: by_formula(parameters, age),
        "finite differences": lambda age: by_differences(parameters, age),
    }
    ages = np.linspace(1.0, 300.0, 1_000)
    exact = by_formula(parameters, ages)
    lines = ["| way | " + " | ".join(f"{n:,} ages" for n in sizes) + " | Jacobian off by | Hessian off by |"]
    lines += ["|---|" + "---:|" * (len(sizes) + 2)]
    seconds: dict[str, list[str]] = {name: [] for name in ways}
    for n in sizes:
        calls = {name: partial(way, np.linspace(1.0, 300.0, n)) for name, way in ways.items()}
        for name, each in in_turn(calls)[0].items():
            seconds[name] += [f"{1e3 * each['seconds']:.2f} ms ({1e3 * each['median']:.2f})"]
    for name, way in ways.items():
        found = way(ages)
        off = [disagreement(found.jacobian, exact.jacobian).max(), disagreement(found.hessian, exact.hessian).max()]
        entries = seconds[name] + ["" if name == "formulas in NumPy" else f"{each:.0e}" for each in off]
        lines += [f"| {name} | " + " | ".join(entries) + " |"]
    return lines


def picture(model: sj.Model, path: Path) -> None:
    parameters = model.parameters_.to_numpy()
    ages = np.linspace(1.0, 300.0, 600)
    exact = by_formula(parameters, ages)
    figure, (left, right) = plt.subplots(1, 2, figsize=(12.0, 4.6), layout="constrained")
    for index, name in enumerate(model.parameters_.index):
        left.plot(ages, exact.jacobian[:, index] * parameters[index] / exact.hazard, label=_sign(name), linewidth=1.6)
    left.set_title("What one percent more of a parameter does to the hazard, in percent", loc="left", fontsize=11)
    left.legend(frameon=False, fontsize=9)
    for name, found, colour in (
        ("autodiff", Derivatives(*model.hazard_derivatives(ages)), "#1f4e79"),
        ("finite differences", by_differences(parameters, ages), "#c55a11"),
    ):
        for what, style in (("jacobian", "-"), ("hessian", "--")):
            off = disagreement(getattr(found, what), getattr(exact, what))
            right.semilogy(ages, off, style, color=colour, label=f"{name}, {what.capitalize()}", linewidth=1.2)
    right.set_title("Difference from the formulas, relative to the largest entry", loc="left", fontsize=11)
    low, high = right.get_ylim()
    right.set_ylim(low, 1e2 * high)
    right.legend(frameon=False, fontsize=9, ncols=2, loc="upper left")
    for ax in (left, right):
        ax.set_xlabel("age in days")
        ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _sign(name: str) -> str:
    """ "scale_1" as "scale of the second"."""
    what, _, component = name.rpartition("_")
    return f"{what} of the {('first', 'second')[int(component)]}"


def fitted() -> sj.Model:
    """A fleet of a thousand with a known truth, seen for 50 to 400 days."""
    life = sj.WeibullMixture(**TRUTH).sample(1_000, seed=0)
    seen = np.random.default_rng(100).uniform(50.0, 400.0, 1_000)
    return sj.WeibullMixture(2).fit(np.minimum(life, seen), life <= seen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a hundred ages only; then nothing is written")
    parser.add_argument("--draw", action="store_true", help="the pictures only; no time is measured")
    arguments = parser.parse_args()
    path, model, before = Path(__file__), fitted(), load()
    if not arguments.draw:
        lines = ["# A Weibull mixture's hazard and its derivatives", "", *ABOUT, ""]
        lines += [
            *table(model, SIZES[:1] if arguments.quick else SIZES),
            "",
            f"{machine('jax', 'numpy')} Load average before: {before}.",
            "",
        ]
        lines += [f"![pictures]({path.stem}.png)", "", f"![learning]({path.stem}.gif)", ""]
        print("\n".join(lines))
    if arguments.quick:
        return
    if not arguments.draw:
        path.with_suffix(".md").write_text("\n".join(lines))
    picture(model, path.with_suffix(".png"))
    model.plot_learning_animation().save(path.with_suffix(".gif"), writer="pillow", dpi=64)


if __name__ == "__main__":
    main()
