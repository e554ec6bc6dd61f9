"""A formula, read by formulaic: learned from X once, applied again at prediction."""

from __future__ import annotations

import ast
import copy
import inspect
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from survjax.covariates import relations
from survjax.covariates.columns import side_by_side
from survjax.covariates.covariate import INTERCEPT, Covariate, refuse_unseen
from survjax.covariates.saved_state import from_json, to_json
from survjax.covariates.splines import refuse_beyond_splines
from survjax.covariates.table import Table
from survjax.data.columns import ROWS_COUNT_FROM
from survjax.errors import BadRow

_RELATIONS = {name: getattr(relations, name) for name in relations.__all__}
# lag makes a row's prediction depend on its neighbours; Q hides which column is used; exp10 of formulaic 1.2 is the tenth power.
_LEFT_OUT = {
    "lag": "It looks at the row above; make a column of it before.",
    "Q": "Write a name with blanks or dots in backticks.",
    "exp10": "Write 10 ** x.",
    "strata": 'Strata are for Cox regression: CoxProportionalHazards(formula).fit(X, y, strata="make").',
    "cluster": 'Say which unit each row is of: fit(X, y, unit=X["unit"]), with errors="robust" in the constructor.',
}
# what arithmetic means in a formula where it looks like that of numbers, and leaves the column as it was
_NO_ARITHMETIC = {
    r"(?<![\w.)`])\d+\s*/\s*[A-Za-z_`]": "nests, and divides nothing",
    r"[\w`](\(\))?\s*(\*\*|\^)\s*\d": "crosses a column with itself, and raises nothing to a power",
}
_OF_ARRAYS = ("where", "clip")
_LABELLING = ("C", "hashed")
# What a formula may be made of: functions of one row, nothing that could read a file or run a program when a saved model is loaded.
_GRAMMAR: tuple[type[ast.AST], ...] = (
    *(ast.Expression, ast.Name, ast.Constant, ast.Call, ast.keyword, ast.Attribute, ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp),
    *(ast.List, ast.Tuple, ast.Dict, ast.Load, ast.operator, ast.unaryop, ast.cmpop, ast.boolop),
)


