"""What a fit says of a fleet: the summary, the units most likely to fail, pictures, files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.models import Model
from survjax.models.mixtures import MixtureModel

if TYPE_CHECKING:
    import pandas as pd

RISKIEST = 10
LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}(e[-+]?\d+)?", re.IGNORECASE)


@dataclass
class FleetReport:
    """A fitted model and its fleet, looked at ``horizon`` ahead.

    Attributes
    ----------
    about : columns that say which unit a row is, shown beside the units at risk.
    unit : the word for the unit of time, for the text. why : why it is this model, for the text; empty: nothing is said.
    """

    model: Model
    life: Lifetimes
    horizon: float
    unit: str = ""
    about: pd.DataFrame | None = None
    why: str = ""

    def units_at_risk(self) -> pd.DataFrame:
        """Every running unit, most likely to fail first.

        Columns: row (counted from 0), age, failure_probability within the horizon with its 95 % confidence limits, the
        expected remaining life and the unit's own 90 % prediction interval of it, and what is known about the unit.
        """
        import pandas as pd

        rows = np.flatnonzero(self.life.is_running())
        age = self.life.durations[rows]
        risk = self.model.interval("failure_probability", age, self.horizon)
        own = self.model.predict_rul_interval(age, level=0.90)
        table = pd.DataFrame(
            {
                "row": rows,
                "age": age,
                "failure_probability": risk["estimate"],
                "lower": risk["lower"],
                "upper": risk["upper"],
                "expected_remaining_life": self.model.predict_rul(age),
                "rul_5%": own["lower"],
                "rul_95%": own["upper"],
            }
        )
        if self.about is not None:
            table = table.join(self.about.iloc[rows].reset_index(drop=True), rsuffix="_in_file")
        return table.sort_values("failure_probability", ascending=False, kind="stable", ignore_index=True)

    def expected_failures(self) -> float:
        """How many of the running units are expected to fail within the horizon."""
        running = self.life.running()
        return float(np.sum(running.counts() * self.model.predict_failure_probability(running.durations, self.horizon)))

    def text(self) -> str:
        """The report as plain text."""
        model = self.model
        units = f" {self.unit}" if self.unit else ""
        lines = [
            f"{self.life!r}",
            *(f"  to check: {finding}" for finding in self.life.checks()),
            "",
            f"{model.constructor()}: log-likelihood {model.log_likelihood_:.4f}, AIC {model.aic_:.2f}, BIC {model.bic_:.2f}, "
            f"{model.stop_reason_} in {model.n_steps_} steps",
            *([f"  chosen: {self.why}"] if self.why else []),
            *(f"  note: {note}" for note in model.notes_),
            "",
            model.summary_.to_string(float_format=_short),
            "",
            f"mean life {_short(model.mean())}{units}, median {_short(model.median())}{units}, "
            f"10 % failed by {_short(model.quantile(0.1))}{units}",
            *self._extrapolation(),
            "",
            *self._risk_lines(units),
        ]
        return "\n".join(lines) + "\n"

    def _extrapolation(self) -> list[str]:
        if np.isinf(self.model.mean()):
            return [
                "  note: the mean life is infinite under this fit, and so is every expected remaining life; look at the median, at "
                "quantiles, or at the mean up to a horizon (predict_rul with a horizon)."
            ]
        odd = [row for finding in self.life.checks() for row in finding.rows]
        oldest = float(np.delete(self.life.durations, odd).max())
        if self.model.mean() <= oldest:
            return []
        return [
            f"  note: the mean life lies beyond the oldest age in the data ({oldest:g}); it and the expected remaining lives rest on the "
            "form of the distribution, not on failures seen at such ages."
        ]

    def _risk_lines(self, units: str) -> list[str]:
        if not self.life.n_running:
            return ["No unit still runs; there is none left to look ahead for."]
        return [
            f"Within the next {self.horizon:g}{units}, {self.expected_failures():,.1f} of {self.life.n_running:,.0f} running units are "
            "expected to fail.",
            f"Most likely to fail within {self.horizon:g}{units}:",
            "(probability with 95 % confidence limits; expected remaining life with the unit's own 90 % prediction interval)",
            "",
            _rounded(self.units_at_risk().head(RISKIEST)).to_string(index=False, float_format=_short, max_cols=14),
        ]

    def write(self, folder: Path) -> list[Path]:
        """Pictures, the model file and the table of units; the paths written."""
        import matplotlib.pyplot as plt

        pictures: dict[str, Any] = {
            "probability": self.model.plot_probability,
            "survival": self.model.plot_survival,
            "hazard": self.model.plot_hazard,
            "learning": self.model.plot_learning,
        }
        if isinstance(self.model, MixtureModel):
            pictures["components"] = self.model.plot_components
        written = []
        for name, plot in pictures.items():
            ax = plot()
            written.append(folder / f"{name}.png")
            ax.figure.savefig(written[-1], dpi=110)
            plt.close(ax.figure)
        written += [folder / "model.json", folder / "units_at_risk.csv"]
        self.model.save(written[-2])
        self.units_at_risk().to_csv(written[-1], index=False)
        return written


def _rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Texts of a file that are numbers of many digits, short as the others; labels and whole numbers stay as they are written."""
    return table.map(lambda cell: _short(float(cell)) if isinstance(cell, str) and LONG_NUMBER.fullmatch(cell.strip()) else cell)


def _short(number: float) -> str:
    return f"{number:,.4g}" if abs(number) < 1e4 or not np.isfinite(number) else f"{number:,.0f}"
