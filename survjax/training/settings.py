"""How a training goes about it: optimiser, batches, when to stop."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

LEARNING_RATES = {"adam": 1e-3, "sgd": 0.1}


@dataclass(frozen=True)
class TrainingSettings:
    """How a training goes about it.

    Attributes
    ----------
    optimiser : "adam" (with decoupled weight decay: Loshchilov & Hutter 2019), "sgd", or any ``optax.GradientTransformation``, which has
        its learning rate and weight decay in it.
    learning_rate : of "adam" (None: 0.001) or "sgd" (None: 0.1). weight_decay : of matrices; biases do not decay.
    batch_size : rows of a step; the last of an epoch may have fewer. epochs : the most there are.
    patience : how many epochs in a row may be no better on the rows held out than the best before them. None: all epochs are run.
    precision : "single" or "double", whatever the user's JAX configuration says, which stays as it is.

    Raises
    ------
    ValueError : a setting that is none of these, or would not be looked at.
    """

    optimiser: Any = "adam"
    learning_rate: float | None = None
    weight_decay: float = 0.0
    batch_size: int = 64
    epochs: int = 100
    patience: int | None = 10
    precision: str = "single"

    def __post_init__(self) -> None:
        own = not isinstance(self.optimiser, str)
        if own and not (hasattr(self.optimiser, "init") and hasattr(self.optimiser, "update")):
            raise ValueError(f"optimiser must be {', '.join(map(repr, LEARNING_RATES))} or one of optax; got {self.optimiser!r:.60}.")
        if not own and self.optimiser not in LEARNING_RATES:
            raise ValueError(f"optimiser must be {', '.join(map(repr, LEARNING_RATES))} or one of optax; got {self.optimiser!r}.")
        if own and (self.learning_rate is not None or self.weight_decay):
            raise ValueError(
                "an optimiser of optax has its learning rate and weight decay in it; leave out learning_rate and weight_decay."
            )
        if self.learning_rate is not None and not 0 < self.learning_rate < math.inf:
            raise ValueError(f"learning_rate must be a positive number; got {self.learning_rate!r}.")
        if not 0 <= self.weight_decay < math.inf:
            raise ValueError(f"weight_decay must be a number, 0 or more; got {self.weight_decay!r}.")
        for name in ("batch_size", "epochs", "patience"):
            value = getattr(self, name)
            if not (name == "patience" and value is None) and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise ValueError(f"{name} must be a whole number of at least 1; got {value!r}.")
        if self.precision not in ("single", "double"):
            raise ValueError(f'precision must be "single" or "double"; got {self.precision!r}.')

    @property
    def rate(self) -> float | None:
        """The learning rate that is used; None if an optimiser of optax has it."""
        if not isinstance(self.optimiser, str):
            return None
        return LEARNING_RATES[self.optimiser] if self.learning_rate is None else self.learning_rate

    def transformation(self) -> Any:
        """What turns gradients into steps, without learning rate and weight decay where these are numbers of ours.

        The same object each time, so that its compiled program is found again, whatever the rates.
        """
        if not isinstance(self.optimiser, str):
            return self.optimiser
        return _transformation(self.optimiser)


@cache
def _transformation(name: str) -> Any:
    import optax

    return {"adam": optax.scale_by_adam, "sgd": optax.identity}[name]()