@dataclass(frozen=True, eq=False)
class Formula:
    """A formula and what it learned from X.

    Attributes
    ----------
    text : as formulaic writes it, sums and products expanded.
    names : of the columns of the matrix.
    covariates : the columns of X it uses. transforms, encoders : means and knots of its transforms, levels of its categories.
    """

    text: str
    names: tuple[str, ...]
    covariates: tuple[Covariate, ...]
    transforms: Mapping[str, Any]
    encoders: Mapping[str, Any]

    @classmethod
    def learn(cls, text: str, table: Table, *, intercept: bool) -> Formula:
        """The formula with all that it learns from these rows.

        ``intercept``: whether the formula's is kept. If not, it is left out, and categories keep their reference level.

        Raises
        ------
        TypeError : no text; what ``Covariate.learn`` refuses.
        ValueError : formulaic cannot read it; it has a left side; it uses a column that is not there, or what is no function of a row.
        """
        text = _read(text, tuple(table.columns), with_intercept=not intercept)
        used = _variables(text, tuple(table.columns))
        covariates = tuple(Covariate.learn(name, values) for name, values in zip(used, table.pick(tuple(used)), strict=True))
        unread = cls(text, (), covariates, {}, {})
        matrix = unread._model_matrix(table)
        specification = matrix.model_spec
        for expression, (_, state) in specification.encoder_state.items():
            if len(state.get("categories", "--")) < 2:
                level = state["categories"][0]
                raise ValueError(f"{expression} is {level!r} in every row: it carries no information beside the intercept; drop it.")
        encoders = {key: [kind.value, _without_contrasts(state)] for key, (kind, state) in specification.encoder_state.items()}
        names = tuple(name for name in specification.column_names if intercept or name != INTERCEPT)
        return cls(text, names, covariates, copy.deepcopy(specification.transform_state), encoders)

    @property
    def of_names(self) -> tuple[str, ...]:
        """For each of ``names`` the covariate that it is a column of; of a product those that it is of, ``load:make``."""
        known = tuple(covariate.name for covariate in self.covariates)
        patterns = []
        for term in _parsed(self.text):
            pattern = ":".join(re.escape(factor.expr) + r"(\[.*\])?" for factor in term.factors)
            patterns.append((pattern, ":".join(_variables(":".join(map(_quoted, term.factors)), known))))
        return tuple(next((of for pattern, of in patterns if of and re.fullmatch(pattern, name)), name) for name in self.names)

    def matrix(self, table: Table) -> np.ndarray:
        """The columns (n, p) of float64.

        Raises
        ------
        TypeError, ValueError : a column is missing, or holds what it did not when it was learned; a term has no finite value in a row;
            a spline is asked beyond the readings it was learned from.
        """
        if table.n == 0:
            table.pick(tuple(covariate.name for covariate in self.covariates))
            return np.empty((0, len(self.names)))
        made = self._model_matrix(table)
        names = list(made.model_spec.column_names)
        if tuple(name for name in names if name != INTERCEPT) != tuple(name for name in self.names if name != INTERCEPT):
            raise ValueError(f"formulaic makes the columns {names} of {self.text!r}; learned were {list(self.names)}.")
        matrix = side_by_side([made[name].to_numpy(dtype=np.float64) for name in self.names], table.n)
        if not np.isfinite(matrix).all():
            row, column = np.argwhere(~np.isfinite(matrix))[0]
            name, value = self.names[column], matrix[row, column]
            rows, remedy = np.flatnonzero(~np.isfinite(matrix[:, column])), "Correct or drop such rows, or change the formula."
            message = f"{name} is {value} in row {rows[0]} ({len(rows):,} such rows; {ROWS_COUNT_FROM}). {remedy}"
            raise BadRow(message, columns=(name,), rows=rows, expected="finite", remedy=remedy)
        return matrix

    def state(self) -> dict[str, Any]:
        """What JSON can hold, from which ``from_state`` brings it back.

        Raises
        ------
        TypeError : a transform has learned something that cannot be written.
        """
        return {
            "formula": self.text,
            "names": list(self.names),
            "covariates": [covariate.state() for covariate in self.covariates],
            "transforms": to_json(self.transforms, "the formula's transforms"),
            "encoders": to_json(self.encoders, "the formula's categories"),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Formula:
        """The formula that ``state`` wrote.

        Raises
        ------
        ValueError : the formula is not one that ``learn`` takes.
        """
        covariates = tuple(Covariate.from_state(covariate) for covariate in state["covariates"])
        known = tuple(covariate.name for covariate in covariates)
        if set(_variables(state["formula"], known)) != set(known):
            raise ValueError(f"the formula {state['formula']!r} uses other columns than {', '.join(known)}.")
        return cls(state["formula"], tuple(state["names"]), covariates, from_json(state["transforms"]), from_json(state["encoders"]))

    def _model_matrix(self, table: Table) -> Any:
        """What formulaic makes of these rows, in the state learned so far."""
        from formulaic import ModelSpec
        from formulaic.errors import DataMismatchWarning, FormulaicError
        from formulaic.materializers import PandasMaterializer
        from formulaic.parser.types import Factor

        columns = self._frame(table)
        maker = PandasMaterializer(columns, context=_RELATIONS)
        specification = ModelSpec(
            formula=_parsed(self.text),
            output="pandas",
            na_action="ignore",
            transform_state=copy.deepcopy(dict(self.transforms)),
            encoder_state={key: (Factor.Kind(kind), copy.deepcopy(state)) for key, (kind, state) in self.encoders.items()},
        )
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("error", DataMismatchWarning)
                return maker.get_model_matrix(specification)
        except DataMismatchWarning as warning:
            self._refuse_unseen(maker.factor_cache)
            raise ValueError(f"the formula {self.text!r} names other levels than X has: {warning}") from None
        except BadRow:
            raise
        except (FormulaicError, ValueError, TypeError, ArithmeticError, NameError) as error:
            if isinstance(error.__cause__, BadRow):
                raise _by_column(error.__cause__, self.text) from None
            refuse_beyond_splines(self.transforms, columns)
            reason = error.__cause__ or error
            raise ValueError(f"the formula {self.text!r} cannot be computed for X: {str(reason).splitlines()[0]}") from error

    def _frame(self, table: Table) -> Any:
        """The columns that the formula uses, checked, as formulaic takes them."""
        import pandas as pd

        as_labels = _variables(self.text, tuple(covariate.name for covariate in self.covariates))
        columns: dict[str, Any] = {}
        for covariate, values in zip(self.covariates, table.pick(tuple(covariate.name for covariate in self.covariates)), strict=True):
            if covariate.levels is not None:
                columns[covariate.name] = pd.Categorical.from_codes(covariate.codes(values), categories=pd.Index(covariate.levels))
            else:
                # whole numbers stay what they are where they are labels only; powers of them would overflow in silence
                numbers = covariate.numbers(values)
                kind = pd.Series(values).dtype.kind
                whole = as_labels[covariate.name] and kind in "iub"
                columns[covariate.name] = numbers.astype(bool if kind == "b" else np.int64) if whole else numbers
        return pd.DataFrame(columns, index=range(table.n), copy=False)

    def _refuse_unseen(self, factors: Mapping[str, Any]) -> None:
        for expression, (_, state) in self.encoders.items():
            if "categories" in state and expression in factors:
                labels = np.asarray(factors[expression].values)
                known = state["categories"]
                refuse_unseen(expression, ~np.isin(labels, known), labels, tuple(known))


def _by_column(error: BadRow, text: str) -> BadRow:
    """What a life–stress relation refuses, its argument called by the column that the formula hands it, where it is one column."""
    argument = error.columns[0] if error.columns else ""
    functions = [name for name, relation in _RELATIONS.items() if argument in inspect.signature(relation).parameters]
    of = {found.strip(" `") for found in re.findall(rf"(?:{'|'.join(functions)})\(([^()]*)\)", text)} if functions else set()
    calls = len(re.findall(rf"(?:{'|'.join(functions)})\(", text)) if functions else 0
    if len(of) != 1 or calls != 1 or not next(iter(of)).isidentifier():
        return error
    column = next(iter(of))
    message = re.sub(rf"\b{argument}(?= must|=)", column, str(error))
    return BadRow(message, columns=(column,), rows=error.rows, expected=error.expected, remedy=error.remedy)


def _parsed(text: str, available: tuple[str, ...] = ()) -> Any:
    """The terms of a formula; ``available`` is what a dot stands for."""
    if not isinstance(text, str):
        raise TypeError(f"formula must be text such as '~ temperature + C(brand)'; got {type(text).__name__}.")
    from formulaic import Formula as Parsed
    from formulaic.errors import FormulaicError
    from formulaic.formula import SimpleFormula

    try:
        parsed = Parsed.from_spec(text, context={"__formulaic_variables_available__": list(available)})
    except (FormulaicError, SyntaxError, ValueError) as error:
        raise ValueError(f"the formula {text!r} cannot be read: {str(error).splitlines()[0]}") from None
    if not isinstance(parsed, SimpleFormula):
        raise ValueError(f"the formula {text!r} has a left side, or several parts; write '~ a + b', since the lifetimes are given as y.")
    return parsed


def _read(text: str, available: tuple[str, ...], with_intercept: bool) -> str:
    """The formula with its sums and products expanded, its intercept (or that there is none) written out."""
    parsed = _parsed(text, available)
    _refuse_arithmetic(text)
    terms = [":".join(_quoted(factor) for factor in term.factors) for term in parsed]
    intercept = "1" in terms or with_intercept
    return " + ".join(["1" if intercept else "0", *(term for term in terms if term != "1")])


def _refuse_arithmetic(text: str) -> None:
    """Refuse ``1 / x`` and ``x ** 2``, which formulas read as ``x``, as R does too."""
    depth, outside = 0, ""
    for letter in text:
        depth -= letter in ")}"
        outside += letter if depth == 0 else ""
        depth += letter in "({"
    for pattern, meaning in _NO_ARITHMETIC.items():
        found = re.search(pattern, outside)
        if found:
            raise ValueError(
                f"the formula {text!r} has {found[0]!r} outside of a function, which {meaning}. For numbers write I(...), as in "
                "'~ I(1 / temperature) + I(voltage ** 2)'."
            )


def _quoted(factor: Any) -> str:
    """A factor as the grammar of formulas reads it again: names with blanks in backticks, what Python reckons in braces."""
    if factor.eval_method.value == "lookup":
        return factor.expr if factor.expr.isidentifier() else f"`{factor.expr}`"
    return f"{{{factor.expr}}}" if factor.eval_method.value == "python" else factor.expr


def _variables(text: str, available: tuple[str, ...]) -> dict[str, bool]:
    """The columns that a formula uses, in its order, and whether each is only a label (``C(year)``).

    Raises
    ------
    ValueError : it is more than a function of the columns of one row.
    """
    from formulaic.utils.code import sanitize_variable_names

    found: dict[str, bool] = {}
    for factor in (factor for term in _parsed(text) for factor in term.factors):
        if factor.eval_method.value == "lookup":
            found[factor.expr] = False
        elif factor.eval_method.value == "python":
            aliases: dict[str, str] = {}
            expression = sanitize_variable_names(factor.expr, {}, aliases)
            tree = ast.parse(expression, mode="eval")
            labelled = {
                call.args[0]
                for call in ast.walk(tree)
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in _LABELLING and call.args
            }
            for name in _names(tree, factor.expr, aliases, available):
                column = aliases.get(name.id, name.id)
                found[column] = found.get(column, True) and name in labelled
    return found


def _names(tree: ast.Expression, expression: str, aliases: Mapping[str, str], available: tuple[str, ...]) -> list[ast.Name]:
    """The names in an expression that are columns; all else must be a known function or constant."""
    from formulaic.transforms import TRANSFORMS
    from formulaic.transforms.contrasts import ContrastsRegistry

    def refuse(what: str, remedy: str = "Make a column of it before.") -> None:
        raise ValueError(f"the formula's {expression!r} uses {what}, which is not among what formulas may use here. {remedy}")

    functions = {*TRANSFORMS, *_RELATIONS} - {*_LEFT_OUT, "np", "contr"}
    no_columns: set[ast.AST] = set()
    for node in ast.walk(tree):
        if not isinstance(node, _GRAMMAR):
            refuse(type(node).__name__)
        elif isinstance(node, ast.Attribute):
            base = node.value.id if isinstance(node.value, ast.Name) else None
            of_numpy = isinstance(getattr(np, node.attr, None), (np.ufunc, float)) or node.attr in _OF_ARRAYS
            of_contrasts = node.attr in vars(ContrastsRegistry) and not node.attr.startswith("_")
            if not ((base == "np" and of_numpy) or (base == "contr" and of_contrasts)):
                refuse(ast.unparse(node), "Make a column of it before; names with dots stand in backticks.")
            no_columns.add(node.value)
        elif isinstance(node, ast.Call) and not isinstance(node.func, ast.Attribute):
            called = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
            if called not in functions:
                refuse(f"{called}()", _LEFT_OUT.get(called, "Make a column of it before."))
            no_columns.add(node.func)
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node not in no_columns]
    return [name for name in names if aliases.get(name.id, name.id) in available or name.id not in functions]


def _without_contrasts(state: Mapping[str, Any]) -> dict[str, Any]:
    """What an encoder learned, without formulaic's account of how: the formula says that again."""
    return {key: _without_contrasts(value) if isinstance(value, dict) else value for key, value in state.items() if key != "contrasts"}
