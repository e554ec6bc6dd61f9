"""What models are called in other packages, and the call that makes them here."""

LIFELINES = {
    "WeibullFitter": "sj.Weibull()",
    "ExponentialFitter": "sj.Exponential()",
    "LogNormalFitter": "sj.LogNormal()",
    "LogLogisticFitter": "sj.LogLogistic()",
    "GeneralizedGammaFitter": "sj.GeneralizedGamma()",
    "PiecewiseExponentialFitter": "sj.PiecewiseExponential([100.0, 200.0])",
    "SplineFitter": "sj.RoystonParmar(2)",
    "MixtureCureFitter": "sj.DefectiveSubpopulation(sj.Weibull())",
    "KaplanMeierFitter": "sj.KaplanMeier()",
    "NelsonAalenFitter": "sj.NelsonAalen()",
    "AalenJohansenFitter": "sj.AalenJohansen()",
    "CoxPHFitter": "sj.CoxProportionalHazards()",
    "CoxTimeVaryingFitter": "sj.CoxProportionalHazards()",
    "WeibullAFTFitter": "sj.AcceleratedFailureTime(sj.Weibull())",
    "LogNormalAFTFitter": "sj.AcceleratedFailureTime(sj.LogNormal())",
    "LogLogisticAFTFitter": "sj.AcceleratedFailureTime(sj.LogLogistic())",
    "logrank_test": "sj.log_rank_test",
    "concordance_index": "sj.metrics.concordance",
}
