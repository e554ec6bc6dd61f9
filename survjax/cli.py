"""``survjax`` on the command line: the demonstration, and a fit of one's own file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import survjax
from survjax.errors import NotConverged
from survjax.fleet_report import FleetReport, lifetimes_from_csv
from survjax.models import LEARNERS

MODELS = {"weibull-mixture": "WeibullMixture", "weibull": "Weibull", "exponential": "Exponential"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 when done, 2 when the arguments or the file are at fault (one line on standard error says how)."""
    chosen = _parser().parse_args(arguments)
    import matplotlib

    matplotlib.use("Agg")
    try:
        return chosen.run(chosen)
    except BrokenPipeError:
        return 0
    except OSError as error:
        print(f"survjax: {error.filename}: {error.strerror}" if error.filename else f"survjax: {error}", file=sys.stderr)
        return 2
    except (ValueError, TypeError, KeyError, NotConverged) as error:
        said = error.args[0] if isinstance(error, KeyError) and error.args else error
        print(f"survjax: {' '.join(str(said).split())}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="survjax", description="Which machines will fail, when, and how sure that is.")
    parser.add_argument("--version", action="version", version=f"survjax {survjax.__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")

    demo = commands.add_parser("demo", help="fit the 52,422 hard drives that come with survjax")
    demo.add_argument(
        "--out", type=Path, default=Path("survjax-demo"), metavar="DIR", help="where pictures and files go (default: %(default)s)"
    )
    demo.set_defaults(run=_demo)

    fit = commands.add_parser("fit", help="fit the lifetimes in a CSV file", description="Fit the lifetimes in a CSV file, one row a unit.")
    fit.add_argument("file", type=Path, metavar="FILE.csv")
    fit.add_argument("--duration", required=True, metavar="COL", help="age at failure, or reached so far")
    fit.add_argument("--event", required=True, metavar="COL", help="1 failed, 0 still running")
    fit.add_argument("--entry", metavar="COL", help="age at which observation of the unit began")
    fit.add_argument("--weights", metavar="COL", help="how many units the row stands for")
    fit.add_argument("--model", choices=sorted(MODELS), default="weibull-mixture", help="default: %(default)s")
    fit.add_argument("--components", type=int, metavar="K", help="of the mixture (default: 2)")
    fit.add_argument(
        "--horizon",
        type=float,
        metavar="H",
        help="how far ahead to look, in the unit of the durations (default: a tenth of the middle age)",
    )
    fit.add_argument("--out", type=Path, metavar="DIR", help="write pictures, the model and the units at risk there")
    fit.set_defaults(run=_fit)
    return parser


def _demo(chosen: argparse.Namespace) -> int:
    frame = survjax.datasets.load_hard_drives()
    life = survjax.Lifetimes.from_frame(frame, duration="duration", event="event")
    with _Progress("1, 2 and 3 components", 7) as progress:
        candidates = []
        for k in (1, 2, 3):
            candidates.append(LEARNERS["WeibullMixture"](n_components=k).fit(life) if k > 1 else LEARNERS["Weibull"]().fit(life))
            progress.step(f"{k} component{'s' * (k > 1)} fitted")
        best = min(candidates, key=lambda model: model.bic_)
        report = FleetReport(best, life, horizon=90.0, unit="days", about=frame[["brand", "type", "temperature"]])
        print("Hard drives of Backblaze, ages in days. How many sub-populations?\n")
        print(_comparison(candidates), "\n")
        _write(report, chosen.out, progress)
    return 0


def _fit(chosen: argparse.Namespace) -> int:
    if chosen.components is not None and chosen.model != "weibull-mixture":
        raise ValueError(f"--components belongs to --model weibull-mixture, not to {chosen.model}.")
    if chosen.horizon is not None and not (np.isfinite(chosen.horizon) and chosen.horizon > 0):
        raise ValueError(f"--horizon must be more than 0; got {chosen.horizon:g}.")
    with _Progress("reading", 5) as progress:
        life, about = lifetimes_from_csv(chosen.file, chosen.duration, chosen.event, chosen.entry, chosen.weights)
        progress.step("fitting")
        settings: dict[str, Any] = {"n_components": chosen.components or 2} if chosen.model == "weibull-mixture" else {}
        if chosen.components is not None:
            settings["n_components"] = chosen.components
        model = LEARNERS[MODELS[chosen.model]](**settings).fit(life)
        progress.step("fitted")
        horizon = chosen.horizon or _round_one_digit(float(np.median(life.durations)) / 10)
        _write(FleetReport(model, life, horizon, about=about), chosen.out, progress)
    return 0


def _comparison(candidates: list[Any]) -> str:
    import pandas as pd

    rows = [{"components": k, "log-likelihood": f"{m.log_likelihood_:.2f}", "BIC": f"{m.bic_:.2f}"} for k, m in enumerate(candidates, 1)]
    return pd.DataFrame(rows).to_string(index=False)


def _write(report: FleetReport, out: Path | None, progress: _Progress) -> None:
    progress.step("intervals")
    text = report.text()
    print(text)
    if out is None:
        return
    out.mkdir(parents=True, exist_ok=True)
    progress.step("pictures")
    for path in report.write(out):
        print(f"wrote {path}")
    progress.step("done")


def _round_one_digit(number: float) -> float:
    return float(f"{number:.1g}")


class _Progress:
    """A bar on standard error for anything that takes longer than a second."""

    def __init__(self, first: str, steps: int) -> None:
        from tqdm import tqdm

        self._bar = tqdm(total=steps, desc=first, delay=1.0, leave=False, bar_format="{desc} [{elapsed}] {bar:24}", file=sys.stderr)

    def step(self, doing: str) -> None:
        self._bar.update()
        self._bar.set_description_str(doing)

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()


if __name__ == "__main__":
    sys.exit(main())
