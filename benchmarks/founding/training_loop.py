"""A small network, trained without jit, with a jitted step and with a jitted epoch: ``training_loop.md`` and ``training_loop.png``.

    python benchmarks/founding/training_loop.py           five minutes; needs scikit-learn, and takes PyTorch along where it is installed
    python benchmarks/founding/training_loop.py --draw    writes the same from training_loop.json, where the measurements are kept
    python benchmarks/founding/training_loop.py --quick   a tenth of the rows, prints only

A network 784-128-10, batches of 64, stochastic gradient descent, cross-entropy from log-softmax. On 60,000 x 784 random rows for the time
of an epoch (and 10,000 held out), on scikit-learn's digits (8 x 8 pixels) for what it learns. The jitted epoch is
``survjax.training.train``.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import time
from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from machine import load, machine
from matplotlib.ticker import FixedLocator, NullLocator
from sklearn.datasets import load_digits

from survjax.training import TrainingSettings, train

HIDDEN, CLASSES, BATCH, RATE = 128, 10, 64, 0.1
DIGITS_EPOCHS, ROUNDS, EPOCHS = 30, 4, 4
PLAIN, STEP, SCAN, TORCH = "no jit", "jitted step", "jitted epoch (survjax)", "PyTorch"
WITHOUT_TORCH = (
    "PyTorch's row is not measured, since it was not installed: `pip install torch`, and run `python benchmarks/founding/training_loop.py` "
    "again."
)

PAGE = """# A training loop, without jit, with a jitted step, with a jitted epoch

A network {inputs}-{hidden}-{classes}, batches of {batch}, stochastic gradient descent with rate {rate:g}, cross-entropy from log-softmax;
{rows:,} random rows to learn from and {held:,} held out, single precision. Seconds of an epoch, the judgement of the rows held out
included, compiling not: the least of {n} epochs in {rounds} rounds (of the loop without jit {rounds}), in brackets the median, the ways
taking turns.

{table}

{first}

{verdict}

On scikit-learn's digits (64-{hidden}-{classes}; {learned:,} rows to learn from, {judged} held out; {epochs} epochs; the same start and
shuffles) the ways learn the same, to single precision. Loss and accuracy of rows learned from are those of the batches as they came:

{digits}

![Left: digits. Right: seconds of an epoch](training_loop.png)

{torch}{about}
"""


def start(inputs: int, seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {
        "hidden": random.normal(size=(inputs, HIDDEN)).astype(np.float32) * np.float32(np.sqrt(2 / inputs)),
        "hidden_bias": np.zeros(HIDDEN, np.float32),
        "out": random.normal(size=(HIDDEN, CLASSES)).astype(np.float32) * np.float32(np.sqrt(1 / HIDDEN)),
        "out_bias": np.zeros(CLASSES, np.float32),
    }


def loss(parameters, rows, key):
    """Cross-entropy of each row, and whether its class was told."""
    activity = jax.nn.relu(rows["x"] @ parameters["hidden"] + parameters["hidden_bias"])
    logs = jax.nn.log_softmax(activity @ parameters["out"] + parameters["out_bias"])
    told = jnp.take_along_axis(logs, rows["y"][:, None], axis=1)[:, 0]
    return -told, {"accuracy": (logs.argmax(axis=1) == rows["y"]).astype(logs.dtype)}


def step(parameters, rows):
    """One step of gradient descent, and the sums of loss and accuracy over the batch."""

    def mean(parameters):
        losses, metrics = loss(parameters, rows, None)
        return losses.mean(), (losses.sum(), metrics["accuracy"].sum())

    gradient, sums = jax.grad(mean, has_aux=True)(parameters)
    return jax.tree.map(lambda one, slope: one - RATE * slope, parameters, gradient), sums


def judge(parameters, rows):
    losses, metrics = loss(parameters, rows, None)
    return losses.mean(), metrics["accuracy"].mean()


def by_steps(step: Callable, judge: Callable, data: dict, epochs: int, seed: int) -> pd.DataFrame:
    """The training loop as it is written by hand: an epoch is a loop over batches."""
    parameters, random, told = jax.tree.map(jnp.asarray, start(data["x"].shape[1])), np.random.default_rng(seed), []
    held_out = {"x": jnp.asarray(data["x_held"]), "y": jnp.asarray(data["y_held"])}
    n = len(data["y"])
    for epoch in range(1, epochs + 1):
        began, order, sums = time.perf_counter(), random.permutation(n), []
        for first in range(0, n, BATCH):
            chosen = order[first : first + BATCH]
            parameters, now = step(parameters, {"x": data["x"][chosen], "y": data["y"][chosen]})
            sums.append(now)
        learned = np.sum(jax.device_get(sums), axis=0) / n
        told.append([epoch, *learned, *map(float, judge(parameters, held_out)), time.perf_counter() - began])
    return table_of(told)


def by_epochs(data: dict, epochs: int, seed: int) -> pd.DataFrame:
    """The library's loop."""
    n = len(data["y"])
    rows = {"x": np.concatenate([data["x"], data["x_held"]]), "y": np.concatenate([data["y"], data["y_held"]])}
    settings = TrainingSettings("sgd", RATE, batch_size=BATCH, epochs=epochs, patience=None)
    found = train(loss, start(data["x"].shape[1]), rows, settings=settings, held_out=np.arange(n, len(rows["y"])), seed=seed)
    return found.curve[found.curve["epoch"] > 0]


