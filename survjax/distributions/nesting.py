"""Which distributions may stand inside which."""

from __future__ import annotations

from survjax.distributions.defective_subpopulation import DefectiveSubpopulation
from survjax.distributions.distribution import Distribution
from survjax.distributions.mixture import Mixture
from survjax.distributions.threshold import Threshold
from survjax.distributions.zero_inflated import ZeroInflated


def check_nesting(law: Distribution) -> None:
    """Refuse what is made of parts that do not fit into it, where another order of the same parts says the same and can be fitted.

    Raises
    ------
    ValueError : ``ZeroInflated`` inside another; ``DefectiveSubpopulation`` inside itself or a mixture; a threshold that is
        to be learned, or negative, inside what it should be around; a threshold of a threshold; either of them around a law on the whole
        real line.
    """
    name = type(law).__name__
    for part in law.parts():
        inner = type(part).__name__
        if isinstance(part, ZeroInflated):
            raise ValueError(
                f"{name}({inner}(...)): a unit that is dead on arrival has no life to be told apart by. Put it outside, which is the "
                f"same population: ZeroInflated({name}(...))."
            )
        if isinstance(part, DefectiveSubpopulation) and isinstance(law, DefectiveSubpopulation):
            raise ValueError("a fraction failing of a fraction failing: only their product could be learned. Use one.")
        if isinstance(part, DefectiveSubpopulation) and isinstance(law, Mixture):
            raise ValueError(
                f"{name}([{inner}(...), ...]): units that never fail cannot be told apart by component. Put it outside, which is the same "
                f"population: {inner}({name}([...]))."
            )
        if isinstance(part, Threshold) and isinstance(law, Threshold):
            raise ValueError("a threshold of a threshold: only their sum could be learned. Use one.")
        if isinstance(part, Threshold) and not isinstance(law, ZeroInflated) and (part.threshold is None or part.threshold < 0):
            which = "learned" if part.threshold is None else "negative"
            raise ValueError(
                f"{name}({inner}(...)): a threshold that is {which} must be around the whole: Threshold({name}(...)). Inside, give a known "
                "one of at least 0."
            )
        if isinstance(law, (Threshold, ZeroInflated)) and part.start_of_support < 0.0:
            why = "which has no first age to move" if isinstance(law, Threshold) else "where age 0 is an age like any other"
            raise ValueError(f"{name} is for positive lifetimes; {inner} is a law on the whole real line, {why}.")
