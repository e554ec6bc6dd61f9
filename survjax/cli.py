"""``survjax`` on the command line: the demonstration, and a fit of one's own file."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

import survjax
from survjax.data.lifetimes_file import LifetimesFile
from survjax.errors import NotConverged
from survjax.fleet_report import FleetReport
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
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        print(f"survjax: {error.filename}: {error.strerror}" if error.filename else f"survjax: {error}", file=sys.stderr)
        return 2
    except (ValueError, TypeError, NotConverged) as error:
        print(f"survjax: {' '.join(str(error).split())}", file=sys.stderr)
        return 2


class _Parser(argparse.ArgumentParser):
    """Wrong arguments are said in one line, as wrong files are."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"survjax: {message}. See {self.prog} --help.\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="survjax", description="Which machines will fail, when, and how sure that is.")
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
    fit.add_argument("--event-value", metavar="WORD", help="the word in that column that means a failure; all others: still running")
    fit.add_argument("--cause", metavar="COL", help="what ended the unit, empty where it runs: one taken out unfailed is not at risk")
    fit.add_argument("--entry", metavar="COL", help="age at which observation of the unit began")
    fit.add_argument("--weights", metavar="COL", help="how many units the row stands for")
    fit.add_argument(
        "--sep", type=_separator, default=",", metavar="CHAR", help='what separates the columns: a character, or "tab" (default: ,)'
    )
    fit.add_argument("--encoding", type=_encoding, default="utf-8", metavar="NAME", help="of the file (default: %(default)s)")
    fit.add_argument(
        "--model", choices=sorted(MODELS), help="default: weibull or a weibull-mixture of two components, whichever has the lower BIC"
    )
    fit.add_argument("--components", type=_at_least_1, metavar="K", help="fit a mixture of so many (of --model weibull-mixture: 2)")
    fit.add_argument(
        "--horizon",
        type=_more_than_0,
        metavar="H",
        help="how far ahead to look, in the unit of the durations (default: a tenth of the middle age)",
    )
    fit.add_argument("--out", type=Path, metavar="DIR", help="write pictures, the model and the units at risk there")
    fit.set_defaults(run=_fit)

    turbofan = commands.add_parser(
        "turbofan",
        help="remaining lives of turbofan engines from their sensors",
        description="Learn from engines that ran to failure, and print a line for each engine of TEST at its last cycle: engine, expected "
        "remaining life (restricted: at most 125 cycles count), lower and upper limit of its own remaining life (90 % prediction).",
    )
    turbofan.add_argument("train", type=Path, metavar="TRAIN", help="readings in the text form of NASA's C-MAPSS sets, to failure")
    turbofan.add_argument("test", type=Path, metavar="TEST", help="readings of the same form, up to now")
    turbofan.set_defaults(run=_turbofan)
    return parser


def _separator(text: str) -> str:
    character = "\t" if text in ("tab", r"\t") else text
    if len(character) != 1 or character in '"\r\n':
        raise argparse.ArgumentTypeError(f"must be one character, or the word tab; got {text!r}")
    return character


def _encoding(name: str) -> str:
    try:
        "".encode(name)
    except (LookupError, UnicodeError, ValueError):
        raise argparse.ArgumentTypeError(f"must be the name of an encoding, for instance utf-8, latin-1 or utf-16; got {name!r}") from None
    return name


