"""Reads the tagged parameters cell, from which the form of a runbook is drawn (style rule 14, security rule 16).

    name: type = default  # help [required] [one of: a, b] [pattern: [a-z]+]

One declaration a line, nothing else in the cell. The cell is parsed as Python and never run; papermill's own reading
must agree with it, so that the form and the pasted code can't differ.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode
from papermill import inspect_notebook

from conductor_core.adapters.papermill_runs import files
from conductor_core.adapters.papermill_runs.literals import is_plain
from conductor_core.domain.runbooks import PARAMETER_NAME, TYPES, Parameter
from conductor_core.errors import InputError

FORM = "name: type = default  # help"
_MARK = re.compile(r"\s*\[(?=required\]|one of:|pattern:)")


@dataclass(frozen=True)
class _Cell:
    """Where a problem is, for its message."""

    notebook: str

    def problem(self, line: int, why: str) -> InputError:
        return InputError(
            f"The parameters cell of {self.notebook} can't be used, line {line}.",
            why=why,
            next=f"Write each parameter as `{FORM}` with a type of {', '.join(TYPES)} and a literal default.",
        )


def declared(notebook: NotebookNode, name: str) -> tuple[Parameter, ...]:
    """The parameters of a notebook in the order of the cell; none when no cell is tagged `parameters`.

    `name` names the notebook in errors. Raises `InputError` that names the line of the cell.
    """
    cells = [c for c in notebook.cells if c.cell_type == "code" and "parameters" in c.metadata.get("tags", [])]
    at = _Cell(name)
    if not cells:
        return ()
    if len(cells) > 1:
        raise at.problem(1, f"{len(cells)} cells are tagged `parameters`; one is allowed.")
    try:
        statements = ast.parse(cells[0].source).body
    except (SyntaxError, ValueError) as bad:
        raise at.problem(getattr(bad, "lineno", None) or 1, f"It is not Python: {bad}.") from bad
    found = [(statement.lineno, _parameter(at, statement)) for statement in statements]
    names = [bare.name for _, bare in found]
    for line, bare in found:
        if names.count(bare.name) > 1:
            raise at.problem(line, f"{bare.name} is declared more than once.")
    asked = inspect_notebook(_as_papermill_reads(notebook))
    return tuple(_marked(at, line, bare, _help(at, line, bare, asked)) for line, bare in found)


def _as_papermill_reads(notebook: NotebookNode) -> NotebookNode:
    """A copy that papermill can't refuse for want of a kernel's name."""
    spec = files.node(name="python3", language="python", display_name="Conductor")
    copy = files.node(**notebook)
    copy.metadata = files.node(**{**copy.metadata, "kernelspec": spec})
    return copy


def _parameter(at: _Cell, statement: ast.stmt) -> Parameter:
    """The parameter that a statement declares, as yet without its help."""
    line = statement.lineno
    if not (
        isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and isinstance(statement.annotation, ast.Name)
        and statement.value is not None
    ):
        raise at.problem(line, f"`{ast.unparse(statement)[:80]}` is not the declaration of a parameter.")
    name, kind = statement.target.id, statement.annotation.id
    if not PARAMETER_NAME.fullmatch(name):
        raise at.problem(line, f"{name} is not a name of lower-case letters, digits and underscores.")
    if kind not in TYPES:
        raise at.problem(line, f"{name} has the type {kind}.")
    default = _literal(at, line, name, statement.value)
    if kind == "float" and type(default) is int:
        default = float(default)
    if type(default) is not TYPES[kind] or not is_plain(default):
        raise at.problem(line, f"The default of {name} is not a plain {kind}.")
    return Parameter(name, kind, default)


def _help(at: _Cell, line: int, bare: Parameter, asked: dict[str, dict[str, Any]]) -> str:
    """The help as papermill reads it, which must read the same declaration."""
    seen = asked.get(bare.name)
    if seen is None or seen["inferred_type_name"] != bare.type or not _same(seen["default"], bare.default):
        why = f"{bare.name} can't be told from its help: keep `=` and `#` out of both the help and the default."
        raise at.problem(line, why)
    return str(seen["help"])


def _literal(at: _Cell, line: int, name: str, value: ast.expr) -> object:
    try:
        return ast.literal_eval(value)
    except (ValueError, TypeError, MemoryError, RecursionError) as bad:
        raise at.problem(line, f"The default of {name} is not a literal.") from bad


def _same(text: str, default: object) -> bool:
    try:
        return bool(ast.literal_eval(text) == default)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False


def _marked(at: _Cell, line: int, bare: Parameter, text: str) -> Parameter:
    """`bare` with its help and what the marks at the end of the help declare."""
    words, *marks = _MARK.split(text.strip())
    required, pattern = False, ""
    choices: tuple[str, ...] = ()
    for mark in marks:
        kind, _, rest = mark.strip().partition(":")
        if not mark.strip().endswith("]"):
            raise at.problem(line, f"The mark [{mark.strip()} of {bare.name} is not closed, or text follows it.")
        if kind == "required]":
            required = True
            continue
        if bare.type != "str":
            raise at.problem(line, f"Only text can have [{kind}: ...]; {bare.name} is {bare.type}.")
        body = rest.strip()[:-1].strip()
        if kind == "one of":
            choices = tuple(word for word in (part.strip() for part in body.split(",")) if word)
        else:
            pattern = body
        if kind == "one of" and not choices:
            raise at.problem(line, f"The choices of {bare.name} are empty.")
    if bare.default and choices and bare.default not in choices:
        raise at.problem(line, f"The default of {bare.name} is not one of its choices.")
    try:
        expression = re.compile(pattern)
    except re.error as bad:
        raise at.problem(line, f"The pattern of {bare.name} is no regular expression: {bad}.") from bad
    if pattern and bare.default and not expression.fullmatch(str(bare.default)):
        raise at.problem(line, f"The default of {bare.name} doesn't match its pattern.")
    return Parameter(bare.name, bare.type, bare.default, words.strip(), required, choices, pattern)
