"""A network that gives each unit its hazard, age by age."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution, PiecewiseExponential
from survjax.models.arguments import check_whole_number
from survjax.neural.neural_regression import NeuralRegression
from survjax.neural.step_hazard import StepHazard


class NeuralHazard(NeuralRegression):
    r"""A hazard that is constant within intervals of age, its logarithm in each given by a network of what is known of the unit.

    .. math:: \log h(t \mid x) = \log \lambda_j + f_j(x) \quad\text{for}\quad b_{j-1} \le t < b_j

    :math:`\lambda` is the piecewise exponential fit to the lifetimes alone, at which the networks :math:`f` begin. What is minimised is the
    cross-entropy of survival, minus the sum of :math:`\log(1 - q_j)` over the intervals survived less :math:`\log h` where the unit failed,
    with :math:`q_j = 1 - \exp(-h_j d_j)` the probability of failing in interval j of which :math:`d_j` was spent: the likelihood of a
    continuous age, in which an interval spent in part, an entry after age 0 and a failure known only within ages count exactly.

    Several networks are trained, each stopped by units that it does not learn from; the ensemble's hazard is the geometric mean of theirs,
    of which the log-likelihood is at least the mean of theirs. Training is in single precision, predictions are made in double.
    Beyond the last break the hazard stays what it is (an exponential tail): expected lives that reach far beyond the ages seen rest on
    that, restricted ones (``horizon=``) do not.

    Parameters
    ----------
    formula : as formulaic reads it, ``"~ temperature + C(brand)"``. None: every column of X, categories as indicator columns. Columns are
        standardised inside.
    breaks : rising positive ages, in the unit of time. None: ``n_intervals`` pieces between quantiles of the ages at failure.
    n_intervals : how many pieces at most, where ``breaks`` are not given.
    network : "perceptron" (dense layers), or for X (n, window, channels) "recurrent" (a GRU) or "convolutional".
    hidden : sizes of the hidden layers; () is a linear score for each interval. dropout : share of activities left out while learning.
    members : how many networks. resample : "folds": each is stopped by a fold of the units; "bootstrap": each learns from units drawn
        with replacement and is stopped by those not drawn, which ``interval`` needs.
    optimiser, learning_rate, weight_decay, epochs, patience : as for ``survjax.training.TrainingSettings``. batch_size : rows of a step;
        None: a power of two near a 64th of the rows, from 32 to 256.
    calibrate : whether one factor on all hazards is learned from predictions for units held out; it is applied where they refute 1
        (a chi-squared beyond 3.84), and ``notes_`` says so.
    seed : of everything random.

    References
    ----------
    Friedman (1982), Annals of Statistics 10, on the piecewise exponential; Gensheimer & Narasimhan (2019), PeerJ 7, on networks for
    discrete-time hazards.

    Examples
    --------
    >>> import numpy as np, survjax as sj
    >>> load = np.tile([0.0, 1.0], 100)
    >>> life = sj.Lifetimes(np.random.default_rng(0).exponential(10.0 / (1.0 + load)))
    >>> model = sj.NeuralHazard(n_intervals=2, hidden=(4,), members=1, learning_rate=0.01).fit({"load": load}, life)
    >>> low, high = model.predict_failure_probability({"load": [0.0, 1.0]}, 0.0, 5.0)
    >>> bool(low < high)
    True
    """

    _kind = PiecewiseExponential
    _tail = "the hazard of the last piece goes on"

    def __init__(
        self,
        formula: str | None = None,
        *,
        breaks: Sequence[float] | None = None,
        n_intervals: int = 10,
        network: str = "perceptron",
        hidden: tuple[int, ...] = (32,),
        dropout: float = 0.0,
        members: int = 5,
        resample: str = "folds",
        optimiser: Any = "adam",
        learning_rate: float | None = None,
        weight_decay: float = 0.0,
        batch_size: int | None = None,
        epochs: int = 200,
        patience: int = 10,
        calibrate: bool = True,
        seed: int = 0,
    ) -> None:
        self.formula = formula
        self.breaks = breaks
        self.n_intervals = n_intervals
        self.network = network
        self.hidden = hidden
        self.dropout = dropout
        self.members = members
        self.resample = resample
        self.optimiser = optimiser
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.epochs = epochs
        self.patience = patience
        self.calibrate = calibrate
        self.seed = seed

    def _template(self, life: Lifetimes) -> Distribution:
        breaks = (
            breaks_between_failures(life, check_whole_number(self.n_intervals, "n_intervals", 1)) if self.breaks is None else self.breaks
        )
        template = PiecewiseExponential(np.asarray(breaks, dtype=float), None)
        template.check()
        return template

    def _trained_as(self, template: Any) -> StepHazard:
        return StepHazard(template.breaks)

    @property
    def breaks_(self) -> np.ndarray:
        """The ages (k,) at which hazards may jump."""
        return np.array(self._fitted.template.breaks)  # type: ignore[attr-defined]

    @staticmethod
    def _law_of(template: Any, coordinates: Any) -> Any:
        return template.bind(coordinates.mean(axis=0))


def breaks_between_failures(life: Lifetimes, n_intervals: int) -> np.ndarray:
    """Ages (at most n_intervals - 1,) that part the failures into about equal numbers, at least one in each piece.

    Each lies halfway between two failures: at a failure, rounding in another unit of time would move it to the piece before. Of
    failures within an interval the middle counts.
    """
    failed = life.in_the_middle().failed().durations
    if not failed.size:
        return np.zeros(0)
    ages, shares = np.unique(failed), np.arange(1, n_intervals) / n_intervals
    first = np.unique(np.searchsorted(ages, np.quantile(failed, shares, method="inverted_cdf")))
    first = first[first > 0]
    return 0.5 * (ages[first - 1] + ages[first])
