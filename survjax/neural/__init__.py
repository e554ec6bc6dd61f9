"""Networks whose output is the lifetime distribution of each unit."""

from survjax.neural.neural_hazard import NeuralHazard
from survjax.neural.neural_mixture import NeuralMixture

for _learner in (NeuralHazard, NeuralMixture):
    _learner.__module__ = "survjax"  # where users find it, and where a pickle looks

__all__ = ["NeuralHazard", "NeuralMixture"]