def by_torch(data: dict, epochs: int, seed: int) -> pd.DataFrame:
    import torch

    torch.manual_seed(seed)
    own = start(data["x"].shape[1])
    network = torch.nn.Sequential(torch.nn.Linear(len(own["hidden"]), HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, CLASSES))
    with torch.no_grad():
        for layer, name in ((network[0], "hidden"), (network[2], "out")):
            layer.weight.copy_(torch.from_numpy(own[name].T))
            layer.bias.zero_()
    descent, entropy = torch.optim.SGD(network.parameters(), lr=RATE), torch.nn.CrossEntropyLoss(reduction="none")
    x, y, x_held, y_held = (torch.from_numpy(data[name]) for name in ("x", "y", "x_held", "y_held"))
    y, y_held, told = y.long(), y_held.long(), []
    for epoch in range(1, epochs + 1):
        began, sums = time.perf_counter(), np.zeros(2)
        for chosen in torch.randperm(len(y)).split(BATCH):
            descent.zero_grad()
            scores = network(x[chosen])
            losses = entropy(scores, y[chosen])
            losses.mean().backward()
            descent.step()
            sums += [float(losses.detach().sum()), float((scores.argmax(1) == y[chosen]).sum())]
        with torch.no_grad():
            scores = network(x_held)
            held = [float(entropy(scores, y_held).mean()), float((scores.argmax(1) == y_held).float().mean())]
        told.append([epoch, *(sums / len(y)), *held, time.perf_counter() - began])
    return table_of(told)


def table_of(told: list) -> pd.DataFrame:
    return pd.DataFrame(told, columns=["epoch", "training_loss", "training_accuracy", "validation_loss", "validation_accuracy", "seconds"])


def ways() -> dict[str, Callable]:
    jitted = jax.jit(step, donate_argnums=0), jax.jit(judge)
    found = {
        PLAIN: lambda data, epochs, seed: by_steps(step, judge, data, epochs, seed),
        STEP: lambda data, epochs, seed: by_steps(*jitted, data, epochs, seed),
        SCAN: by_epochs,
    }
    return found | ({TORCH: by_torch} if importlib.util.find_spec("torch") else {})


