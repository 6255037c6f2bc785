"""Rego compiled and evaluated by regopy (rego-cpp), in the child process that `engine` starts.

A built-in's error counts as an error, not as "undefined". Texts go in and come out with JSON's escapes: rego-cpp
prints them as it got them. So `count` of a text and regular expressions see an escaped quote, backslash or control
character as two signs: write regular expressions as anchored lists of what is allowed.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regopy import Bundle, Input, Interpreter, LogLevel, RegoError

from conductor_core.adapters.rego.plans import ENGINE, ENTRYPOINTS, check_plan
from conductor_core.domain import policies
from conductor_core.domain.policies import Answer, PolicyBundle, UndecidedError


@dataclass(frozen=True)
class _Compiled:
    """One compiled family."""

    interpreter: Interpreter
    bundle: Bundle


class Evaluator:
    """One bundle; each family is compiled once."""

    def __init__(self, bundle: PolicyBundle) -> None:
        self.bundle = bundle
        self._compiled: dict[str, _Compiled] = {}

    def answer(self, family: str, document: Mapping[str, Any]) -> Answer:
        """What the family's entrypoints say; raises `UndecidedError`."""
        if family not in self._compiled:
            self._compiled[family] = _compile(self.bundle, family)
        compiled = self._compiled[family]
        compiled.interpreter.set_input(Input(_escaped(document)))
        return Answer(**{name: _query(compiled, f"{family}/{name}") for name in ENTRYPOINTS})


def _compile(bundle: PolicyBundle, family: str) -> _Compiled:
    interpreter = Interpreter()
    interpreter.log_level = LogLevel.NONE
    interpreter.strict_built_in_errors = True
    try:
        for path, text in bundle.modules:
            interpreter.add_module(path, text)
        built = interpreter.build(None, [f"{family}/{name}" for name in ENTRYPOINTS])
    except RegoError as bad:
        raise _compile_error(bundle, str(bad)) from bad
    if not built.ok():
        raise _compile_error(bundle, _errors(built.node()))
    with tempfile.TemporaryDirectory(prefix="rego-plan-") as folder:
        interpreter.save_bundle(folder, built)
        plan = json.loads((Path(folder) / "plan.json").read_text(encoding="utf-8"))
    check_plan(plan, interpreter, family, [path for path, _ in bundle.modules])
    return _Compiled(interpreter, built)


def _query(compiled: _Compiled, entrypoint: str) -> object:
    output = compiled.interpreter.query_bundle_entrypoint(compiled.bundle, entrypoint)
    if not output.ok():
        why = f"{entrypoint}: {_message(_errors(output.node()))}."
        raise UndecidedError("evaluation-error", why, "Guard the rule against values of that type.")
    text = str(output)
    if text == "undefined":
        return None
    found = policies.parse_answer(text, ENGINE)
    return found["expressions"][0] if found.get("expressions") else None


def _escaped(value: object) -> object:
    """The value with JSON's escapes inside its texts, the form in which rego-cpp keeps them."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)[1:-1]
    if isinstance(value, Mapping):
        return {_escaped(key): _escaped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    return value


def _errors(node: Any) -> str:
    return "\n".join(str(node.at(at).json()) for at in range(len(node)))


def _message(text: str) -> str:
    """The first message in rego-cpp's printed errors: `(errormsg <length>:<message>)`."""
    found = re.search(r"\(errormsg \d+:(.*)\)$", text, re.MULTILINE)
    return found[1] if found else text.strip()[:200]


def _compile_error(bundle: PolicyBundle, text: str) -> UndecidedError:
    place = re.search(r"\d+:([^|\s()]+\.rego)\|(\d+)\|", text)
    where = "the bundle"
    if place:
        source = dict(bundle.files).get(place[1], "").encode()
        where = f"{place[1]}:{source[: int(place[2])].count(10) + 1}"
    return UndecidedError("compile-error", f"{where} does not compile: {_message(text)}.", f"Correct {where}.")
