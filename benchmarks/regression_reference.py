"""Every regression of ``tests/reference/regressions.json`` beside R's: relative differences of likelihood, coefficients and errors.

    python benchmarks/regression_reference.py        prints; a minute on two quiet cores

The tests hold a part of these; R's errors come from numerical derivatives, and fail where ``tests/regression`` says so.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

import survjax as sj
from tests.regression.test_regressions_against_r import BASES, REFERENCE, data, formula_of


def main() -> None:
    print("| data | law | log-likelihood | coefficients | standard errors |\n|---|---|---:|---:|---:|")
    worst = np.zeros(2)
    for fit in REFERENCE["fits"]:
        frame, life = data(fit["data"])
        model = sj.AcceleratedFailureTime(BASES[fit["distribution"]](), formula_of(fit)).fit(frame, life)
        slopes = [name for name in fit["coefficients"] if name not in ("(Intercept)", "log_sigma")]
        theirs, errors = (np.array([fit[of][name] for name in slopes]) for of in ("coefficients", "standard errors"))
        likelihood = abs(model.log_likelihood_ / fit["log likelihood"] - 1.0)
        coefficients = np.max(np.abs(model.coefficients_ - theirs) / np.maximum(np.abs(theirs), errors))
        unsure = np.max(np.abs(model.standard_errors_[model.coefficients_.index] / errors - 1.0))
        worst = np.maximum(worst, [likelihood, coefficients])
        print(f"| {fit['data']} | {fit['distribution']} | {likelihood:.0e} | {coefficients:.0e} | {unsure:.0e} |")
    print(f"\n{len(REFERENCE['fits'])} fits; at most {worst[0]:.0e} of the log-likelihood (1e-8 asked),", end=" ")
    print(f"{worst[1]:.0e} of a coefficient (1e-6).")
    sys.exit(int(worst[0] > 1e-8 or worst[1] > 1e-6))


if __name__ == "__main__":
    main()
