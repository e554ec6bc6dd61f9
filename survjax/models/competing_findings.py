"""What fitted competing events tell: parameters, criteria, tables, words, a file."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from scipy.linalg import block_diag

from survjax.models.competing_checks import OF_A_CAUSE, event_notes
from survjax.models.estimator import Estimator
from survjax.models.explanations import effect_of
from survjax.models.kept_fit import KeptFit
from survjax.models.model import Model
from survjax.models.precision import in_double_precision
from survjax.regression.cause_specific import fit_of_all, without_covariates
from survjax.regression.estimation import RegressionFit

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


class CompetingFindings(KeptFit[RegressionFit], Estimator):
    """What fitted competing events tell; how they learn and predict is the business of ``CompetingEvents``."""

    models_: dict[Hashable, Any]

    def _take(self, fitted: Mapping[Hashable, Any]) -> None:
        """Take up fitted models by label."""
        fits = [without_covariates(model._fitted) if isinstance(model, Model) else model._fitted for model in fitted.values()]
        self._fit, self.models_ = fit_of_all(fits), dict(fitted)

    # ---- what was learned

    @property
    def causes_(self) -> tuple[Hashable, ...]:
        """The labels of the events, in the order of ``models``."""
        return tuple(self.models_) if self._fitted else ()

    @property
    def summary_(self) -> pd.DataFrame:
        """The tables of all models, with the cause as first level of the index."""
        return self.summary()

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """As ``summary_``, with limits at another level."""
        return self._stacked({cause: self.models_[cause].summary(level) for cause in self.causes_})

    @property
    def parameters_(self) -> pd.Series:
        """The parameters and coefficients of all models, with the cause as first level of the index."""
        return self._stacked({cause: self.models_[cause].parameters_ for cause in self.causes_})

    @property
    def standard_errors_(self) -> pd.Series:
        """Standard errors of ``parameters_``."""
        return self._stacked({cause: self.models_[cause].standard_errors_ for cause in self.causes_})

    @property
    def covariance_(self) -> pd.DataFrame:
        """Covariance of ``parameters_`` (m, m), 0 between events: the likelihood is a product of one for each."""
        import pandas as pd

        index = self.parameters_.index
        return pd.DataFrame(block_diag(*(self.models_[cause].covariance_ for cause in self.causes_)), index=index, columns=index)

    @property
    def log_likelihood_(self) -> float:
        """The log-likelihood of ages and causes, which is the sum of those of the models."""
        return self._fitted.log_likelihood

    @property
    def aic_(self) -> float:
        """Akaike's criterion, the sum of those of the models."""
        return sum(self.models_[cause].aic_ for cause in self.causes_)

    @property
    def bic_(self) -> float:
        """Schwarz's criterion, the sum of those of the models; n is the number of units."""
        return sum(self.models_[cause].bic_ for cause in self.causes_)

    @property
    def converged_(self) -> bool:
        return self._fitted.converged

    @property
    def notes_(self) -> list[str]:
        """What the reader of this fit should know: of dependent events, and what each model has to say."""
        return event_notes(self.causes_) + [f"{cause}: {note}" for cause in self.causes_ for note in self.models_[cause].notes_]

    def _stacked(self, tables: dict[Hashable, Any]) -> Any:
        import pandas as pd

        return pd.concat(tables, names=["cause", "parameter"])

    def __repr__(self) -> str:
        """The constructor's call; once fitted also the model of each event."""
        of_causes = "" if self._fit is None else "".join(f"\n{cause!r}: {self.models_[cause]!r}" for cause in self.causes_)
        return self.constructor() + of_causes

    # ---- explanations

    def explain(self, X: Any, relative_to: Any = None, *, cause: Hashable = None) -> pd.DataFrame:
        """What each covariate adds to a unit's score in the model of one event, as that model's own ``explain`` has it.

        Parameters
        ----------
        X : (n, m) units. relative_to : a unit to compare with, one row of X; None: the average of the fit.
        cause : the event; None as for ``predict_failure_probability``.

        Raises
        ------
        ValueError : the event's model follows no covariates; and what that model's ``explain`` raises.
        """
        return self._regression_of(cause).explain(X, relative_to)

    @in_double_precision
    def partial_effect(
        self,
        column: Hashable,
        at: Any,
        values: Any = None,
        what: str = "cumulative_incidence",
        *,
        cause: Hashable = None,
        level: float = 0.95,
        **asked: Any,
    ) -> pd.DataFrame:
        """What one covariate does, the others held: a prediction at each of its values, with Wald limits.

        Parameters
        ----------
        column, at, values, level : as ``ProportionalHazards.partial_effect`` takes them.
        what : a prediction that ``interval`` knows, its arguments by name: ``what="cumulative_incidence", times=100.0, age=50.0``, of what
            comes first, all models having their part in it; ``what="survival", t=100.0``, of any event. "hazard ratio" or "time ratio":
            that of the model of the event alone, where it has one.
        cause : the event of what is of one; None as for ``predict_failure_probability``.

        Raises
        ------
        ValueError : no model has such a covariate; a ratio that the event's model does not have; no values to be had from ``at``.
        """
        if what.endswith("ratio"):
            return self._regression_of(cause).partial_effect(column, at, values, what, level=level, **asked)
        return effect_of(self, column, at, values, what, level, asked | self._asked_of(what, cause))[0]

    @in_double_precision
    def plot_partial_effect(
        self,
        column: Hashable,
        at: Any,
        values: Any = None,
        what: str = "cumulative_incidence",
        *,
        cause: Hashable = None,
        **options: Any,
    ) -> Axes:
        """``partial_effect`` as a picture, whose arguments it takes, and ``ax``: with ``matplotlib``."""
        from survjax.plotting import plot_partial_effect

        of_ratio = what.endswith("ratio")
        model = self._regression_of(cause) if of_ratio else self
        own = self._asked_of(what, cause)
        ax = plot_partial_effect(model, column, at, values, what, **options, **({} if of_ratio else own))
        if own or of_ratio:
            ax.set_title(f"{ax.get_title()} on {self.causes_[self._index(cause)]}")
        return ax

    def _asked_of(self, what: str, cause: Hashable) -> dict[str, Any]:
        return {"cause": self.causes_[self._index(cause)]} if what in OF_A_CAUSE else {} if cause is None else {"cause": cause}

    def _regression_of(self, cause: Hashable) -> Any:
        """The model of an event, if covariates act in it."""
        label = self.causes_[self._index(cause)]
        if isinstance(self.models_[label], Model):
            raise ValueError(f"the model of {label!r} follows no covariates: there is nothing to explain in it.")
        return self.models_[label]

    def _ratio(self) -> str | None:
        """Of several events together no ratio is the same at all ages."""
        return None

    def _index(self, cause: Hashable) -> int:
        if cause is None:
            if len(self.causes_) > 1 and "failure" not in self.causes_:
                raise ValueError(f"of which event? Pass cause=, one of {', '.join(map(repr, self.causes_))}.")
            cause = "failure" if "failure" in self.causes_ else self.causes_[0]
        if cause not in self.causes_:
            raise ValueError(f"cause must be one of {', '.join(map(repr, self.causes_))}; got {cause!r}.")
        return self.causes_.index(cause)

    # ---- keeping

    def save(self, path: str | Path) -> None:
        """Write the model as JSON that a person can read, the model of each event one after the other; no pickle.

        ``survjax.load`` reads it. The data of the fit are not in the file.

        Raises
        ------
        TypeError : something in a model, or a label, is nothing that a file could bring back.
        """
        from survjax.models.competing_events import CompetingEvents
        from survjax.models.model_file import write_model

        write_model(cast(CompetingEvents, self), Path(path))
