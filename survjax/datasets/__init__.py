"""Real data sets, small and large. Each loader returns a fresh pandas data frame with columns ``duration`` and ``event``.

Inspection data have ``lower`` and ``upper`` in their place, for ``Lifetimes.from_intervals``, and
recurrent events ``unit``, ``time``, ``status``.

>>> import survjax as sj
>>> frame = sj.datasets.load_ball_bearings()
>>> life = sj.Lifetimes.from_frame(frame, duration="duration", event="event")

What each is, where it comes from, its unit of time and a published or R-computed fit: ``about("hard_drives")``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

NAMES = (
    "hard_drives",
    "power_transformers",
    "ball_bearings",
    "generator_fans",
    "aarset_devices",
    "integrated_circuits",
    "waltons",
    "krivtsov_units",
    "turbine_wheels",
    "mice",
    "valve_seats",
    "glass_capacitors",
    "motor_insulation",
    "insulating_fluid",
    "turbofan",
    "rats",
)
LINES = "lines that are not blank, counted from 1"
TURBOFAN_COLUMNS = ("unit", "time", *(f"setting_{i}" for i in range(1, 4)), *(f"sensor_{i}" for i in range(1, 22)))


def load_hard_drives() -> pd.DataFrame:
    """52,422 Backblaze hard drives in days: temperature, brand, type and three SMART flags.

    Entry ages are not recorded, so earlier failures of drives already running when observation began may be missing. Five
    rows lie beyond 3,650 days; they are kept, and ``Lifetimes.checks()`` reports them. See ``about("hard_drives")``.
    """
    return _load("hard_drives")


def load_power_transformers() -> pd.DataFrame:
    """1,650 power transformers in years, with delayed entry (column ``entry``). Source: relife."""
    return _load("power_transformers")


def load_ball_bearings() -> pd.DataFrame:
    """23 ball bearings in millions of revolutions, all failed. Source: Lieblein & Zelen (1956)."""
    return _load("ball_bearings")


def load_generator_fans() -> pd.DataFrame:
    """70 fans of diesel generators in hours, 12 failed. Source: Nelson (1982)."""
    return _load("generator_fans")


def load_aarset_devices() -> pd.DataFrame:
    """50 devices with a bathtub-shaped failure rate, all failed. Source: Aarset (1987)."""
    return _load("aarset_devices")


def load_integrated_circuits() -> pd.DataFrame:
    """4,156 integrated circuits in hours as counts (column ``weight``), 28 failed. Source: Meeker (1987)."""
    return _load("integrated_circuits")


def load_waltons() -> pd.DataFrame:
    """163 fruit flies in days, two groups. Source: lifelines."""
    return _load("waltons")


def load_krivtsov_units() -> pd.DataFrame:
    """31 units in miles, 10 failed. Source: surpyval."""
    return _load("krivtsov_units")


def load_turbine_wheels() -> pd.DataFrame:
    """432 turbine wheels in hundreds of hours, each inspected once for cracks, as counts (``weight``). Source: Nelson (1982)."""
    return _load("turbine_wheels")


def load_mice() -> pd.DataFrame:
    """144 mice in days in two groups, each looked at once for a tumour. Source: lifelines."""
    return _load("mice")


def load_valve_seats() -> pd.DataFrame:
    """41 diesel engines in days: replacements of valve seats (status 1) and ends of observation (0). Source: Nelson & Doganaksoy (1989)."""
    return _load("valve_seats")


def load_glass_capacitors() -> pd.DataFrame:
    """64 glass capacitors in hours, 32 failed, in an accelerated test over temperature and voltage. Source: Meeker & Escobar (1998)."""
    return _load("glass_capacitors")


def load_motor_insulation() -> pd.DataFrame:
    """40 pieces of motor insulation in hours, 17 failed, in an accelerated test over temperature. Source: Meeker & Escobar (1998)."""
    return _load("motor_insulation")


def load_insulating_fluid() -> pd.DataFrame:
    """41 breakdowns of an insulating fluid in minutes at four voltages. Source: Nelson (1982)."""
    return _load("insulating_fluid")


def load_turbofan(path: str | Path = "train") -> pd.DataFrame:
    """Readings of turbofan engines in the text form of NASA's C-MAPSS sets, a row for each cycle of each engine.

    Parameters
    ----------
    path : a file as NASA gives them out (26 columns of numbers without a header, separated by blanks; compressed or not), or "train" or
        "test" for the simulated engines that come with survjax. In a training file an engine's last cycle is that of its failure.

    Returns
    -------
    Columns unit, time (the cycle), setting_1 to setting_3, sensor_1 to sensor_21. For ``Landmarks`` the lives of training engines are
    ``log.groupby("unit")["time"].max().reset_index(name="duration").assign(event_observed=True)``.

    Raises
    ------
    OSError : the file cannot be read. ValueError : it is not of that form, or an engine's cycles do not rise from line to line; the message
        names the line.
    """
    import pandas as pd

    shipped = path in ("train", "test")
    file = _file(f"turbofan_{path}", ".txt") if shipped else Path(path)
    try:
        frame = pd.read_csv(file, sep=r"\s+", header=None)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} is not a table of {len(TURBOFAN_COLUMNS)} columns of numbers: {' '.join(str(error).split())}") from None
    if frame.shape[1] != len(TURBOFAN_COLUMNS):
        raise ValueError(f"{file} has {frame.shape[1]} columns; files of turbofan engines have {len(TURBOFAN_COLUMNS)}, without a header.")
    frame.columns = pd.Index(TURBOFAN_COLUMNS)
    for name, column in frame.items():
        number = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
        finite, whole = np.isfinite(number), name in ("unit", "time")
        wrong = np.flatnonzero(~finite | (whole & (np.where(finite, number, 0.0) % 1 != 0)))
        if wrong.size:
            what = "a whole number" if whole and finite[wrong[0]] else "a finite number"
            got = f"{str(column.iloc[wrong[0]])!r} ({LINES})"
            raise ValueError(f"{file}, line {wrong[0] + 1}: {name} must be {what}; got {got}.")
    _refuse_cycles_out_of_order(frame, file)
    return frame


def _refuse_cycles_out_of_order(frame: pd.DataFrame, file: Path) -> None:
    by_engine = frame.groupby("unit")["time"]
    wrong = np.flatnonzero((by_engine.diff() <= 0).to_numpy())
    if wrong.size:
        row = int(wrong[0])
        unit, time, before = frame["unit"].iloc[row], frame["time"].iloc[row], by_engine.shift().iloc[row]
        first = np.flatnonzero(((frame["unit"] == unit) & (frame["time"] == time)).to_numpy())[0]
        what = f"stands in line {first + 1} as well" if first < row else f"stands after cycle {before:g}"
        remedy = "Keep one of them" if first < row else "Sort its lines by cycle"
        more = f"{wrong.size:,} such lines; {LINES}"
        raise ValueError(f"{file}, line {row + 1}: cycle {time:g} of engine {unit:g} {what} ({more}). {remedy}.")


def load_turbofan_remaining_lives() -> pd.DataFrame:
    """The cycles that the simulated test engines still had after their last reading: unit, remaining. See ``about("turbofan")``."""
    import pandas as pd

    left = pd.read_csv(_file("turbofan_rul", ".txt"), header=None)[0]
    return pd.DataFrame({"unit": range(1, len(left) + 1), "remaining": left.astype(float)})


def load_rats() -> pd.DataFrame:
    """300 rats of 100 litters in weeks, one of three in each treated, 42 with a tumour. Source: Mantel, Bohidar & Ciminera (1977)."""
    return _load("rats")


def about(name: str) -> str:
    """The page of a data set: provenance, columns, units, and a fit to check against.

    Raises
    ------
    KeyError : there is no data set of that name; the message lists those there are.
    """
    if name not in NAMES:
        raise KeyError(f"there is no data set {name!r}; there are {', '.join(NAMES)}.")
    return _file(name, ".md").read_text(encoding="utf-8")


def _load(name: str) -> pd.DataFrame:
    import pandas as pd

    return pd.read_csv(_file(name, ".csv"))


def _file(name: str, ending: str) -> Path:
    # A wheel holds the files beside this module; an editable install leaves them in the checkout's own folder.
    for folder in (Path(__file__).parent / "files", Path(__file__).parents[2] / "datasets"):
        for path in (folder / f"{name}{ending}", folder / f"{name}{ending}.gz"):
            if path.exists():
                return path
    raise FileNotFoundError(f"the file of the data set {name!r} is missing from this installation; reinstall survjax.")
