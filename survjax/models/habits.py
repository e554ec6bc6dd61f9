"""What users of other packages write out of habit, and the call that survjax has for it."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np

from survjax.covariates.histories import History
from survjax.covariates.landmark_rows import MARK, Landmarks
from survjax.data.lifetimes import Lifetimes

P = ParamSpec("P")
R = TypeVar("R")

# the roles that columns of a frame have there, by the words of from_frame
ROLES = {
    "duration": ("duration_col", "duration", "durations", "time_col", "time"),
    "event": ("event_col", "event", "event_observed", "status"),
    "entry": ("entry_col", "entry"),
    "weights": ("weights_col", "weights", "sample_weight"),
    "lower": ("lower_bound_col", "lower_bound", "lower"),
    "upper": ("upper_bound_col", "upper_bound", "upper"),
}
# other arguments of fit, and where survjax has what they are for
ELSEWHERE = {
    "formula": 'a formula goes to the constructor, formula="~ load + C(make)"',
    "cluster_col": 'clusters are unit=frame["..."], with errors="robust" in the constructor',
    "id_col": 'unit=frame["..."] says which unit each row is of',
    "robust": 'errors="robust" goes to the constructor',
    "strata": "strata are for CoxProportionalHazards; elsewhere let a parameter differ, ParameterRegression(base, {parameter: formula})",
    "ancillary": 'let the shape depend on covariates by ParameterRegression(base, {"scale": formula, "shape": formula})',
    "penalizer": "a penalty goes to the constructor",
    "timeline": "ages are given to the predictions",
    "label": "name a curve in its picture",
    "alpha": "the level goes to summary and interval",
}
# what is read from a fitted model elsewhere: of regressions, and of laws where that is another call
INSTEAD = {
    "print_summary": "summary_",
    "params_": "parameters_",
    "coef_": "parameters_",
    "hazard_ratios_": "summary_",
    "variance_matrix_": "covariance_",
    "confidence_intervals_": 'interval("parameters")',
    "AIC_": "aic_",
    "BIC_": "bic_",
    "concordance_index_": "sj.metrics.concordance(life, -model.predict(X))",
    "predict_survival_function": ("predict_survival(X, times)", "survival(times)"),
    "predict_cumulative_hazard_function": ("predict_cumulative_hazard(X, times)", "cumulative_hazard(times)"),
    "predict_expectation": ("predict(X)", "mean()"),
    "predict_median": ('predict_rul(X, kind="median")', "median()"),
    "predict_percentile": ("predict_quantile(X, p)", "quantile(p)"),
    "survival_function_": ("predict_survival(X, times)", "survival(times)"),
    "survival_function_at_times": ("predict_survival(X, times)", "survival(times)"),
    "cumulative_hazard_at_times": ("predict_cumulative_hazard(X, times)", "cumulative_hazard(times)"),
    "hazard_at_times": ("predict_hazard(X, times)", "hazard(times)"),
    "median_survival_time_": ('predict_rul(X, kind="median")', "median()"),
    "mean_survival_time_": ("predict(X)", "mean()"),
    "percentile": ("predict_quantile(X, p)", "quantile(p)"),
    "plot": ("plot_partial_effect(column, at=X)", "plot_survival()"),
    "plot_survival_function": ("of(X).plot_survival()", "plot_survival()"),
    # what survjax itself calls one way for laws, and another for regressions
    "survival": ("predict_survival(X, times)", "survival(times)"),
    "hazard": ("predict_hazard(X, times)", "hazard(times)"),
    "cumulative_hazard": ("predict_cumulative_hazard(X, times)", "cumulative_hazard(times)"),
    "density": ("predict_density(X, times)", "density(times)"),
    "quantile": ("predict_quantile(X, p)", "quantile(p)"),
    "mean": ("predict(X)", "mean()"),
    "median": ('predict_rul(X, kind="median")', "median()"),
    "sample": ("of(X).sample(n, seed), X of one row", "sample(n, seed)"),
    "predict_survival": ("predict_survival(X, times)", "survival(times)"),
    "predict_hazard": ("predict_hazard(X, times)", "hazard(times)"),
    "predict_cumulative_hazard": ("predict_cumulative_hazard(X, times)", "cumulative_hazard(times)"),
    "predict_quantile": ("predict_quantile(X, p)", "quantile(p)"),
    "plot_partial_effects_on_outcome": "plot_partial_effect(column, at=X)",
    "fit_right_censoring": ("fit(X, sj.Lifetimes(durations, event_observed))", "fit(sj.Lifetimes(durations, event_observed))"),
    "fit_interval_censoring": (
        "fit(X, sj.Lifetimes.from_intervals(lower, upper))",
        "fit(sj.Lifetimes.from_intervals(lower, upper))",
    ),
    "fit_left_censoring": (
        "fit(X, sj.Lifetimes.from_intervals(lower, upper)), lower 0 for what failed before upper",
        "fit(sj.Lifetimes.from_intervals(lower, upper)), lower 0 for what failed before upper",
    ),
}

OF_COX = {
    "check_assumptions": "schoenfeld_test()",
    "log_likelihood_ratio_test": "global_tests()",
    "params_": "coefficients_",
    "coef_": "coefficients_",
    "baseline_survival_": "baseline_cumulative_hazard_ (survival is exp of minus it)",
    "baseline_hazard_": "baseline_cumulative_hazard_ (its steps)",
}
_EFFECT = "partial_effect(column, at=X) for what a covariate does: the numbers of networks are not for reading"
OF_NETWORKS = {
    **dict.fromkeys(("summary_", "print_summary", "parameters_", "params_", "coef_", "coefficients_", "standard_errors_"), _EFFECT),
    "explain": "partial_effect(column, at=X) for what a covariate does: it adds up over no covariates in a network",
    "goodness_of_fit": "score(X, y) of units held out: there is no test of networks, and sj.cross_validate compares them with other models",
}
OF_WEIBULL = {"lambda_": 'parameters_["scale"]', "rho_": 'parameters_["shape"]'}

LANDMARKS = (
    "Learned from landmarks: predictions are for a unit at a reading, given its readings up to then, and average over how they go on."
)
COPIES = (
    "Rows of one unit depend on each other: standard errors count units, while the log-likelihood counts rows, each failure several "
    "times, so that there are no AIC and BIC: compare models by cross_validate(models, landmarks)."
)
ON_AGE = (
    'On the clock of age covariates act on the hazard at an age. Where sensors show wear, Landmarks(..., clock="remaining"), on which they '
    "act on the life that is left, mostly predicts better: hold both against lives that neither has seen."
)
UNITS_LOST = (
    "X is of Landmarks, of which units have several rows, and nothing says which: standard errors take every row for a unit, and are far "
    "too small. Write fit(landmarks), or {labels}=landmarks.unit."
)
HORIZON_LOST = (
    "X is of Landmarks with horizon={horizon:g}, of which this model knows nothing: predictions from beyond it are mere extrapolation. "
    "fit(landmarks) refuses them."
)


def instead_of(kind: type, name: str) -> str | None:
    """What to write in place of an attribute that models of other packages have; None where none has it, or this one does."""
    own = OF_COX if hasattr(kind, "schoenfeld_test") else OF_WEIBULL if kind.__name__ == "Weibull" else {}
    own = OF_NETWORKS if hasattr(kind, "learning_curve_") else own
    answer = own.get(name, INSTEAD.get(name))
    if answer is None or hasattr(kind, name):
        return None
    if not isinstance(answer, str):
        answer = answer[1 if hasattr(kind, "survival") else 0]
    if answer.startswith("sj."):
        return f"{kind.__name__} has no {name}; write {answer}."
    return f"{kind.__name__} has no {name}; write model.{answer}." if hasattr(kind, re.split(r"\W", answer)[0]) else None


def in_survjax_words(fit: Callable[P, R]) -> Callable[P, R]:
    """Let ``fit`` answer arguments that are another package's with the call to write; and let a History bring X, y and unit at once.

    Raises
    ------
    TypeError : with that call.
    """
    signature = inspect.signature(fit)
    first, second = list(signature.parameters)[1:3]

    @wraps(fit)
    def told(*args: P.args, **keywords: P.kwargs) -> R:
        given = dict(zip(("self", first, second), args, strict=False)) | keywords
        X, y = given.get(first), given.get(second)
        if isinstance(X, Landmarks):
            return _of_landmarks(fit, given)
        if isinstance(X, History):
            if first != "X" or y is not None or "unit" in given:
                raise TypeError(_of_a_history(first))
            others = {name: value for name, value in given.items() if name not in ("self", first, second)}
            return _of_no_landmarks(fit(given["self"], X.X, X.y, unit=X.unit, **others), [])  # type: ignore[arg-type]
        try:
            signature.bind(*args, **keywords)
        except TypeError as error:
            raise TypeError(_answer(given, args[3:], signature, str(error))) from None
        if (
            isinstance(X, str)
            or isinstance(y, str)
            or (first == "X" and (y is None or _are_ages_and_events(X, y)))
            or (y is None and _is_frame(X))
        ):
            raise TypeError(_answer(given, (), signature, ""))
        return _of_no_landmarks(fit(*args, **keywords), _lost(X, given))

    return told


def _of_no_landmarks(model: Any, said: list[str]) -> Any:
    """The model, which keeps nothing of landmarks that an earlier fit learned from."""
    if hasattr(type(model), "labels_of_landmarks"):
        model._landmarks = None
        model._fit.notes[:0] = said
    return model


def _lost(X: Any, given: Mapping[str, Any]) -> list[str]:
    """What is lost of Landmarks where a model learns from their X alone."""
    mark = getattr(X, "attrs", {}).get(MARK)
    if mark is None:
        return []
    unsaid = mark["copies"] and all(given.get(name) is None for name in ("unit", "cluster"))
    labels = getattr(type(given["self"]), "labels_of_landmarks", None)
    units = [UNITS_LOST.format(labels=labels)] if unsaid else []
    return [*units, *([] if mark["horizon"] is None else [HORIZON_LOST.format(horizon=mark["horizon"])])]


def _of_landmarks(fit: Callable[..., R], given: dict[str, Any]) -> R:
    model, rows, *_ = given.values()
    labels = getattr(type(model), "labels_of_landmarks", None)
    if labels is None:
        raise TypeError(_dependent(model))
    if given.get("y") is not None or "unit" in given or "cluster" in given:
        raise TypeError(f"Landmarks bring X, y and {labels} with them: fit(landmarks) alone, or fit(rows.X, rows.y, {labels}=rows.unit).")
    if rows.y is None:
        raise TypeError("these Landmarks are of units whose ends are not known; predict for them, and fit Landmarks(log, units).")
    if getattr(model, "network", "perceptron") != "perceptron":
        raise TypeError(
            f"a {model.network} network learns from windows of readings, and how long they are is not said: windows = rows.windows(5), "
            'then fit(windows, rows.y, unit=rows.unit); rows.windows(5, beside=["age"]) has columns of rows.X beside them.'
        )
    fitted = fit(model, rows.X, rows.y, **{labels: rows.unit}, **dict(list(given.items())[2:]))
    model._landmarks = kept = rows._without_rows()
    told = kept._learned
    model._fit = dataclasses.replace(model._fit, n_units=told.units, n_failed=told.failed)
    said = [LANDMARKS, *([COPIES] if told.copies else []), *([ON_AGE] if rows.clock == "age" else [])]
    if rows.horizon is not None:
        said.append(f"Rows end {rows.horizon:g} after their landmark at the latest: predictions from later are refused.")
    model._fit.notes.insert(0, " ".join(said))
    return fitted


def independent_rows(rows: Landmarks) -> tuple[Any, Any]:
    """X and y of one landmark a unit, for a model that takes rows of a group for different units.

    Raises
    ------
    TypeError : a unit has several landmarks; rows enter at their ages.
    """
    if rows.y is None:
        raise TypeError("these Landmarks are of units whose ends are not known; predict for them, and fit Landmarks(log, units).")
    several = len(set(rows.unit.tolist())) < len(rows)
    if several or rows.y.entry is not None:
        raise TypeError(
            "landmarks of one unit are copies of its one failure, which a shared frailty would take for several of the group; and on the "
            "clock of age units that failed before their landmark, and were as frail as they were, are missing. Take one landmark a unit, "
            'for instance Landmarks(log, units, at=[age], clock="remaining"): the frailty is then that of groups at the landmark.'
        )
    return rows.X, rows.y


def _dependent(model: Any) -> str:
    return (
        f"rows of Landmarks depend on each other, which {type(model).__name__} does not count; use sj.AcceleratedFailureTime, "
        "sj.ProportionalHazards, sj.ParameterRegression, sj.HazardScaling, sj.CoxProportionalHazards, sj.DiscreteTimeHazard or a network."
    )


def _of_a_history(first: str) -> str:
    if first == "X":
        return "a History brings X, y and unit with it: fit(history) alone, or fit(history.X, history.y, unit=history.unit)."
    return (
        "rows of a History are stretches of lives, of which a law without covariates needs none: fit(history.y) has the same likelihood, "
        "fit(life) of whole lives the right number of units."
    )


def _answer(given: Mapping[str, Any], more: tuple[Any, ...], signature: inspect.Signature, fault: str) -> str:
    """What ``fit`` takes, and the call for what was meant; ``more`` are arguments by position beyond the second."""
    model, *_ = given.values()
    first, second, *others = list(signature.parameters)[1:]
    X, y = given.get(first), given.get(second)
    strange = {name: value for name, value in given.items() if name not in signature.parameters}
    known = ", ".join(f"{name}=" for name in others)
    of_regression = first == "X"
    takes = f"(X, y{f', {known}' if known else ''})" if of_regression else f"(life), or (durations, event_observed, {known})"
    said = [f"{type(model).__name__}.fit takes {takes}."]
    roles = _roles(strange)
    if isinstance(y, str):
        not_told = [role for role in ("duration", "event") if role not in roles]
        roles |= dict(zip(not_told, [name for name in (y, *more) if isinstance(name, str)], strict=False))
    roles = {role: roles[role] for role in ROLES if role in roles}
    if isinstance(X, str):
        said.append(f"{first} is the text {X!r}: pass the column itself, frame[{X!r}].")
    elif roles and all(isinstance(name, str) for name in roles.values()):
        asked = "".join(f", {role}={name!r}" for role, name in roles.items())
        said.append(f"Write life = sj.Lifetimes.from_frame(frame{asked}), then {_then(model, of_regression, list(roles.values()))}.")
    elif y is None and not roles and _is_frame(X):
        then = _then(model, of_regression, ["..."])
        said.append(f'Write life = sj.Lifetimes.from_frame(frame, duration="...", event="..."), then {then}.')
    elif of_regression and (y is None or more or roles or not fault):
        beside = "".join(f", {role}={role}" for role in ("entry", "weights") if role in roles)
        what = "fit(X, life), X being what is known of each unit, a row a unit; without covariates take a law alone, sj.Weibull().fit(life)"
        said.append(f"Write life = sj.Lifetimes(durations, event_observed{beside}), then {what}.")
    elif more:
        said.append(f"After {second} everything is by name, as in fit(durations, event_observed, entry=entry).")
    elif not strange:
        said.append(f"{fault[:1].upper()}{fault[1:]}.")
    of_none = [name for name in strange if not any(name in words for words in ROLES.values())]
    said += [f"There is no {name}: {ELSEWHERE[name]}." if name in ELSEWHERE else f"There is no {name}." for name in of_none]
    return " ".join(said)


def _then(model: Any, of_regression: bool, columns: list[str]) -> str:
    if not of_regression:
        return "fit(life)"
    return "fit(frame, life)" if getattr(model, "formula", None) else f"fit(frame.drop(columns={columns!r}), life)"


def _roles(given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given for each role of a column."""
    return {role: given[word] for role, words in ROLES.items() for word in words if given.get(word) is not None}


def _is_frame(X: Any) -> bool:
    return hasattr(X, "columns") and len(getattr(X, "shape", ())) == 2


def _are_ages_and_events(X: Any, y: Any) -> bool:
    """Whether X is one-dimensional and y nothing but 0 and 1, as the columns that laws without covariates are fitted to."""
    if isinstance(y, Lifetimes) or getattr(getattr(y, "dtype", None), "names", None):
        return False
    shape = (len(X), *np.shape(X[0])) if isinstance(X, (list, tuple)) and X else getattr(X, "shape", ())
    return len(shape) == 1 and bool(np.isin(np.asarray(y), (0, 1)).all())
