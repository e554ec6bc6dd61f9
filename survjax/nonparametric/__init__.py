"""Estimates without a distribution: step functions of age that follow the data alone."""

from survjax.nonparametric.aalen_johansen import AalenJohansen
from survjax.nonparametric.kaplan_meier import KaplanMeier
from survjax.nonparametric.log_rank import LogRank, log_rank_test
from survjax.nonparametric.mean_cumulative_function import MeanCumulativeFunction
from survjax.nonparametric.nelson_aalen import NelsonAalen
from survjax.nonparametric.turnbull import Turnbull

__all__ = ["AalenJohansen", "KaplanMeier", "LogRank", "MeanCumulativeFunction", "NelsonAalen", "Turnbull", "log_rank_test"]
