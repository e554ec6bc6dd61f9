"""Scores of predictions on lifetimes that were held out: order, probability, distribution, calibration, remaining life."""

from survjax.metrics.brier import brier_score, integrated_brier_score
from survjax.metrics.calibration import DCalibration, calibration_curve, d_calibration
from survjax.metrics.dynamic_auc import DynamicAUC, cumulative_dynamic_auc
from survjax.metrics.logarithmic import log_score
from survjax.metrics.pairs import concordance, uno_concordance
from survjax.metrics.ranked_probability import crps
from survjax.metrics.remaining_life import alpha_lambda, mae, phm_score, rmse
from survjax.metrics.scorers import Scorer, make_scorer

__all__ = [
    "DCalibration",
    "DynamicAUC",
    "Scorer",
    "alpha_lambda",
    "brier_score",
    "calibration_curve",
    "concordance",
    "crps",
    "cumulative_dynamic_auc",
    "d_calibration",
    "integrated_brier_score",
    "log_score",
    "mae",
    "make_scorer",
    "phm_score",
    "rmse",
    "uno_concordance",
]
