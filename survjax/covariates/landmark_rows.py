"""Landmarks: rows that enter at a reading, with what the readings up to then say of the unit."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.covariates.features import Feature, Moments, Readings, count_up_to, features_of_each
from survjax.covariates.histories import as_series
from survjax.covariates.landmark_moments import landmark_moments
from survjax.covariates.learned_landmarks import LearnedLandmarks, learned_landmarks
from survjax.covariates.reading_log import (
    Lives,
    ReadingLog,
    gaps_of,
    held_column,
    read_lives,
    read_log,
    refuse_held,
    refuse_units,
    whole_column,
)
from survjax.covariates.reading_windows import ReadingWindows
from survjax.covariates.table import Table, names_in_brief, read_table
from survjax.data.columns import read_column
from survjax.data.lifetimes import Lifetimes

if TYPE_CHECKING:
    import pandas as pd

CLOCKS = ("age", "remaining")
MISSING = ("refuse", "hold")
UNLIKE = ("refuse", "allowed")
MARK = "rows of Landmarks"  # in ``attrs`` of X, which else would not say that a unit has several rows


class Landmarks:
    r"""Rows for landmark models: at a reading a unit enters at its age, with features of its readings up to then.

    Readings that exist only while the unit runs (vibration, oil, wear) have no value at an age that it may not reach, so that there is no
    survival function along their path. What can be asked is how long a unit will still run that has run to age a and whose readings
    up to a are known: that is learned from rows, one for each landmark a of each unit, which enter at a and say how the unit ended
    (van Houwelingen & Putter 2012, Dynamic Prediction in Clinical Survival Analysis). How the readings will go on is averaged over.
    Rows of one unit overlap and depend on each other: models take them as one cluster.

    >>> log = {"unit": ["a", "a", "a", "b", "b"], "time": [0, 10, 20, 0, 10], "wear": [1.0, 2.0, 4.0, 1.0, 1.5]}
    >>> units = {"unit": ["a", "b"], "duration": [25, 18], "event_observed": [1, 0]}
    >>> rows = Landmarks(log, units, features=["last", "slope 10.5"])
    >>> rows
    Landmarks(5 rows of 2 units, 1 of which failed, on the clock of age; 2 covariates: wear last, wear slope 10.5)
    >>> print(rows.to_frame())
      unit  landmark  duration  event  wear last  wear slope 10.5
    0    a       0.0      25.0   True        1.0             0.00
    1    a      10.0      25.0   True        2.0             0.10
    2    a      20.0      25.0   True        4.0             0.20
    3    b       0.0      18.0  False        1.0             0.00
    4    b      10.0      18.0  False        1.5             0.05

    ``model.fit(rows)``, then for units that run today ``now = rows.latest(todays_log)`` and ``model.predict_rul(now.X, now.entry)``. The
    model keeps how rows are made, in its file too: ``model.landmarks_.latest(todays_log)``.

    Parameters
    ----------
    log : data frame (pandas, polars, Arrow) or mapping of columns, a row for each reading, in any order: ``unit``, ``time`` (the unit's age
        then) and the readings. units : the same, a row for each unit: ``unit``, ``duration`` (age at failure or reached so far), ``event``,
        and what is known of it for good (its make), which every row of it gets. None: units of which no end is known, to predict for.
    at : landmarks: "readings" (each of them), "last" (each unit's last one), an age or several (those that the unit was running at, with a
        reading before), or a table with columns ``unit`` and ``time``. A reading at the very end of a unit's life is none, since nothing
        is left to predict.
    features : of every numeric sensor: "last"; "mean 30", "max 30", "min 30", "slope 30", "deviation 30" (over the readings of the last 30
        units of age; without a number, over all so far); "smoothed 10" (exponentially weighted with that half-life); or objects of
        ``survjax.features``, which shows how to write one's own; or a mapping from sensors to such sequences. Slope and deviation of a
        single reading, such as a unit's first, are 0. A sensor that is not numeric gives its last value.
    columns : which sensors and facts; None: all.
    clock : what y counts. "age": ages, each row entering at its landmark. "remaining": lives from the landmark on, predicted at age 0;
        a model with proportional hazards or accelerated time then lets sensors rule the remaining life rather than the hazard at an age,
        which for wear that sensors show predicts far better; the landmark's age is then a covariate.
    horizon : rows end there without failure when they are still running that long after the landmark, so that the model is
        about the near future: it refuses predictions from further ahead. None: they are followed to the end.
    missing : "refuse" a missing reading, or "hold" the sensor's value before it.
    hold_last : how long a unit may live on after its last reading, as in ``from_sensor_log``. False: as long as the longest gap between two
        readings of one unit anywhere, where there is one; longer is an error, since mostly log and units are then in different units of
        time. A number: that long. True: however long.
    unit, time, duration, event, entry, weights : names of the columns. entry None: the column ``entry`` if there is one, else age 0;
        landmarks before it are left out.

    Attributes
    ----------
    X : (n, p) frame; of units to predict for its index is their labels, which tables of predictions then have.
    y : the n rows as ``Lifetimes``, or None. unit : (n,) labels. age : (n,) ages at the landmarks.
    entry : (n,) what predictions take as age: ``age``, or 0 on the clock of remaining life.
    clock, horizon : as given.

    Raises
    ------
    TypeError : no tables, or columns of wrong types.
    ValueError : a column is not there; readings twice at one time, after the end of their unit, or missing; units without readings, or
        that lived on for long after their last one; a sensor that never changes; a column ``weights`` of units of which weights= says
        nothing; no landmark is left. Messages name row and unit.
    """

    X: pd.DataFrame
    y: Lifetimes | None
    unit: np.ndarray
    age: np.ndarray
    entry: np.ndarray
    _learned: LearnedLandmarks | None = None
    _numeric: Readings
    _until: np.ndarray

    def __init__(
        self,
        log: Any,
        units: Any = None,
        *,
        at: Any = "readings",
        features: Any = ("last",),
        columns: Sequence[Hashable] | None = None,
        clock: str = "age",
        horizon: float | None = None,
        missing: str = "refuse",
        hold_last: bool | float = False,
        unit: Hashable = "unit",
        time: Hashable = "time",
        duration: Hashable = "duration",
        event: Hashable = "event_observed",
        entry: Hashable | None = None,
        weights: Hashable | None = None,
    ) -> None:
        for name, value, known in (("clock", clock, CLOCKS), ("missing", missing, MISSING)):
            if value not in known:
                raise ValueError(f"{name} must be one of {', '.join(map(repr, known))}; got {value!r}.")
        if horizon is not None and not (np.ndim(horizon) == 0 and 0 < float(horizon) < np.inf):
            raise ValueError(f"horizon must be a length of time of more than 0, or None; got {horizon!r}.")
        roles = {"unit": unit, "time": time, "duration": duration, "event": event, "entry": entry, "weights": weights}
        self._roles = {role: None if name is None else str(name) for role, name in roles.items()}
        self._clock, self._horizon, self._missing = clock, horizon, missing
        lives = None
        if units is not None:
            lives = read_lives(read_table(units), str(unit), str(duration), str(event), self._roles["entry"])
        log = read_log(log, str(unit), str(time), lives)
        if lives is not None and (len(log.gaps) or hold_last is not False):
            refuse_held(hold_last, log.gaps, lives.ends - log.time[log.last], log.labels)
        facts = [] if lives is None else self._facts(lives.table, columns)
        sensors = [name for name in log.table.columns if name not in (str(unit), str(time))]
        clash = next((name for name in sensors if name in facts), None)
        if clash is not None:
            raise ValueError(f"column {clash!r} is in log and in units; rename or drop one.")
        if isinstance(columns, str):
            raise TypeError(f"columns must be a list of names, columns=[{columns!r}]; got the text {columns!r}.")
        if columns is not None:
            chosen = [str(name) for name in columns]
            log.table.pick(tuple(name for name in chosen if name not in facts), of="log")
            sensors, facts = [name for name in chosen if name not in facts], [name for name in chosen if name in facts]
        self._sensors, self._fact_names = sensors, facts
        self._features = features_of_each(features, sensors)
        self._with_age = clock == "remaining"
        self._are_numeric: dict[str, bool] = {}
        self._build(log, lives, at)

    def latest(self, log: Any, units: Any = None, *, at: Any = "last", unlike: str = "refuse") -> Landmarks:
        """Rows of the same features for units of another log, at each one's last reading unless ``at`` says otherwise: to predict for.

        The index of their X, and so of the tables of predictions, is the labels of the units.

        Parameters
        ----------
        log : as before; sensors that were not asked for may be missing.
        units : what is known of these units for good, where that was a covariate: ``unit`` and these columns.
        unlike : "refuse" a log that is in another unit of time, or of a sensor, by what was learned from: in which all readings are more
            than five times closer, or further apart; or a column of X or the age is far outside its range in every row. Or "allowed".

        Raises
        ------
        TypeError, ValueError : as before. A sensor that does not change here is no fault.
        """
        if unlike not in UNLIKE:
            raise ValueError(f"unlike must be one of {', '.join(map(repr, UNLIKE))}; got {unlike!r}.")
        import pandas as pd

        other = self._same_recipe()
        readings = read_log(log, str(self._roles["unit"]), str(self._roles["time"]), None)
        other._build(readings, None, at, None if units is None else read_table(units))
        if other._learned is not None and unlike == "refuse":
            other._learned.refuse_unlike(other.X, other.age, readings.gaps)
        other.X.index = pd.Index(other.unit, name=self._roles["unit"])
        return other

    def _without_rows(self) -> Landmarks:
        """No row, but what makes others, ``latest(log)``: what a model keeps."""
        none = self._same_recipe()
        none.X, none.y = self.X.iloc[:0].reset_index(drop=True), None
        none.unit, none.age, none.entry, none._until = np.empty(0, dtype=object), np.empty(0), np.empty(0), np.empty(0, dtype=int)
        none._numeric = Readings(np.empty(0, dtype=int), np.empty(0), np.empty((0, self._numeric.values.shape[1])))
        return none

    def _same_recipe(self) -> Landmarks:
        other = object.__new__(Landmarks)
        other.__dict__.update({name: value for name, value in self.__dict__.items() if name.startswith("_")})
        if self.y is not None:
            gaps = gaps_of(self._numeric.of, self._numeric.time)
            other._learned = learned_landmarks(self.X, self.y, self.unit, self.age, gaps)
        return other

    def windows(self, n: int, *, beside: Sequence[Hashable] | None = None) -> Any:
        """The last ``n`` readings of each row's numeric sensors, (rows, n, sensors), the latest last: what recurrent networks take.

        Of X they have nothing: the age and what is known of a unit for good go with them by ``beside=["age", "make"]``. A network learns
        from them by ``fit(rows.windows(n), rows.y, unit=rows.unit)``, and knows of no ``horizon`` then.

        Where a unit has had fewer its first is repeated before them.

        Parameters
        ----------
        beside : columns of ``X`` that go with them, what is known of a unit for good or its age: a ``ReadingWindows`` is then returned.

        Raises
        ------
        TypeError : ``beside`` is a text. ValueError : n is no whole number of at least 1; no sensor is numeric; no such column of X.
        """
        if not (isinstance(n, (int, np.integer)) and n >= 1):
            raise ValueError(f"n must be a whole number of readings, at least 1; got {n!r}.")
        if not self._numeric.values.shape[1]:
            raise ValueError("no sensor is numeric, so that there are no windows of readings.")
        first = np.searchsorted(self._numeric.of, self._numeric.of[self._until - 1])
        places = self._until[:, None] - np.arange(n, 0, -1)
        readings = self._numeric.values[np.maximum(places, first[:, None])]
        if beside is None:
            return readings
        if isinstance(beside, str):
            raise TypeError(f"beside must be a list of names, beside=[{beside!r}]; got the text {beside!r}.")
        read_table(self.X).pick(tuple(map(str, beside)))
        return ReadingWindows(readings, self.X[list(beside)])

    def to_frame(self) -> pd.DataFrame:
        """The rows as a pandas frame: unit, age, then, where the ends are known, duration and event on the model's clock, then X."""
        import pandas as pd

        columns: dict[str, Any] = {"unit": self.unit, "landmark": self.age}
        if self.y is not None:
            columns |= {"duration": self.y.durations, "event": self.y.event_observed}
        return pd.concat([pd.DataFrame(columns), self.X.reset_index(drop=True)], axis=1)

    def __getitem__(self, rows: Any) -> Landmarks:
        """The rows of a mask, of numbers or of a slice: those of some units, or from some age on."""
        some = object.__new__(Landmarks)
        some.__dict__.update(self.__dict__)
        picked = np.arange(len(self))[rows if isinstance(rows, slice) else np.atleast_1d(np.asarray(rows))]
        some.X = self.X.iloc[picked] if self.y is None else self.X.iloc[picked].reset_index(drop=True)
        some.unit, some.age, some.entry, some._until = (column[picked] for column in (self.unit, self.age, self.entry, self._until))
        some.y = None if self.y is None else self.y[picked]
        some._mark()
        return some

    def __len__(self) -> int:
        return len(self.unit)

    @property
    def clock(self) -> str:
        """What y counts: "age", or "remaining" life."""
        return self._clock

    @property
    def horizon(self) -> float | None:
        """How long after its landmark a row ends at the latest; None: rows are followed to the end."""
        return self._horizon

    def __repr__(self) -> str:
        if not len(self):
            return f"Landmarks(no rows, but how to make them: latest(log); {names_in_brief(self.X)})"
        k = len(set(self.unit.tolist()))
        outcome = "" if self.y is None else f", {len(set(self.unit[self.y.event_observed].tolist())):,} of which failed"
        clock = "age" if self._clock == "age" else "remaining life"
        return f"Landmarks({len(self):,} rows of {k:,} units{outcome}, on the clock of {clock}; {names_in_brief(self.X)})"

    # ---- how it is made

    def _facts(self, fleet: Table, columns: Sequence[Hashable] | None) -> list[str]:
        entry = self._roles["entry"] or "entry"
        taken = {name for role, name in self._roles.items() if role != "entry"} | {entry}
        if columns is None and "weights" in fleet.columns and "weights" not in taken:
            raise ValueError(
                "units has a column 'weights', and it is not said whether it counts units: pass weights='weights' if it does; if it is "
                "something known of each unit, rename it, or name the columns to be covariates, columns=[...]."
            )
        return [name for name in fleet.columns if name not in taken]

    def _build(self, log: ReadingLog, lives: Lives | None, at: Any, facts: Table | None = None) -> None:
        import pandas as pd

        sensors = self._read_sensors(log, refuse_constant=lives is not None)
        of, age = landmark_moments(log, lives, at, str(self._roles["unit"]), str(self._roles["time"]))
        if not len(of):
            raise ValueError("no landmark is left: no unit is running, and has a reading, at any of the ages of at=.")
        until = count_up_to(log.of, log.time, of, age)
        columns: dict[str, Any] = {}
        numeric = [name for name in self._sensors if isinstance(sensors[name], np.ndarray)]
        matrix = np.column_stack([sensors[name] for name in numeric]) if numeric else np.empty((len(log.of), 0))
        self._numeric, self._until = Readings(log.of, log.time, matrix), until
        made: dict[tuple[str, Feature], np.ndarray] = {}
        for feature in dict.fromkeys(feature for name in numeric for feature in self._features[name]):
            asked = [j for j, name in enumerate(numeric) if feature in self._features[name]]
            values = feature.at(Readings(log.of, log.time, matrix[:, asked]), Moments(until, age))
            made |= {(numeric[j], feature): values[:, k] for k, j in enumerate(asked)}
        for name in self._sensors:
            if name in numeric:
                columns |= {f"{name} {feature.label()}": made[name, feature] for feature in self._features[name]}
            else:
                columns[name] = sensors[name].array.take(until - 1)
        columns |= self._columns_of_facts(log, lives, facts, of)
        if lives is not None:
            self._with_age = self._with_age and bool((age != age[0]).any())
        if self._with_age:
            if "age" in columns:
                raise ValueError("a covariate is called 'age', as that of the landmark is; rename it.")
            columns["age"] = age
        self.X = pd.DataFrame(columns, index=range(len(of)))
        self.unit, self.age = np.asarray(log.labels)[of], age
        self.entry = age if self._clock == "age" else np.zeros(len(age))
        self.y = None if lives is None else self._outcomes(lives, of, age)
        self._mark()

    def _mark(self) -> None:
        if self.y is not None:
            self.X.attrs[MARK] = {"copies": len(set(self.unit.tolist())) < len(self), "horizon": self._horizon}

    def _read_sensors(self, log: ReadingLog, refuse_constant: bool) -> dict[str, Any]:
        """Of each sensor its ordered readings: floats, or a pandas Series where it is not numeric."""
        read: dict[str, Any] = {}
        for name in self._sensors:
            column = log.table.pick((name,), of="log")[0]
            if self._missing == "hold":
                column = held_column(as_series(column).reset_index(drop=True), name, log)
            values = whole_column(log.table._replace(columns={name: column}), name, "log")
            numeric = getattr(values.dtype, "numpy_dtype", values.dtype).kind in "fiub"
            if numeric != self._are_numeric.setdefault(name, numeric):
                now, before = ("numbers", "none") if numeric else ("no numbers", "numbers")
                raise TypeError(f"sensor {name!r} has {now} in this log, and had {before} in that of the other rows. Convert it.")
            read[name] = values.to_numpy(dtype=float)[log.order] if numeric else values.iloc[log.order].reset_index(drop=True)
        still = [name for name, values in read.items() if len(values) and len(set(np.asarray(values).tolist())) == 1]
        if still and refuse_constant:
            many = f"sensors {', '.join(map(repr, still))} never change" if len(still) > 1 else f"sensor {still[0]!r} never changes"
            raise ValueError(f"{many}, so that nothing can be learned of it. Leave it out of the log, or choose others with columns=.")
        return read

    def _columns_of_facts(self, log: ReadingLog, lives: Lives | None, facts: Table | None, of: np.ndarray) -> dict[str, Any]:
        import pandas as pd

        if not self._fact_names:
            return {}
        table = facts if lives is None else lives.table
        if table is None:
            raise ValueError(f"{', '.join(map(repr, self._fact_names))} of each unit must be told by units=, as when the model was fitted.")
        rows = of
        if lives is None:
            named = pd.Index(as_series(table.pick((str(self._roles["unit"]),), of="units")[0]))
            refuse_units(named.duplicated(), "is there twice", named, "Keep one row for each unit.")
            rows = named.get_indexer(pd.Index(np.asarray(log.labels)))[of]
            for row in np.flatnonzero(rows < 0)[:1]:
                raise ValueError(f"unit {log.labels[of[row]]!r} of log is not among units; add it.")
        return {name: whole_column(table, name, "units").array.take(rows) for name in self._fact_names}

    def _outcomes(self, lives: Lives, of: np.ndarray, age: np.ndarray) -> Lifetimes:
        end, failed = lives.ends[of], lives.failed[of]
        if self._horizon is not None:
            failed = failed & (end - age <= self._horizon)
            end = np.minimum(end, age + self._horizon)
        given: dict[str, Any] = {}
        if self._roles["weights"] is not None:
            given["weights"] = read_column(lives.table.pick((self._roles["weights"],), of="units")[0], "weights")[of]
        if self._clock == "age":
            return Lifetimes(end, failed, entry=age, **given)
        return Lifetimes(end - age, failed, **given)
