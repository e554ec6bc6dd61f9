"""A CSV file of lifetimes, whose rows know the lines of the file that they stand on."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from survjax.data.event_values import likely_failure, values_told
from survjax.data.lifetime_columns import RUNS
from survjax.data.lifetimes import Lifetimes
from survjax.errors import BadRow, NotConverged

if TYPE_CHECKING:
    import pandas as pd

SHOWN_LINES = 5
SHOWN_NAMES = 20
SHOWN_CHARACTERS = 40
_OPTIONS = {"durations": "--duration", "event_observed": "--event", "entry": "--entry", "weights": "--weights"}
_SEPARATORS = {";": '";"', "\t": "tab", "|": '"|"'}


@dataclass
class LifetimesFile:
    """The cells of a CSV file, as text, and where they stand.

    Attributes
    ----------
    path : the file.
    chosen : the columns that make lifetimes: the argument of ``Lifetimes`` -> the name of the column.
    columns : the cells of these columns: the argument of ``Lifetimes`` -> (n,) texts.
    about : the other columns, which say which unit a row is, n rows. A name that is empty or not unique has its position added.
    lines : (n,) the line of the file on which each row begins, counted from 1. Rows may run over several lines, and lines may be blank.
    """

    path: Path
    chosen: dict[str, str]
    columns: dict[str, Sequence[str]]
    about: pd.DataFrame
    lines: Sequence[int]

    @classmethod
    def read(cls, path: Path, chosen: dict[str, str], separator: str = ",", encoding: str = "utf-8") -> LifetimesFile:
        """Read a file with a header. UTF-8 may begin with a byte-order mark.

        Raises
        ------
        OSError : the file cannot be opened.
        ValueError : it is not text in that encoding, a chosen column is missing or there twice, a row has more or fewer cells than the
            header, quotes do not match, there are no rows. The message names the line of the file.
        """
        import pandas as pd

        records = _records(path, _text(path, encoding), separator)
        names = [name.strip() for name in next(records, (0, [""]))[1]]
        if not any(names):
            raise ValueError(f"{path} has no header: the first line must name the columns.")
        positions = {role: _position(path, names, name, role, separator) for role, name in chosen.items()}
        lines, rows, ragged = [], [], []
        for line, row in records:
            lines.append(line)
            rows.append(row)
            if len(row) != len(names):
                ragged.append((line, _counted(len(row), "cell")))
        if ragged:
            remedy = f"Name every column in the header, and put a cell that contains {separator!r} in double quotes."
            raise ValueError(_refusal(path, "the row has", ragged, f"the header names {_counted(len(names), 'column')}", remedy))
        if not rows:
            raise ValueError(f"{path} has a header but no rows.")
        cells = list(zip(*rows, strict=True))
        others = [position for position in range(len(names)) if position not in positions.values()]
        about = pd.DataFrame({_unique_name(names, position): cells[position] for position in others}, index=range(len(rows)))
        return cls(path, chosen, {role: cells[position] for role, position in positions.items()}, about, lines)

    def lifetimes(self, event_value: str | None = None) -> Lifetimes:
        """The lifetimes in the chosen columns; ``event_value`` is the word in that of events that means a failure, None: 1 does.

        Raises
        ------
        ValueError : a cell is not a number, or rows cannot be as they are. The message names lines and cells.
        """
        columns = {role: self._flags(role, event_value) if role == "event_observed" else self._numbers(role) for role in self.chosen}
        with self.named():
            return Lifetimes(**columns)

    def with_removed(self, life: Lifetimes, cause: str) -> Lifetimes:
        """The same lifetimes, of which units that have not failed and have a label in the column ``cause`` no longer run.

        Raises
        ------
        ValueError : there is no such column beside the chosen ones.
        """
        if cause not in self.about:
            names = [*self.chosen.values(), *map(str, self.about.columns)]
            raise ValueError(f"{self.path} has no column {cause!r} for --cause beside those of the other options; {_listed(names)}.")
        labels = self.about[cause].str.strip().str.lower().str.replace("_", " ").to_numpy()
        gone = np.isinf(life.upper) & ~np.isin(labels, ["", *RUNS])
        return life._with(observed_until=np.where(np.isinf(life.upper) & ~gone, life.lower, np.inf))

    @contextmanager
    def named(self) -> Iterator[None]:
        """Let what is said to be wrong with the data name the file and, where rows are at fault, their lines and the columns in it."""
        try:
            yield
        except BadRow as error:
            raise ValueError(self._bad_cells(error.columns, error.rows, error.expected, error.remedy)) from error
        except (ValueError, NotConverged) as error:
            raise ValueError(f"{self.path}: {error}") from error

    def _numbers(self, role: str) -> np.ndarray:
        remedy = "Correct the cell or remove the line."
        if any("," in cell and re.fullmatch(r"\s*-?\d+,\d+\s*", cell) for cell in self.columns[role]):
            remedy = "Write decimals with a point, and thousands with nothing between them."
        return self._read(role, _number, np.isfinite, "a finite number", remedy)

    def _flags(self, role: str, event_value: str | None) -> np.ndarray:
        if event_value is not None:
            return self._words(role, event_value)
        cells = np.array([cell.strip() for cell in self.columns[role]], dtype=object)
        if len(set(cells)) <= SHOWN_LINES and not any(_flag(cell) in (0, 1) or not cell for cell in cells):
            raise ValueError(
                f"{self.path}: {self.chosen[role]} has {values_told(cells)}, and nothing says which of them means a failure. Name it, for "
                f"instance --event-value {likely_failure(cells)}."
            )
        remedy = "Write 1 or 0 instead, or name the word that means a failure: --event-value WORD."
        return self._read(role, _flag, lambda flags: (flags == 0) | (flags == 1), "1 for failed or 0 for still running", remedy)

    def _words(self, role: str, event_value: str) -> np.ndarray:
        cells = np.array([cell.strip() for cell in self.columns[role]], dtype=object)
        if event_value not in cells:
            raise ValueError(
                f"{self.path}: no cell of {self.chosen[role]} is {event_value!r}, the --event-value; there are {values_told(cells)}."
            )
        other = [cell != event_value and cell.lower() in ("", event_value.lower()) for cell in cells]
        if any(other):
            expected = f"{event_value!r} for failed, in that spelling, or another word for still running"
            raise ValueError(self._bad_cells((role,), np.flatnonzero(other), expected, "Correct the cell or remove the line."))
        return cells == event_value

    def _read(
        self, role: str, read: Callable[[str], float], is_good: Callable[[np.ndarray], np.ndarray], expected: str, remedy: str
    ) -> np.ndarray:
        numbers = np.array([read(cell) for cell in self.columns[role]])
        bad = np.flatnonzero(~is_good(numbers))
        if bad.size == numbers.size:
            remedy += " No cell of the column is one: is it the right column?"
        if bad.size:
            raise ValueError(self._bad_cells((role,), bad, expected, remedy))
        return numbers

    def _bad_cells(self, roles: Sequence[str], rows: Iterable[int], expected: str, remedy: str) -> str:
        at_fault, *beside = roles
        found = []
        for row in rows:
            others = "".join(f" where {self.chosen[role]} is {_shown(self.columns[role][row])}" for role in beside)
            found.append((self.lines[row], _shown(self.columns[at_fault][row]) + others))
        return _refusal(self.path, f"{self.chosen[at_fault]} is", found, f"must be {expected}", remedy)


def _text(path: Path, encoding: str) -> str:
    content = path.read_bytes()
    try:
        text = content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{path}, line {line}: this is not text in {encoding}. Save a spreadsheet as CSV; name any other encoding, for instance "
            "--encoding latin-1."
        ) from None
    if "\0" in text:
        raise ValueError(f"{path} is not text in {encoding}: it contains zero bytes. Perhaps --encoding utf-16 reads it.")
    return text


def _records(path: Path, text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, each with the line on which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=separator != " ", strict=True)
    line = 1
    try:
        for row in reader:
            if len(row) > 1 or (row and row[0].strip()):
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        # Python's words are for programmers; a cell beyond its limit of 131,072 characters is one whose quote does not end.
        goes_on = "expected after" in str(error)
        wrong = "a quoted cell goes on after its closing quote" if goes_on else "a quoted cell that begins in this row does not end"
        raise ValueError(f"{path}, line {line}: {wrong}. Inside a quoted cell a double quote is written twice.") from None


def _position(path: Path, names: list[str], name: str, role: str, separator: str) -> int:
    positions = [position for position, other in enumerate(names) if other == name]
    if not positions:
        raise ValueError(f"{path} has no column {name!r} for {_OPTIONS[role]}; {_listed(names)}.{_other_separator(names, separator)}")
    if len(positions) > 1:
        where = " and ".join(str(position + 1) for position in positions)
        raise ValueError(f"{path} has {len(positions)} columns {name!r} for {_OPTIONS[role]}, at positions {where}. Rename all but one.")
    return positions[0]


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return f"its columns are {', '.join(_cut(name) for name in names[:SHOWN_NAMES])}{more}"


def _other_separator(names: list[str], separator: str) -> str:
    found = [f"--sep {said}" for other, said in _SEPARATORS.items() if other != separator and len(names) == 1 and other in names[0]]
    return f" To read it, add {found[0]}." if found else ""


def _unique_name(names: list[str], position: int) -> str:
    name = names[position]
    return name if name and names.count(name) == 1 else f"{name} (column {position + 1})".strip()


def _refusal(path: Path, subject: str, found: list[tuple[int, str]], expected: str, remedy: str) -> str:
    (line, first), *others = found
    also = ", ".join(f"line {line}: {what}" for line, what in others[: SHOWN_LINES - 1])
    more = f" and {len(found) - SHOWN_LINES:,} more" if len(found) > SHOWN_LINES else ""
    return f"{path}, line {line}: {subject} {first}, but {expected}{f' (also {also}{more})' if also else ''}. {remedy}"


def _shown(cell: str) -> str:
    return repr(_cut(cell)) if cell.strip() else "empty"


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _number(cell: str) -> float:
    try:
        # Python reads 1_000 as a number; in a file it is more likely an identifier.
        return float(cell) if "_" not in cell else float("nan")
    except ValueError:
        return float("nan")


def _flag(cell: str) -> float:
    return {"true": 1.0, "false": 0.0}.get(cell.strip().lower(), _number(cell))
