"""What rego-cpp compiles and OPA would refuse: found in the compiled plan, before it is used.

A variable that nothing binds and a call to a function that is not there would let a rule silently not match. The plan
is OPA's intermediate representation: https://www.openpolicyagent.org/docs/ir
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from regopy import Interpreter

from conductor_core.domain.policies import UndecidedError

ENGINE = "regopy"
ENTRYPOINTS = ("deny", "warn", "rules")
_INPUT_AND_DATA = 2  # the first two locals of every plan


def check_plan(plan: Mapping[str, Any], interpreter: Interpreter, family: str, paths: list[str]) -> None:
    """Refuse calls of unknown functions, built-ins that rego-cpp lacks, and variables that nothing binds."""
    functions = plan["funcs"]["funcs"]
    files = [_full(entry["value"], family, paths) for entry in plan["static"].get("files", [])]
    known = {function["name"] for function in functions}
    planned = {entry["name"] for entry in plan["plans"]["plans"]}
    for name in ENTRYPOINTS:
        if f"{family}/{name}" not in planned:
            raise UndecidedError(
                "undefined", f"{family}/{name} is not defined.", f"Define it in policies/opa/{family}."
            )
    for function in functions:
        bound = set(range(_INPUT_AND_DATA)) | set(function["params"])
        for kind, statement in _statements(function["blocks"]):
            problem = ""
            if kind == "CallStmt" and statement["func"] not in known and not interpreter.is_builtin(statement["func"]):
                problem = f"the function {statement['func']} is not defined, or not known to {ENGINE}"
            unbound = [local for local in _reads(kind, statement) if local not in bound]
            if unbound and not problem:
                problem = "a variable is used that nothing binds (unsafe variable)"
            if problem:
                at = statement.get("file", 0)
                where = f"{files[at] if at < len(files) else family}:{statement.get('row', 0) + 1}"
                raise UndecidedError("compile-error", f"{where} does not compile: {problem}.", f"Correct {where}.")
            bound |= _writes(kind, statement)


def _full(name: str, family: str, paths: list[str]) -> str:
    """The path of a file of which the plan only keeps the last part; the family's own comes before others."""
    found = [path for path in paths if path.rpartition("/")[2] == name]
    return next((path for path in found if path.startswith(f"{family}/")), found[0] if len(found) == 1 else name)


def _statements(blocks: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement in the order of evaluation; a statement comes before those in the blocks that it holds."""
    for block in blocks:
        for entry in block["stmts"]:
            kind, statement = entry["type"], entry["stmt"]
            yield kind, statement
            yield from _statements(statement.get("blocks") or [])
            if "block" in statement:
                yield from _statements([statement["block"]])


def _reads(kind: str, statement: Mapping[str, Any]) -> Iterator[int]:
    for key, value in statement.items():
        for operand in value if key == "args" else (value,):
            if isinstance(operand, dict) and operand.get("type") == "local":
                yield operand["value"]
    if kind in ("ScanStmt", "IsDefinedStmt", "ReturnLocalStmt"):
        source = statement["source"]
        yield source["value"] if isinstance(source, dict) else source


def _writes(kind: str, statement: Mapping[str, Any]) -> set[int]:
    names = ("key", "value") if kind == "ScanStmt" else ("target", "result", "local")
    return {statement[name] for name in names if isinstance(statement.get(name), int)}
