"""Unit frailty, as a learner."""

from __future__ import annotations

from survjax.distributions import Distribution
from survjax.distributions import UnitFrailty as UnitFrailtyDistribution
from survjax.models.model import Model
from survjax.models.template import as_template

TOLD_BY_SHAPE = (
    "No unit fails twice, so that the variance of the frailty is told by the shape of the base alone: another base with another variance, "
    "or with none, may fit as well."
)
WALD = (
    'The limits in summary_ are Wald\'s, of the logarithm of the variance, too; interval("parameters", method="likelihood") gives those of '
    "the profile likelihood, as Frailty's table does."
)


class UnitFrailty(Model):
    r"""Units of which each has its own frailty Z, by which the hazard of the base is multiplied; averaged over all units

    .. math:: S(t) = E\,[\,e^{-Z H_0(t)}\,]

    Frail units fail first, so that the hazard of those left rises less than that of any one unit. Any kind of row is taken; where units
    come late the frailty is that of units that survived until then. Without repeated failures or covariates the variance is told by the
    shape of the base alone: another base may fit as well without. Where units have covariates, or groups are seen to fail again, use
    ``Frailty``. ``Frailty(base)`` with no group is the same model and gives the same estimates; its limits of the variance are by the
    profile likelihood, those of ``summary_`` here by Wald, as its notes say (``interval("parameters", method="likelihood")`` profiles).

    Parameters
    ----------
    of : learner or distribution of the life of a unit of frailty 1, what its constructor gives being known.
    variance : of a gamma frailty with mean 1, or of the logarithm of a lognormal one with median 1; 0: no unit differs. None: learned.
    distribution : "gamma" or "lognormal".

    References
    ----------
    Vaupel, Manton & Stallard (1979), The Impact of Heterogeneity in Individual Frailty on the Dynamics of Mortality, Demography 16.

    Examples
    --------
    >>> import survjax as sj
    >>> model = sj.UnitFrailty(sj.Weibull(shape=2.0, scale=30.0), 0.5)
    >>> round(model.survival(30.0), 6)
    0.444444
    """

    def __init__(self, of: Model | Distribution, variance: float | None = None, distribution: str = "gamma") -> None:
        self.of = of
        self.variance = variance
        self.distribution = distribution  # type: ignore[assignment]

    @property
    def notes_(self) -> list[str]:
        """What the reader of this fit should know, in sentences: also what a variance of units that fail once rests on."""
        return [*super().notes_, *([] if self.variance is not None else [TOLD_BY_SHAPE, WALD])]

    def _template(self) -> Distribution:
        return as_template(UnitFrailtyDistribution(self.of, self.variance, self.distribution))  # type: ignore[arg-type]
