"""Pictures of lifetimes and fits, with matplotlib. Each function draws on ``ax``, or on a figure of its own, and returns it."""

from survjax.plotting.curves import plot_candidates, plot_components, plot_hazard, plot_survival
from survjax.plotting.events import plot_events
from survjax.plotting.frailties import plot_frailties
from survjax.plotting.incidence import plot_incidence
from survjax.plotting.learning import plot_learning, plot_learning_animation
from survjax.plotting.learning_curve import plot_learning_curve
from survjax.plotting.life_stress import plot_life_stress
from survjax.plotting.partial_effects import plot_partial_effect
from survjax.plotting.probability_paper import plot_probability
from survjax.plotting.residuals import plot_residuals, plot_residuals_against
from survjax.plotting.scores import plot_calibration, plot_scores

__all__ = [
    "plot_calibration",
    "plot_candidates",
    "plot_components",
    "plot_events",
    "plot_frailties",
    "plot_hazard",
    "plot_incidence",
    "plot_learning",
    "plot_learning_animation",
    "plot_learning_curve",
    "plot_life_stress",
    "plot_partial_effect",
    "plot_probability",
    "plot_residuals",
    "plot_residuals_against",
    "plot_scores",
    "plot_survival",
]
