"""The mixtures, as learners."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from survjax.data.columns import read_flags_of_any_shape, refuse_different_indexes, refuse_rows
from survjax.data.lifetimes import Lifetimes
from survjax.distributions import Distribution
from survjax.distributions import Mixture as MixtureDistribution
from survjax.distributions import Weibull as WeibullDistribution
from survjax.fitting.inference import at_estimate
from survjax.models.arguments import check_whole_number, prediction_arguments
from survjax.models.model import Model
from survjax.models.precision import in_double_precision
from survjax.models.predictions import membership
from survjax.models.template import as_template
from survjax.numerics.blocks import map_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class MixtureModel(Model):
    """What every model over a mixture has besides: several starts, and components that units belong to."""

    n_starts: int | None
    seed: int

    def _search(self) -> dict[str, Any]:
        n_starts = None if self.n_starts is None else check_whole_number(self.n_starts, "n_starts (None to choose it)", 1)
        return {"n_starts": n_starts, "seed": check_whole_number(self.seed, "seed", 0)}

    @in_double_precision
    def predict_component(self, age: Any, failed: Any = False) -> np.ndarray:
        """The probability of belonging to each component.

        For a unit still running at ``age`` by its survival so far, for one that failed at ``age`` by the density there.

        Parameters
        ----------
        age : ages reached, any shape.
        failed : 1 or True where the unit failed at that age, 0 or False where it still runs; broadcasts with ``age``.

        Returns
        -------
        (n, k) for n ages; each row adds up to 1.

        Raises
        ------
        TypeError, ValueError : ``failed`` is something else; a failure at age 0, which has no density to go by; two pandas Series
            with different indexes.
        """
        refuse_different_indexes(age=age, failed=failed)
        flags = read_flags_of_any_shape(failed, "failed")
        (ages, failures), shape = prediction_arguments(self._fitted.template.start_of_support, age=age, failed=flags.astype(float))
        at_birth = ((ages == self._fitted.template.start_of_support) & (failures > 0)).reshape(shape)
        refuse_rows(at_birth, ages.reshape(shape), "age", "more than 0 where failed", "Leave out units that were dead on arrival.")
        fit = self._fitted
        values = map_rows(at_estimate(membership), (fit.template, fit.coordinates), ages, failures)
        return values.reshape(*shape, -1) if shape else values[0]

    def plot_components(
        self, life: Lifetimes | None = None, *, ax: Axes | None = None, label: str | None = None, color: Any = None
    ) -> Axes:
        """The density of the mixture and of each of its components, over a histogram of the failures."""
        from survjax.plotting import plot_components

        return plot_components(self, life, ax=ax, label=label, color=color)


class Mixture(MixtureModel):
    """A population made of several, each with a lifetime distribution of its own.

    Parameters
    ----------
    components : learners or distributions, which may differ in kind; what their constructors give is known.
    weight : (k,) numbers that add up to 1, None where one is to be learned; None: all are learned.
    n_starts : how many starts to search from; None: twenty, then more until the best optimum was reached three times, at most
        sixty.
    seed : of the random starts.
    """

    def __init__(
        self,
        components: Sequence[Model | Distribution],
        *,
        weight: Sequence[float | None] | None = None,
        n_starts: int | None = None,
        seed: int = 0,
    ) -> None:
        self.components = components
        self.weight = weight
        self.n_starts = n_starts
        self.seed = seed

    def _template(self) -> Distribution:
        if not _in_order(self.components) or len(self.components) < 1:
            raise TypeError(f"components must be a list of at least one learner or distribution; got {self.components!r}.")
        parts = tuple(as_template(component) for component in self.components)
        return as_template(MixtureDistribution(parts, _one_each("weight", self.weight, len(parts))))


class WeibullMixture(MixtureModel):
    """A mixture of Weibull distributions: infant mortality and wear-out in one population.

    Parameters
    ----------
    n_components : k, how many sub-populations.
    weight, shape, scale : (k,) each, None where a value is to be learned, a number where it is known; None: all are learned.
    n_starts : how many starts to search from; None: twenty, then more until the best optimum was reached three times, at most
        sixty.
    seed : of the random starts.

    Components are ordered by median life when nothing in them is known; otherwise the order given stands.

    Notes
    -----
    The likelihood of a mixture has no upper bound, since a component may shrink onto one failure time. The fit is the
    highest maximum at which no component is such a spike, or the single Weibull where no mixture is better (``notes_`` says
    which). ``fit`` offers two ways out where a component is as narrow as the records: their ``resolution`` (and whether ages were
    ``rounded`` down), and a ``prior`` on the shapes.

    References
    ----------
    McLachlan & Peel (2000), Finite Mixture Models, chapters 3 and 10.

    Examples
    --------
    >>> import survjax as sj
    >>> model = sj.WeibullMixture(n_components=2).fit([33, 44, 52, 61, 70, 71, 75], [1, 0, 1, 1, 1, 1, 1])
    """

    def __init__(
        self,
        n_components: int = 2,
        *,
        weight: Sequence[float | None] | None = None,
        shape: Sequence[float | None] | None = None,
        scale: Sequence[float | None] | None = None,
        n_starts: int | None = None,
        seed: int = 0,
    ) -> None:
        self.n_components = n_components
        self.weight = weight
        self.shape = shape
        self.scale = scale
        self.n_starts = n_starts
        self.seed = seed

    def _template(self) -> Distribution:
        k = check_whole_number(self.n_components, "n_components", 1)
        shapes, scales = _one_each("shape", self.shape, k), _one_each("scale", self.scale, k)
        parts = tuple(WeibullDistribution(shape, scale) for shape, scale in zip(shapes, scales, strict=True))
        return as_template(MixtureDistribution(parts, _one_each("weight", self.weight, k)))


def _one_each(name: str, given: Sequence[Any] | None, k: int) -> tuple[Any, ...]:
    if given is None:
        return (None,) * k
    if not _in_order(given):
        raise TypeError(f"{name} must have one entry a component (None where it is to be learned); got {given!r}.")
    if len(given) != k:
        raise ValueError(
            f"{name} must have one entry a component: {k} are needed, {len(given)} were given. "
            f"Set n_components={len(given)} if that is meant."
        )
    return tuple(given)


def _in_order(given: Any) -> bool:
    """Whether there are so many in an order of their own: lists, tuples, arrays; not text, sets or dictionaries."""
    return hasattr(given, "__len__") and hasattr(given, "__getitem__") and not isinstance(given, (str, bytes, dict))