def random_rows(n: int, held: int, inputs: int = 784) -> dict:
    random = np.random.default_rng(0)
    x = random.normal(size=(n + held, inputs)).astype(np.float32)
    y = (x @ random.normal(size=(inputs, CLASSES)).astype(np.float32)).argmax(axis=1).astype(np.int32)
    return {"x": x[:n], "y": y[:n], "x_held": x[n:], "y_held": y[n:]}


def digits() -> dict:
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    x, y = (x[order] / 16).astype(np.float32), y[order].astype(np.int32)
    return {"x": x[:-360], "y": y[:-360], "x_held": x[-360:], "y_held": y[-360:]}


def timed(data: dict, rounds: int) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Seconds of each warm epoch of each way, and of the very first."""
    warm: dict[str, list[float]] = {}
    first: dict[str, float] = {}
    for number in range(rounds):
        for name, way in ways_once().items():
            epochs = 1 if name == PLAIN and number else 2 if name == PLAIN else EPOCHS
            seconds = way(data, epochs, number)["seconds"].to_numpy()
            first.setdefault(name, float(seconds[0]))
            warm.setdefault(name, []).extend(map(float, seconds[1:] if number == 0 else seconds))
    return warm, first


_WAYS: dict[str, Callable] = {}


def ways_once() -> dict[str, Callable]:
    if not _WAYS:
        _WAYS.update(ways())
    return _WAYS


def picture(curves: dict[str, pd.DataFrame], warm: pd.Series, path: Path) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    colours = dict(zip((PLAIN, STEP, SCAN, TORCH), ("#777777", "#d1642c", "#1f5fa8", "#2f8f6b"), strict=True))
    for width, (name, curve) in zip((7, 4, 1.5, 1.5), curves.items(), strict=False):  # those without PyTorch lie on each other
        own = {"color": colours[name], "linewidth": width, "solid_capstyle": "round"}
        left.plot(curve["epoch"], 100 * (1 - curve["validation_accuracy"]), **own, label=f"{name}, held out")
        left.plot(curve["epoch"], 100 * (1 - curve["training_accuracy"]), **own, linestyle=":", label=f"{name}, learned from")
    left.set_yscale("log")
    left.yaxis.set_major_locator(FixedLocator([2, 3, 5, 10, 20, 50]))
    left.yaxis.set_major_formatter("{x:g}")
    left.yaxis.set_minor_locator(NullLocator())
    left.set_xlabel("epoch")
    left.set_ylabel("digits told wrongly, %")
    left.legend(frameon=False, fontsize=8)
    left.set_title("What is learned: digits", loc="left", fontsize=11)
    right.set_xscale("log")
    seconds, median = warm.map(min), warm.map(np.median)
    bars = right.barh(seconds.index[::-1], seconds[::-1], color=[colours[name] for name in seconds.index[::-1]])
    right.bar_label(bars, labels=[f" {value:.2f} s ({median[name]:.2f})" for name, value in seconds[::-1].items()], fontsize=9)
    # bars on a logarithmic axis begin at a whole decade; room for the label of the longest
    right.set_xlim(10 ** np.floor(np.log10(seconds.min())), 6 * seconds.max())
    right.xaxis.set_major_formatter("{x:g}")
    right.set_xlabel("seconds, 60,000 rows of 784")
    right.set_title("How long an epoch takes: least of rounds (median)", loc="left", fontsize=11)
    for ax in (left, right):
        ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=90)


def markdown(table: pd.DataFrame) -> str:
    head = ["", *table.columns]
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *([name, *row] for name, row in zip(table.index, table.to_numpy(), strict=True))]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def page(rows: dict, told: dict) -> str:
    """Markdown of what was measured; ``rows``: how many there were."""
    least, median = pd.Series(told["warm"]).map(min), pd.Series(told["warm"]).map(np.median)
    curves, first = told["curves"], told["first"]
    times = pd.DataFrame(
        {
            "an epoch, s": [f"{value:.2f} ({median[name]:.2f})" for name, value in least.items()],
            f"times the {SCAN}, medians": [f"{value / median[SCAN]:.2f}" for value in median],
        },
        index=least.index,
    )
    ends = {name: curve.iloc[-1] for name, curve in curves.items()}
    learned = pd.DataFrame(
        {
            "loss": [f"{end['training_loss']:.4f}" for end in ends.values()],
            "accuracy": [f"{end['training_accuracy']:.4f}" for end in ends.values()],
            "loss, held out": [f"{end['validation_loss']:.4f}" for end in ends.values()],
            "accuracy, held out": [f"{end['validation_accuracy']:.4f}" for end in ends.values()],
        },
        index=list(ends),
    )
    to_plain, to_step = median[PLAIN] / median[SCAN], median[STEP] / median[SCAN]
    verdict = (
        f"The jitted epoch is {to_plain:.0f} times as fast as the loop without jit (asked: 10; "
        f"{'reached' if to_plain >= 10 else 'missed'}) and {to_step:.2f} times as fast as the jitted step "
        f"(asked: ahead; {'reached' if to_step > 1 else 'missed'}), by the medians; by the least {least[PLAIN] / least[SCAN]:.0f} and "
        f"{least[STEP] / least[SCAN]:.2f} times. It takes {least[SCAN]:.2f} s by the least and {median[SCAN]:.2f} s by the median "
        f"(asked: under 1 s; by the least {_under_a_second(least[SCAN])}, by the median {_under_a_second(median[SCAN])})."
    )
    return PAGE.format(
        inputs=rows["inputs"],
        hidden=HIDDEN,
        classes=CLASSES,
        batch=BATCH,
        rate=RATE,
        rows=rows["learned"],
        held=rows["held out"],
        n=ROUNDS * EPOCHS - 1,
        rounds=ROUNDS,
        table=markdown(times),
        first=f"The first epoch, compiling included: {', '.join(f'{name} {value:.1f} s' for name, value in first.items())}.",
        verdict=verdict,
        learned=rows["digits learned"],
        judged=rows["digits held out"],
        epochs=DIGITS_EPOCHS,
        digits=markdown(learned),
        torch="" if TORCH in least else f"{WITHOUT_TORCH}\n\n",
        about=told["machine"],
    )


def _under_a_second(seconds: float) -> str:
    return "reached" if seconds < 1 else "missed"


def measure(quick: bool) -> dict:
    """Everything that the page and the picture show."""
    about = f"Load average before: {load()}."
    data, known = random_rows(*((6_000, 1_000) if quick else (60_000, 10_000))), digits()
    warm, first = timed(data, 1 if quick else ROUNDS)
    curves = {name: way(known, DIGITS_EPOCHS, 0) for name, way in ways_once().items()}
    rows = {"inputs": data["x"].shape[1], "learned": len(data["y"]), "held out": len(data["y_held"])}
    rows |= {"digits learned": len(known["y"]), "digits held out": len(known["y_held"])}
    kept = {name: curve.drop(columns="seconds").round(6).to_dict("list") for name, curve in curves.items()}
    return {"machine": f"{machine('jax', 'numpy', 'torch')} {about}", "rows": rows, "warm": warm, "first": first, "curves": kept}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, prints only")
    parser.add_argument("--draw", action="store_true", help="measure nothing; page and picture of what was measured")
    arguments = parser.parse_args()
    path = Path(__file__).with_suffix(".md")
    kept = path.with_suffix(".json")
    told = json.loads(kept.read_text()) if arguments.draw else measure(arguments.quick)
    if not (arguments.quick or arguments.draw):
        kept.write_text(json.dumps(told, indent=1) + "\n")
    told["curves"] = {name: pd.DataFrame(curve) for name, curve in told["curves"].items()}
    text = page(told["rows"], told)
    print(text)
    if not arguments.quick:
        path.write_text(text, encoding="utf-8")
        picture(told["curves"], pd.Series(told["warm"]), path.with_suffix(".png"))


if __name__ == "__main__":
    main()
