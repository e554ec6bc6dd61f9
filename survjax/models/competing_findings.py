"""What fitted competing events tell: parameters, criteria, tables, words, a file."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from scipy.linalg import block_diag

from survjax.models.competing_checks import event_notes
from survjax.models.estimator import Estimator
from survjax.models.kept_fit import KeptFit
from survjax.models.model import Model
from survjax.regression.cause_specific import fit_of_all, without_covariates
from survjax.regression.estimation import RegressionFit

if TYPE_CHECKING:
    import pandas as pd


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
