"""Where the lives of what is made of several laws may lie."""

from __future__ import annotations

from survjax.distributions.distribution import Distribution


def common_start(parts: tuple[Distribution, ...]) -> float:
    """The start of the support of what is made of these laws, which all have the same (``refuse_mixed_supports``)."""
    return parts[0].start_of_support


def refuse_mixed_supports(parts: tuple[Distribution, ...], name: str) -> None:
    """Refuse parts of which some are laws of positive lifetimes and others live on the whole real line."""
    positive = [part for part in parts if part.start_of_support == 0.0]
    if 0 < len(positive) < len(parts):
        on_the_line = next(part for part in parts if part.start_of_support != 0.0)
        raise ValueError(
            f"the components of a {name} must all be laws of positive lifetimes, or all laws on the whole real line: "
            f"{type(positive[0]).__name__} is the one, {type(on_the_line).__name__} the other. Laws of logarithms have positive "
            "counterparts: LogNormal for Normal, Weibull for SmallestExtremeValue, LogLogistic for Logistic, Frechet for "
            "LargestExtremeValue."
        )
