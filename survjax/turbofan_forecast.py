"""From the readings of turbofan engines to the remaining life of each: what ``survjax turbofan`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from survjax.covariates.landmark_rows import Landmarks
from survjax.models import LEARNERS

if TYPE_CHECKING:
    import pandas as pd

CAP = 125.0  # by common usage of these data, remaining lives beyond 125 cycles count as 125
SETTINGS = ["setting_1", "setting_2", "setting_3"]
# Chosen by five folds of the engines of FD001 (benchmarks/turbofan.md): exponential smoothing beat windows by a cycle and a half of RMSE,
# ages below 20, when smoothing has little to smooth, cost more than a cycle, and rows of one engine overlap, so that a penalty helps. The
# mean of all readings so far changed nothing there and cost two cycles on the 30 simulated engines.
FEATURES = ("smoothed 5", "smoothed 20")
FIRST_AGE = 20.0
PENALTY = 100.0
FEWEST_READINGS = 30  # of a regime, from which to tell its mean and spread


class TurbofanForecast:
    """A lognormal remaining life whose scale follows smoothed sensors, learned at every cycle of engines that ran to failure.

    Sensors are read against their mean and spread in the same operating regime (altitude and throttle, by ``setting_1`` and ``setting_3``
    rounded to whole numbers), so that files with several regimes can be used as well.

    Parameters
    ----------
    training : as ``sj.datasets.load_turbofan`` gives it, each engine to its failure.

    Raises
    ------
    ValueError : fewer than two engines; none that ran for more than 20 cycles; a regime of fewer than 30 readings; malformed readings. The
        message names row and engine.
    """

    def __init__(self, training: pd.DataFrame) -> None:
        training = training.reset_index(drop=True)
        units = training.groupby("unit")["time"].max().reset_index(name="duration")
        if len(units) < 2:
            raise ValueError(f"there must be at least two engines to learn from; the training file has {len(units)}.")
        if units["duration"].max() <= FIRST_AGE:
            raise ValueError(
                f"no engine of the training file ran for more than {FIRST_AGE:g} cycles, and earlier ones are not learned from."
            )
        sensors = training.drop(columns=["unit", "time", *SETTINGS])
        by_regime = sensors.groupby(_regimes(training))
        spread = by_regime.std(ddof=0)
        moves = spread > 1e-9 * sensors.abs().max()  # less is rounding
        self._sensors = list(sensors.columns[moves.any()])
        self._readings = by_regime.size()
        self._mean, self._spread = by_regime.mean()[self._sensors], spread.where(moves, 1.0)[self._sensors]
        lives = units.assign(event_observed=True)
        rows = Landmarks(self._read(training), lives, features=FEATURES, clock="remaining")
        old_enough = rows[rows.age >= FIRST_AGE]
        self._rows = rows
        self.model = LEARNERS["AcceleratedFailureTime"](LEARNERS["LogNormal"](), penalty=PENALTY)
        self.model.fit(old_enough)

    def predict(self, log: pd.DataFrame, *, at: object = "last", level: float = 0.90) -> pd.DataFrame:
        """Of each engine at its last cycle: unit, time, rul (restricted: E min(RUL, 125)), and the limits of its own, unrestricted, RUL.

        Parameters
        ----------
        log : readings of engines that still run. at : other moments, as ``Landmarks`` takes them.

        Raises
        ------
        ValueError : malformed readings, or a regime in which the training engines gave fewer than 30 readings.
        """
        import pandas as pd

        now = self._rows.latest(self._read(log), at=at)
        own = self.model.predict_rul_interval(now.X, now.entry, level=level)
        expected = self.model.predict_rul(now.X, now.entry, horizon=CAP)
        columns = {"unit": now.unit, "time": now.age, "rul": expected, "lower": own["lower"], "upper": own["upper"]}
        return pd.DataFrame({name: np.asarray(column) for name, column in columns.items()})

    def _read(self, log: pd.DataFrame) -> pd.DataFrame:
        """Unit and time, and the sensors that move, each in spreads from its mean in the regime."""
        regime = _regimes(log)
        unseen = ~regime.isin(self._mean.index[self._readings >= FEWEST_READINGS])
        if unseen.any():
            row = int(unseen.to_numpy().argmax())
            gave = int(self._readings.get(regime.iloc[row], 0))
            raise ValueError(
                f"engine {log['unit'].iloc[row]} flew in row {row} (rows count from 0) under setting_1={log['setting_1'].iloc[row]:g} and "
                f"setting_3={log['setting_3'].iloc[row]:g}, where training engines gave {gave} readings, and {FEWEST_READINGS} are the "
                "fewest to judge others by; train on engines flown under the same conditions, or drop such readings."
            )
        scaled = (log[self._sensors].to_numpy() - self._mean.loc[regime].to_numpy()) / self._spread.loc[regime].to_numpy()
        return log[["unit", "time"]].assign(**dict(zip(self._sensors, scaled.T, strict=True)))


def _regimes(log: pd.DataFrame) -> pd.Series:
    import pandas as pd

    altitude, throttle = (log[name].round().astype(int).astype(str) for name in ("setting_1", "setting_3"))
    return pd.Series((altitude + " " + throttle).to_numpy())
