"""Small networks over what is known of a unit: a row of numbers, or a window of readings.

Each is a pytree of arrays alone, so that it is at once the parameters that are trained and the function that they make. The last layer is
zero at first: whatever the network adds to, it begins there.
"""

from __future__ import annotations

import itertools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

KINDS = ("perceptron", "recurrent", "convolutional")
KERNEL = 5  # readings that a convolution sees at once


class Perceptron(eqx.Module):
    """Dense layers with SiLU between them; dropout while learning."""

    layers: tuple[eqx.nn.Linear, ...]
    dropout: float = eqx.field(static=True)

    def __call__(self, x: Any, key: Any) -> Any:
        for number, layer in enumerate(self.layers[:-1]):
            x = _dropped(jax.nn.silu(layer(x)), self.dropout, key, number)
        return self.layers[-1](x)


class Recurrent(eqx.Module):
    """A gated recurrent unit (Cho et al. 2014) over a window (window, channels), its last state put through dense layers.

    With ``window`` x is one, (window * channels + columns,), of which the columns join the state in the dense layers.
    """

    cell: eqx.nn.GRUCell
    head: Perceptron
    window: tuple[int, int] | None = eqx.field(static=True, default=None)

    def __call__(self, x: Any, key: Any) -> Any:
        x, beside = _parted(x, self.window)
        state = jnp.zeros(self.cell.hidden_size, x.dtype)
        state, _ = jax.lax.scan(lambda state, reading: (self.cell(reading, state), None), state, x)
        return self.head(jnp.concatenate([state, *beside]), key)


class Convolutional(eqx.Module):
    """A convolution over a window (window, channels), its mean and last activity put through dense layers; ``window`` as ``Recurrent``."""

    convolution: eqx.nn.Conv1d
    head: Perceptron
    window: tuple[int, int] | None = eqx.field(static=True, default=None)

    def __call__(self, x: Any, key: Any) -> Any:
        x, beside = _parted(x, self.window)
        activity = jax.nn.silu(self.convolution(x.T))
        return self.head(jnp.concatenate([activity.mean(axis=1), activity[:, -1], *beside]), key)


def create(kind: str, shape: tuple[int, ...], outputs: int, hidden: tuple[int, ...], dropout: float, seed: int, members: int) -> Any:
    """That many networks of one kind, with a first axis of them on every array (NumPy, single precision).

    Matrices are normal with variance 1 / inputs, so that sizes keep (LeCun, Bottou, Orr & Müller 1998); biases and the last layer are zero.

    Parameters
    ----------
    kind : one of ``KINDS``. shape : of the inputs of one unit, (columns,), (window, channels) or, flat, (window, channels, columns).
    hidden : sizes of the hidden layers; the first is that of the recurrent state, or of the convolution's channels.
    """
    random = np.random.default_rng(seed)

    def begin(leaf: Any) -> np.ndarray:
        if leaf.ndim < 2:
            return np.zeros((members, *leaf.shape), np.float32)
        return (random.normal(size=(members, *leaf.shape)) / np.sqrt(np.prod(leaf.shape[1:]))).astype(np.float32)

    networks = jax.tree.map(begin, structure(kind, shape, outputs, hidden, dropout))
    last = (networks if kind == "perceptron" else networks.head).layers[-1]
    last.weight[:] = 0.0
    return networks


def structure(kind: str, shape: tuple[int, ...], outputs: int, hidden: tuple[int, ...], dropout: float) -> Any:
    """A network without numbers: of each array the shape alone."""

    def one(key: Any) -> Any:
        if kind == "perceptron":
            return _perceptron((*shape, *hidden, outputs), dropout, key)
        window, beside = (shape[:2], shape[2]) if len(shape) == 3 else (None, 0)
        if kind == "recurrent":
            head = _perceptron((hidden[0] + beside, *hidden[1:], outputs), dropout, key)
            return Recurrent(eqx.nn.GRUCell(shape[1], hidden[0], key=key), head, window)
        convolution = eqx.nn.Conv1d(shape[1], hidden[0], KERNEL, padding="SAME", key=key)
        return Convolutional(convolution, _perceptron((2 * hidden[0] + beside, *hidden[1:], outputs), dropout, key), window)

    return jax.eval_shape(one, jax.ShapeDtypeStruct((2,), np.uint32))


def outputs_of(networks: Any, x: Any) -> Any:
    """What each of k networks says of one unit: (k, outputs)."""
    return jax.vmap(lambda network: network(x, None))(networks)


def in_double(networks: Any) -> Any:
    """The same networks with their numbers in double precision, in which they are asked."""
    return jax.tree.map(lambda array: np.asarray(array, np.float64), networks)


def _parted(x: Any, window: tuple[int, int] | None) -> tuple[Any, list[Any]]:
    """The window (window, channels) of an input, and what is beside it."""
    if window is None:
        return x, []
    size = window[0] * window[1]
    return x[:size].reshape(window), [x[size:]]


def _perceptron(sizes: tuple[int, ...], dropout: float, key: Any) -> Perceptron:
    layers = (eqx.nn.Linear(before, after, key=key) for before, after in itertools.pairwise(sizes))
    return Perceptron(tuple(layers), dropout)


def _dropped(x: Any, share: float, key: Any, number: int) -> Any:
    if key is None or share == 0.0:
        return x
    kept = jax.random.bernoulli(jax.random.fold_in(key, number), 1.0 - share, x.shape)
    return jnp.where(kept, x / (1.0 - share), 0.0)
