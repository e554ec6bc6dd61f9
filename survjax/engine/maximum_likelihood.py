"""The learner of a likelihood that a user wrote."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import jax
import numpy as np

from survjax.engine.columns import read_clusters, read_columns, read_weights
from survjax.engine.estimation import fit_likelihood
from survjax.engine.findings import LikelihoodFindings, wald_table
from survjax.engine.intervals import bootstrap_values, delta_of, percentile_limits, profile_limits, sandwich
from survjax.engine.of_parameters import OfParameters
from survjax.engine.parameter_space import WORDS, read_parameters
from survjax.engine.problem import Problem
from survjax.engine.row_order import index_of_rows, refuse_other_order, refuse_other_order_of_arguments
from survjax.engine.start import refuse_missing
from survjax.engine.term import NotInTheFile
from survjax.errors import NotConverged, NotFitted
from survjax.models.arguments import check_level, check_side, check_whole_number
from survjax.models.intervals import wald_limits
from survjax.models.precision import in_double_precision
from survjax.models.tables import limits_by_name
from survjax.numerics.outside import values_outside
from survjax.parameters import Domain

if TYPE_CHECKING:
    import pandas as pd

N_BOOTSTRAP = 199


class MaximumLikelihood(LikelihoodFindings):
    """Maximum likelihood for any model whose log-likelihood is a sum over rows, written in a few lines of ``jax.numpy``.

    Parameters
    ----------
    log_likelihood : ``log_likelihood(parameters, row)``, made of ``jax.numpy``: the log-likelihood of one row, a number. ``parameters`` is
        a mapping from names to values, ``row`` what one row of the data is: for a data frame or mapping one from columns to values.
    parameters : for each name what it may be: ``sj.Real``, ``sj.Positive``, ``sj.Probability`` (or "real", "positive", "probability"), a
        vector of them, ``sj.Real(["x1", "x2"])``, ``sj.Real(shape=3)`` or ("real", 3), with a ``start`` where a fit should begin
        elsewhere than at 0, 1 or one half; or a number or array, which is then known.
    per : "row", or "block" where it is easier to write for many rows at once: ``row`` is then a block of them (arrays with a first axis of
        b rows, b being free), and the answer the log-likelihood of each, (b,), which may not depend on the other rows of the block.
    errors : "model", from the observed information, or "robust", the sandwich (by ``clusters`` where fit is given labels).

    The function is differentiated twice by JAX and called in 64 bits, whatever your configuration. Rows are added up in blocks that fit in
    a processor's cache; the program is compiled once for a function, its columns and a bucket of row counts. A lambda or function made
    anew is a new program: define it once. So is one that reads another value from outside: numbers, text, arrays, lists and mappings of
    the notebook or of a closure, attributes of objects and modules of yours, and what functions and classes of yours read that it refers
    to. Not noticed is a change inside of an object that hides what it holds (written in C, with ``__slots__``), or in an installed
    package: what may change there belongs to ``parameters``, as a known value, where it costs no new program either.

    Examples
    --------
    >>> import jax.numpy as jnp, survjax as sj
    >>> def poisson(parameters, row):
    ...     log_rate = parameters["intercept"] + parameters["slope"] * row["x"]
    ...     return row["y"] * log_rate - jnp.exp(log_rate)
    >>> model = sj.MaximumLikelihood(poisson, {"intercept": "real", "slope": "real"})
    >>> fitted = model.fit({"x": [0.0, 1.0, 2.0, 3.0], "y": [1, 2, 3, 9]})
    >>> fitted.parameters_.round(3).to_dict()
    {'intercept': -0.185, 'slope': 0.774}
    """

    def __init__(
        self,
        log_likelihood: Callable[..., Any],
        parameters: Mapping[str, Any],
        *,
        per: Literal["row", "block"] = "row",
        errors: Literal["model", "robust"] = "model",
    ) -> None:
        self.log_likelihood = log_likelihood
        self.parameters = parameters
        self.per = per
        self.errors = errors

    # ---- learning

    @in_double_precision
    def fit(
        self,
        data: Any,
        weights: Any = None,
        *,
        starts: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        n_starts: int | None = None,
        seed: int = 0,
        clusters: Any = None,
        block: int | None = None,
        require_convergence: bool = True,
    ) -> Self:
        """Learn the parameters that are not known.

        Parameters
        ----------
        data : columns of equal length n: a data frame (pandas, polars, Arrow), a mapping from names to arrays (n,) or (n, ...), or any
            pytree of such arrays. Numbers, whole numbers and flags; of any n.
        weights : (n,) how many rows each row stands for, or the name of that column; fractions are allowed.
        starts : values by name to begin at, for some parameters or all; or a list of such, of which the highest maximum counts.
        n_starts : how often to begin in all; beyond ``starts`` at random, with ``seed``: half of them near the first maximum, half around
            ``starts``, near to far. That many reach one maximum (``n_hits_``) does not prove that none is higher.
        clusters : (n,) labels of rows that depend on each other, or the name of that column, for errors="robust" and the bootstrap.
        block : rows of a block, rounded up to a power of two. None: as many as half a megabyte of columns holds. Take fewer where the
            function makes much of a row, such as a matrix of draws.
        require_convergence : False returns a fit that stopped short, with its ``stop_reason_``.

        Raises
        ------
        TypeError, ValueError : malformed data or parameters; a function that JAX cannot follow, that mixes the rows of a block, or that is
            not finite at the start; robust errors of rows or clusters that are alike. The message has the line or the row, and the remedy.
        NoFiniteMaximum : the likelihood is flat in a direction, or rises in one without end; the message names it.
        NotConverged : the optimiser stopped short.

        A fit that raises leaves the model as it was.
        """
        problem, default = self._pose(data, weights, block)
        space = problem.space
        if self.errors not in ("model", "robust"):
            raise ValueError(f'errors must be "model" or "robust"; got {self.errors!r}.')
        if not isinstance(starts, (Mapping, list, tuple)) and starts is not None:
            raise TypeError(
                f"starts must be a mapping from names to values, as estimates_ is, or a list of such; got a {type(starts).__name__}."
            )
        given = [starts] if isinstance(starts, Mapping) else [{}] if starts is None else list(starts)
        if not given:
            raise ValueError("starts is empty; give a mapping from names to values, a list of such, or None.")
        points = [space.read_start(one, default) for one in given]
        n_starts = len(points) if n_starts is None else check_whole_number(n_starts, "n_starts", len(points))
        refuse_other_order(data, weights=weights, clusters=clusters)
        codes = None if clusters is None else read_clusters(clusters, data, problem.rows, problem.n_given)
        if codes is not None and self.errors == "model":
            raise ValueError('clusters count where errors are robust: MaximumLikelihood(..., errors="robust"); or leave them out.')
        fit = fit_likelihood(problem, points, n_starts, check_whole_number(seed, "seed", 0), require_convergence)
        if self.errors == "robust" and fit.converged:
            fit = sandwich(problem, fit, codes)
        self._fit, self._problem, self._clusters = fit, problem, codes
        return self

    def _pose(self, data: Any, weights: Any, block: int | None) -> tuple[Problem, dict[str, np.ndarray]]:
        if isinstance(self.log_likelihood, NotInTheFile):
            self.log_likelihood()
        if not callable(self.log_likelihood):
            raise TypeError(f"log_likelihood must be a function (parameters, row); got {self.log_likelihood!r:.60}.")
        if self.per not in ("row", "block"):
            raise ValueError(f'per must be "row" or "block"; got {self.per!r}.')
        space, default = read_parameters(self.parameters)
        if not space.n_coordinates:
            raise ValueError("every parameter is known: nothing is left to learn. Give one a domain, for instance sj.Real.")
        columns = read_columns(data)
        refuse_other_order(data, weights=weights)
        rows = None if block is None else check_whole_number(block, "block", 1)
        problem = Problem.pose(self.log_likelihood, self.per, space, columns, read_weights(weights, columns), rows)
        return problem, default

    @in_double_precision
    def interval(
        self,
        what: str | Callable[..., Any] = "parameters",
        *arguments: Any,
        level: float = 0.95,
        method: Literal["wald", "likelihood", "bootstrap"] = "wald",
        side: Literal["two", "lower", "upper"] = "two",
        domain: str | Domain = "real",
        n_bootstrap: int = N_BOOTSTRAP,
        seed: int = 0,
    ) -> pd.DataFrame:
        """A confidence interval of the parameters, or of any function of them, such as what it expects of new rows.

        Parameters
        ----------
        what : "parameters", or ``function(parameters, *arguments)`` in ``jax.numpy`` that answers with numbers, arrays or mappings.
        arguments : what the function takes beside the parameters. A data frame comes as a mapping from its columns to arrays, all rows at
            once: ``interval(expected, rows)``, and for a function of one row ``jax.vmap(expected, in_axes=(None, 0))``.
        level : confidence.
        method : "wald": by the delta method, for parameters on the scale without ends of their domain. "likelihood", of "parameters" only:
            limits by the profile likelihood. "bootstrap": percentiles of fits to rows (or clusters) drawn with replacement.
        side : "two", or "lower" or "upper" for a one-sided bound at ``level``.
        domain : of the answers of a function, for its Wald limits: "positive" makes them on the scale of logarithms, "probability" on that
            of log-odds; and for the other end of a one-sided bound.
        n_bootstrap, seed : samples, and of their random numbers.

        Raises
        ------
        NotFitted : nothing was fitted, or the data of the fit are not at hand (after unpickling or loading).
        NotConverged : the fit reached no maximum, from which limits of "likelihood" and "bootstrap" start (Wald's are nan, as the errors
            are); the profile rises above it; a tenth of the samples has none.
        TypeError : a function that JAX cannot follow.
        ValueError : unknown words; profile limits of a function, or beside robust errors; a value of a function that is nan or outside of
            its domain, that has no finite derivative, or that rests on an index that is out of range; pandas arguments whose rows differ
            in their order.

        Returns
        -------
        DataFrame with ``estimate``, ``lower``, ``upper``; one row a parameter, or one an entry of the function's answer. An answer (n,) to
        the n rows of a pandas object keeps their index.
        """
        check_level(level)
        if method not in ("wald", "likelihood", "bootstrap"):
            raise ValueError(f'method must be "wald", "likelihood" or "bootstrap"; got {method!r}.')
        check_side(side)
        fit = self._fitted
        labels: Any
        if what == "parameters":
            names, values, domains = fit.space.names, fit.values, fit.space.domains
            labels = names
        elif callable(what):
            refuse_other_order_of_arguments(arguments)
            values_outside(what)  # so that nothing older is kept of functions that it calls
            function = OfParameters.read(what, arguments)
            answer, values, errors = delta_of(function, fit)
            names, kind = _labels(answer), _read_domain(domain)
            labels = _labels_by_row(answer, index_of_rows(arguments))
            function.check_entries(fit.space, np.asarray(fit.coordinates), values, names)
            domains = [kind] * len(values)
            for name, value in zip(names, values, strict=True):
                if not kind.admits(float(value)):
                    raise ValueError(f"{name} is {value:g}, and domain={domain!r} asks for {kind.description}.")
        else:
            raise ValueError(f'what must be "parameters" or a function of the parameters; got {what!r}.')
        if method == "likelihood":
            if what != "parameters":
                raise ValueError('likelihood limits are those of "parameters"; for a function use method="wald" or "bootstrap".')
            return limits_by_name(names, values, *self._likelihood_limits(level, side))
        if method == "bootstrap":
            found = self._at_samples(what, arguments, n_bootstrap, seed)
            return limits_by_name(labels, values, *percentile_limits(found, values, domains, level, side))
        if what == "parameters":
            return wald_table(fit, level, side)
        if fit.converged and not np.isfinite(errors).all():
            name = names[int(np.argmin(np.isfinite(errors)))]
            raise ValueError(f"{name} has no finite derivative at the estimates, and so no standard error; take method='bootstrap'.")
        return limits_by_name(labels, values, *wald_limits(values, errors, domains, level, side))

    def _likelihood_limits(self, level: float, side: str) -> tuple[np.ndarray, np.ndarray]:
        if self.errors == "robust":
            raise ValueError(
                'errors="robust" says that the model may be wrong, or that rows depend on each other, of which the likelihood knows '
                'nothing: use method="wald" or "bootstrap", or fit with errors="model".'
            )
        return profile_limits(self._at_hand(), self._fitted, level, side)

    def _at_samples(self, what: Any, arguments: tuple[Any, ...], n_bootstrap: int, seed: int) -> np.ndarray:
        """The parameters, or a function of them, as each sample of the bootstrap estimates them, (b, m)."""
        number = check_whole_number(n_bootstrap, "n_bootstrap", 2)
        fit, problem = self._fitted, self._at_hand()
        points, _ = bootstrap_values(problem, fit, self._clusters, number, check_whole_number(seed, "seed", 0))
        function = None if what == "parameters" else OfParameters.read(what, arguments)

        def of(point: Any) -> Any:
            return fit.space.values(point) if function is None else function.flat(fit.space, point)

        found = np.asarray(jax.lax.map(of, points))
        if np.isnan(found).any():
            raise ValueError("the function is nan for the estimate of a sample of the bootstrap; it must have a value at all.")
        return found

    def _at_hand(self) -> Problem:
        if not self._fitted.converged:
            raise NotConverged(
                f"the fit reached no maximum: it stopped with {self._fitted.reason!r}, and no other fit can be held against it.", self._fit
            )
        if self._problem is None:
            raise NotFitted("the data of the fit are not at hand, since neither a pickle nor a file holds them: fit again.")
        return self._problem

    @in_double_precision
    def score(self, data: Any, weights: Any = None) -> float:
        """The mean log-likelihood of a row of any data under the fit; minus infinity where a row is impossible.

        Raises
        ------
        ValueError : it is nan for a row, which is named, or rests on an index that is out of range.
        """
        problem, _ = self._pose(data, weights, None)
        coordinates = self._fitted.coordinates
        problem.check_entries(coordinates)
        found = -float(problem.evaluate(coordinates).value[0])
        if np.isnan(found):
            without_value = np.isnan(problem.of_rows(coordinates)[0])
            refuse_missing(problem, without_value)
            row = int(np.argmax(without_value))
            raise ValueError(
                f"log_likelihood is nan under the fit for row {problem.rows[row]} (rows count from 0): {problem.columns.row_in_words(row)}."
                " Leave such rows out, or fill what they miss."
            )
        return found


def _labels(answer: Any, rows: Any = None) -> list[str]:
    """A name for each entry of what a function answered, by the labels of its n rows where it has n."""
    names = []
    for path, leaf in jax.tree_util.tree_flatten_with_path(answer)[0]:
        word = ".".join(str(getattr(key, "key", getattr(key, "name", getattr(key, "idx", key)))) for key in path)
        by_row = rows is not None and np.ndim(leaf) > 0 and len(leaf) == len(rows)
        indices = [(rows[first] if by_row else first, *rest) for first, *rest in np.ndindex(np.shape(leaf))] if np.ndim(leaf) else []
        names += [word or "value"] if np.ndim(leaf) == 0 else [f"{word}[{','.join(map(str, index))}]" for index in indices]
    return names


def _labels_by_row(answer: Any, rows: Any) -> Any:
    """The index of the rows for an answer of one number each, and names by their labels for one that is more."""
    plain = rows is not None and not isinstance(answer, (Mapping, tuple, list)) and np.shape(answer) == (len(rows),)
    return rows if plain else _labels(answer, rows)


def _read_domain(domain: str | Domain) -> Domain:
    found = WORDS.get(domain) if isinstance(domain, str) else domain
    if not isinstance(found, Domain):
        raise ValueError(f"domain must be one of {', '.join(map(repr, WORDS))}, or a domain such as sj.Positive; got {domain!r}.")
    return found
