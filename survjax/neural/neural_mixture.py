"""A network that gives each unit its mixture of Weibull distributions."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution, Mixture, Weibull
from survjax.models.arguments import check_whole_number
from survjax.neural.neural_regression import NeuralRegression
from survjax.neural.trained_weibull import TrainedWeibull
from survjax.neural.weibulls_at_once import WeibullsAtOnce


class NeuralMixture(NeuralRegression):
    r"""A mixture of Weibull distributions for each unit, its weights, shapes and scales given by a network of what is known of it.

    .. math:: S(t \mid x) = \sum_i w_i(x) \exp\{-(t/\eta_i(x))^{k_i(x)}\}

    Logarithms of shapes and scales, and log-ratios of weights, are those of the mixture fitted to the lifetimes alone plus what the network
    says: at the start it is that mixture, and the network learns departures from it.

    Several networks are trained, each stopped by units that it does not learn from; the ensemble's survival is the mean of theirs, a
    mixture of all their components. Training is in single precision, predictions are made in double.

    Parameters
    ----------
    n_components : of the mixture; 1 is a Weibull distribution whose shape and scale follow the network.
    calibrate : whether one factor on all scales is learned from predictions for units held out; it is applied where they refute 1
        (a chi-squared beyond 3.84), and ``notes_`` says so.
    formula, network, hidden, dropout, members, resample, optimiser, learning_rate, weight_decay, batch_size, epochs, patience, seed :
        as for ``NeuralHazard``.

    References
    ----------
    Bishop (1994), Mixture density networks, Aston University.

    Examples
    --------
    >>> import numpy as np, survjax as sj
    >>> load = np.tile([0.0, 1.0], 100)
    >>> life = sj.Lifetimes(10.0 * np.random.default_rng(0).weibull(2.0, 200) / (1.0 + load))
    >>> model = sj.NeuralMixture(1, hidden=(4,), members=1, learning_rate=0.01).fit({"load": load}, life)
    >>> low, high = model.predict_rul({"load": [0.0, 1.0]})
    >>> bool(low > high)
    True
    """

    _kind = Mixture
    _tail = "the form of the mixture alone says what comes"

    def __init__(
        self,
        n_components: int = 2,
        formula: str | None = None,
        *,
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
        self.n_components = n_components
        self.formula = formula
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
        n_components = check_whole_number(self.n_components, "n_components", 1)
        return Mixture(tuple(Weibull(None, None) for _ in range(n_components)), None if n_components > 1 else (1.0,))

    def _trained_as(self, template: Any) -> Any:
        return Mixture(tuple(TrainedWeibull(part.shape, part.scale) for part in template.components), template.weights)

    @staticmethod
    def _law_of(template: Any, coordinates: Any) -> Any:
        laws = jax.vmap(template.bind)(coordinates)
        shapes, scales = (jnp.concatenate([getattr(part, name) for part in laws.components]) for name in ("shape", "scale"))
        return WeibullsAtOnce(shapes, scales, jnp.concatenate(list(laws.weights)) / len(coordinates))

    @staticmethod
    def _shown(law: Any) -> Mixture:
        return law.as_mixture()
