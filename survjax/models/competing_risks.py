"""Competing risks, as a learner."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING

from survjax.distributions import CompetingRisks as CompetingRisksDistribution
from survjax.distributions import Distribution
from survjax.models.model import Model
from survjax.models.template import as_template

if TYPE_CHECKING:
    import pandas as pd


class CompetingRisks(Model):
    """The life of a unit that fails of whichever cause comes first, each working as if it were alone (weakest link).

    Parameters
    ----------
    components : learners or distributions, what their constructors give being known. A list: which cause it was is not asked, and
        causes in the data are not looked at. A mapping from the label of each cause, as ``Lifetimes(cause=...)`` names it, to its
        distribution: a failure of a known cause contributes the hazard of that cause alone, one of unknown cause the sum of all.

    The parameters of the component at position i of the list or mapping end in ``_i``; ``causes_`` and ``summary`` say which cause
    that is.

    Raises
    ------
    BadRow : (``fit``) a failure of a cause that has no component.
    NoFiniteMaximum : (``fit``) nothing has failed, or may have, of a cause that is to be learned, or its own data have no finite
        estimate.

    References
    ----------
    Crowder (2001), Classical Competing Risks, chapters 1 and 2.

    Examples
    --------
    >>> import survjax as sj
    >>> life = sj.Lifetimes([30, 42, 45, 51, 60], [1, 1, 1, 1, 0], cause=["seal", "bearing", None, "seal", None])
    >>> model = sj.CompetingRisks({"seal": sj.Weibull(), "bearing": sj.Exponential()}).fit(life)
    >>> model.causes_
    ('seal', 'bearing')
    """

    def __init__(self, components: Mapping[Hashable, Model | Distribution] | Sequence[Model | Distribution]) -> None:
        self.components = components

    def _template(self) -> Distribution:
        given = self.components
        if isinstance(given, (str, bytes)) or not isinstance(given, (Mapping, Sequence)) or not given:
            raise TypeError(
                "components must be a list of at least one learner or distribution, or a mapping from the label of each cause to one; "
                f"got {given!r}."
            )
        return as_template(CompetingRisksDistribution(given if isinstance(given, Mapping) else tuple(given)))

    @property
    def causes_(self) -> tuple[Hashable, ...] | None:
        """The label of each component, in the order in which parameters are numbered; None where they have none."""
        template = self._fitted.template
        return template.causes if isinstance(template, CompetingRisksDistribution) else None

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Estimate, standard error and Wald limits at ``level`` of every parameter, and the cause it belongs to if causes have labels."""
        table = super().summary(level)
        causes = self.causes_
        if causes is not None:
            table.insert(0, "cause", [causes[int(name.split("_")[-1])] for name in table.index])
        return table
