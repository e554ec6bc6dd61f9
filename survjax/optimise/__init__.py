"""Minimisers behind one face: survjax's Newton and SciPy's, with derivatives of any origin, compiled or not."""

from survjax.optimise.mean_over_rows import MeanOverRows
from survjax.optimise.minimisation import Minimum, minimise

__all__ = ["MeanOverRows", "Minimum", "minimise"]
