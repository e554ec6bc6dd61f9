"""The line through the points of a probability plot: median-rank regression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from survjax.adequacy.median_ranks import MedianRanks, Ranks, median_ranks
from survjax.data.lifetimes import Lifetimes
from survjax.distributions import LAWS, Distribution
from survjax.distributions.papers import Paper
from survjax.models.template import as_template

if TYPE_CHECKING:
    import pandas as pd

Direction = Literal["x on y", "y on x"]


class RankRegression(NamedTuple):
    """A line through the median ranks of the failures.

    Attributes
    ----------
    parameters : of the law that is this line on its paper, by name.
    correlation : of ages and heights on the paper; 1 where the points lie on a line.
    points : (m rows) age, adjusted rank and the share failed (median rank) of each failed unit.
    distribution : the law itself: ``sj.Model(line.distribution).survival(t)``.
    """

    parameters: pd.Series
    correlation: float
    points: pd.DataFrame
    distribution: Distribution

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={value:.6g}" for name, value in self.parameters.items())
        return (
            f"RankRegression({type(self.distribution).__name__}({told}), correlation={self.correlation:.4f}, {len(self.points):,} failures)"
        )


def rank_regression(law: Any, life: Lifetimes, *, regress: Direction = "x on y", ranks: Ranks = "exact") -> RankRegression:
    """The straight line by least squares through the failures on a law's own probability paper, at their median ranks.

    A graphical method, here to be compared with what Weibull++ and Minitab print (both regress x, the age, on y, the rank, unless
    asked otherwise; Weibull++ takes exact median ranks, Minitab Benard's). It is not our estimator: it has no likelihood, no
    standard errors, and looks at suspensions by the number of failures that they delay, not by their ages. ``fit`` is maximum
    likelihood.

    Parameters
    ----------
    law : a learner or a distribution that is a straight line on its paper, with nothing known: ``sj.Weibull()``. What a fitted
        one has learned is not looked at.
    life : failures at known ages and running units, seen from the start.
    regress : "x on y" makes the distances along the axis of ages least, "y on x" those along the axis of shares. The line of an
        Exponential passes through age 0 on its paper.
    ranks : "exact" or "benard"; with Johnson's adjustment for suspensions, see ``survjax.adequacy.median_ranks.median_ranks``.

    Raises
    ------
    TypeError : a law that no paper makes straight.
    ValueError : a parameter that is known; ages of 0 or less for a law of log age; failures at fewer than two distinct ages; rows that
        have no median rank (intervals, delayed entry, right truncation). The message says which and what to do.

    References
    ----------
    Abernethy (2006), The New Weibull Handbook. Johnson (1964), The Statistical Treatment of Fatigue Experiments.

    Examples
    --------
    >>> import survjax as sj
    >>> line = sj.rank_regression(sj.Weibull(), sj.Lifetimes([16, 34, 53, 75, 93, 120]))
    >>> line.parameters.round(3).to_dict()
    {'shape': 1.443, 'scale': 76.082}
    """
    import pandas as pd

    if regress not in ("x on y", "y on x"):
        raise ValueError(f'regress must be "x on y" (age on rank) or "y on x" (rank on age); got {regress!r}.')
    template = as_template(law)
    paper = _own_paper(template)
    points = median_ranks(life, ranks)
    place, height = _on_paper(points, paper, type(template).__name__)
    line = template.from_line(*_least_squares(place, height, regress, paper.from_origin))
    return RankRegression(
        pd.Series({name: float(parameter.value) for name, parameter in line.parameters().items()}),
        float(np.corrcoef(place, height)[0, 1]),
        pd.DataFrame({"age": points.age, "adjusted_rank": points.rank, "median_rank": points.share}),
        line,
    )


def _own_paper(template: Distribution) -> Paper:
    name = type(template).__name__
    if template.paper is None:
        straight = ", ".join(law.__name__ for law in LAWS if law.paper is not None)
        raise TypeError(f"{name} is a straight line on no probability paper, so that there is no line to draw; these are: {straight}.")
    known = [name for name, parameter in template.parameters().items() if parameter.value is not None]
    if known:
        raise ValueError(
            f"rank regression learns every parameter of a law; {', '.join(known)} of {name} is known. Leave it out, or use fit."
        )
    return template.paper


def _on_paper(points: MedianRanks, paper: Paper, name: str) -> tuple[np.ndarray, np.ndarray]:
    if paper.logarithmic and points.age[0] <= 0:
        raise ValueError(f"a failure at age {points.age[0]:g} has no place on the logarithmic ages of {name} paper. Leave such rows out.")
    if points.age[0] == points.age[-1]:
        raise ValueError(f"all failures are at age {points.age[0]:g}: a line needs two distinct ages.")
    return paper.place(points.age), paper.height(points.share)


def _least_squares(place: np.ndarray, height: np.ndarray, regress: Direction, from_origin: bool) -> tuple[float, float]:
    """Location and scale of the line place = location + scale x height."""
    at = (0.0, 0.0) if from_origin else (float(place.mean()), float(height.mean()))
    x, z = place - at[0], height - at[1]
    scale = float(x @ z / (z @ z)) if regress == "x on y" else float(x @ x / (x @ z))
    return at[0] - scale * at[1], scale