def _at_least_1(text: str) -> int:
    if not (text.isdecimal() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1; got {text!r}")
    return int(text)


def _more_than_0(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number of more than 0; got {text!r}")
    return number


def _demo(chosen: argparse.Namespace) -> int:
    _refuse_unwritable(chosen.out)
    frame = survjax.datasets.load_hard_drives()
    life = survjax.Lifetimes.from_frame(frame, duration="duration", event="event")
    with _Progress("fitting 1 component", 4) as progress:
        candidates = [LEARNERS["Weibull"]().fit(life)]
        for k in (2, 3):
            progress.step(f"fitting {k} components")
            candidates.append(LEARNERS["WeibullMixture"](n_components=k).fit(life))
        progress.step("intervals")
        best = min(candidates, key=lambda model: model.bic_)
        report = FleetReport(best, life, horizon=90.0, unit="days", about=frame[["brand", "type", "temperature"]])
        text = report.text()
    print("Hard drives of Backblaze, ages in days. How many sub-populations?\n")
    print(_comparison(candidates), "\n")
    print(text)
    _write(report, chosen.out)
    return 0


def _fit(chosen: argparse.Namespace) -> int:
    if chosen.components is not None and chosen.model not in (None, "weibull-mixture"):
        raise ValueError(f"--components belongs to --model weibull-mixture, not to {chosen.model}.")
    if chosen.out is not None:
        _refuse_unwritable(chosen.out)
    roles = {"durations": chosen.duration, "event_observed": chosen.event, "entry": chosen.entry, "weights": chosen.weights}
    with _Progress("reading", 3) as progress:
        file = LifetimesFile.read(
            chosen.file, {role: name for role, name in roles.items() if name is not None}, chosen.sep, chosen.encoding
        )
        life = file.lifetimes(chosen.event_value)
        if chosen.cause is not None:
            life = file.with_removed(life, chosen.cause)
        progress.step("fitting")
        with file.named():
            model, why = _asked_or_better(chosen.model, chosen.components, life)
        progress.step("intervals")
        horizon = chosen.horizon or _round_one_digit(float(np.median(life.durations)) / 10)
        if horizon == 0:
            raise ValueError(f"{chosen.file}: the middle age is 0, which says nothing of how far to look ahead; give --horizon.")
        report = FleetReport(model, life, horizon, about=file.about, why=why)
        text = report.text()
    print(text)
    if chosen.out is not None:
        _write(report, chosen.out)
    return 0


def _asked_or_better(name: str | None, components: int | None, life: survjax.Lifetimes) -> tuple[Any, str]:
    """The model asked for, or of one Weibull and a mixture of two the one of lower BIC; and why it is that."""
    if name is not None or components is not None:
        asked = name or "weibull-mixture"
        settings: dict[str, Any] = {"n_components": components or 2} if asked == "weibull-mixture" else {}
        return LEARNERS[MODELS[asked]](**settings).fit(life), ""
    single = LEARNERS["Weibull"]().fit(life)
    try:
        mixture = LEARNERS["WeibullMixture"](n_components=2).fit(life)
    except (ValueError, NotConverged) as error:
        return single, f"one Weibull, since {error}"
    better, other = sorted((single, mixture), key=lambda model: model.bic_)
    number = {id(single): "one Weibull", id(mixture): "a mixture of two"}
    return (
        better,
        f"{number[id(better)]}, by a BIC of {better.bic_:.2f} against {other.bic_:.2f} of {number[id(other)]}; --model takes another",
    )


def _turbofan(chosen: argparse.Namespace) -> int:
    from survjax.turbofan_forecast import FIRST_AGE, TurbofanForecast

    with _Progress("reading", 3) as progress:
        training, log = survjax.datasets.load_turbofan(chosen.train), survjax.datasets.load_turbofan(chosen.test)
        progress.step("fitting")
        forecast = TurbofanForecast(training)
        progress.step("predicting")
        table = forecast.predict(log)
    young = table["unit"][table["time"] < FIRST_AGE]
    if len(young):
        print(
            f"survjax: {len(young):,} engines have fewer than {FIRST_AGE:g} cycles (the first is {young.iloc[0]:g}), and training begins "
            "there: their lives are extrapolated.",
            file=sys.stderr,
        )
    for unit, rul, lower, upper in table[["unit", "rul", "lower", "upper"]].itertuples(index=False):
        print(f"{unit:.0f}, {rul:.1f}, {lower:.1f}, {upper:.1f}")
    return 0


def _comparison(candidates: list[Any]) -> str:
    import pandas as pd

    rows = [{"components": k, "log-likelihood": f"{m.log_likelihood_:.2f}", "BIC": f"{m.bic_:.2f}"} for k, m in enumerate(candidates, 1)]
    return pd.DataFrame(rows).to_string(index=False)


def _refuse_unwritable(out: Path) -> None:
    """Raise before the work is done if its results could not be written; nothing is made yet."""
    nearest = next(path for path in (out.absolute(), *out.absolute().parents) if os.path.lexists(path))
    if not nearest.is_dir():
        raise ValueError(f"--out {out}: {nearest} is not a folder. Name another.")
    try:
        tempfile.TemporaryFile(dir=nearest).close()
    except OSError as error:
        raise ValueError(f"--out {out}: nothing can be written in {nearest} ({error.strerror}). Name another folder.") from None


def _write(report: FleetReport, out: Path) -> None:
    with _Progress("pictures", 1):
        out.mkdir(parents=True, exist_ok=True)
        written = report.write(out)
    for path in written:
        print(f"wrote {path}")


def _round_one_digit(number: float) -> float:
    return float(f"{number:.1g}")


class _Progress:
    """A bar on standard error that says what is being done, once it has taken a second; nothing where no one is watching."""

    PATIENCE = 1.0

    def __init__(self, doing: str, steps: int) -> None:
        self._doing, self._done, self._steps = doing, 0, steps
        self._over = threading.Event()
        # A step may be one long call, so the clock is watched from beside it.
        self._watch = threading.Thread(target=self._show, daemon=True)

    def step(self, doing: str) -> None:
        self._doing = doing
        self._done += 1

    def _show(self) -> None:
        if not sys.stderr.isatty() or self._over.wait(self.PATIENCE):
            return
        from tqdm import tqdm

        with tqdm(total=self._steps, desc=self._doing, leave=False, bar_format="{desc}[{elapsed}] {bar:24}", file=sys.stderr) as bar:
            bar.start_t -= self.PATIENCE
            while True:
                bar.n = self._done
                bar.set_description(self._doing)
                if self._over.wait(0.2):
                    return

    def __enter__(self) -> _Progress:
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watch.join()


if __name__ == "__main__":
    sys.exit(main())
