"""A population of which only a part can fail, as a learner."""

from __future__ import annotations

from typing import Any

import numpy as np

from survjax.distributions import DefectiveSubpopulation as DefectiveDistribution
from survjax.distributions import Distribution
from survjax.models.model import Model
from survjax.models.template import as_template


class DefectiveSubpopulation(Model):
    r"""Units of which a fraction carries a defect and fails in time; the others never do (limited failure population).

    .. math:: S(t) = 1 - \pi + \pi\,S_d(t)

    The mean life and every expected remaining life are infinite, unless all can fail. What is finite instead: the probability of ever
    failing, the mean of the life given that the unit fails, and the restricted mean ``predict_rul(age, horizon=...)``.

    Parameters
    ----------
    of : learner or distribution of the life of a defective unit, what its constructor gives being known.
    fraction_failing : pi, from 0 to 1: the share of units that can fail; None: learned. Weibull++ and JMP: defective subpopulation, p.

    References
    ----------
    Meeker (1987), Limited Failure Population Life Tests, Technometrics 29.

    Examples
    --------
    >>> import survjax as sj
    >>> model = sj.DefectiveSubpopulation(sj.Weibull(shape=2.0, scale=30.0), 0.3)
    >>> round(model.predict_probability_of_failing(30.0), 4)
    0.1362
    """

    def __init__(self, of: Model | Distribution, fraction_failing: float | None = None) -> None:
        self.of = of
        self.fraction_failing = fraction_failing

    def _template(self) -> Distribution:
        return as_template(DefectiveDistribution(self.of, self.fraction_failing))

    def predict_probability_of_failing(self, age: Any) -> Any:
        """P(ever fails | alive at ``age``): the share of defective units among those left. Shape of age."""
        return self._predict("probability_of_failing", age=age)

    def predict_rul_if_failing(self, age: Any) -> Any:
        """Expected remaining life of a unit alive at ``age``, given that it fails some day. Shape of age."""
        return self._predict("rul_if_failing", age=age)

    def mean_if_failing(self) -> float:
        """The mean life of the units that fail."""
        return self._predict("mean_if_failing", age=0.0)

    @property
    def notes_(self) -> list[str]:
        """What the reader of this fit should know, in sentences: also what there is in place of an infinite mean life."""
        return [*super().notes_, *self._instead_of_a_mean()]

    def _instead_of_a_mean(self) -> list[str]:
        never = 1.0 - float(self.parameters_["fraction_failing"])
        if never == 0.0:
            return []
        told = [
            f"The mean life is infinite, since a share of {never:.6g} never fails; so is every expected remaining life. The others "
            f"fail at a mean age of {self.mean_if_failing():.6g} (mean_if_failing)."
        ]
        if self.lifetimes_ is not None:
            oldest = float(np.max(self.lifetimes_.durations))
            share, mean = self.predict_probability_of_failing(oldest), self.predict_rul(0.0, horizon=oldest)
            told.append(
                f"Of units alive at {oldest:g}, the last age in the data, a share of {share:.4g} will ever fail "
                f"(predict_probability_of_failing); the mean life restricted to that age is {mean:.6g} (predict_rul with a horizon)."
            )
        return told
