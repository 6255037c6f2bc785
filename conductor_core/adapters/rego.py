"""The embedded policy engine: Rego compiled and evaluated in this process by regopy (rego-cpp).

rego-cpp accepts some things that OPA refuses to compile: a variable that nothing binds, a call to a function that
is not there. Both would let a rule silently not match, so the compiled plan (OPA's intermediate representation,
https://www.openpolicyagent.org/docs/ir) is checked here before it is used. A built-in's error counts as an error,
not as "undefined". Texts go in and come out with JSON's escapes: rego-cpp prints them as it got them. So `count` of
a text and regular expressions see an escaped quote, backslash or control character as two signs: write regular
expressions as anchored lists of what is allowed.
"""

from __future__ import annotations

import json
import queue
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regopy import Bundle, Input, Interpreter, LogLevel, RegoError

from conductor_core.domain import policies
from conductor_core.domain.policies import Answer, CanonicalInput, PolicyBundle, PolicyDecision, RuleDoc, UndecidedError
from conductor_core.errors import PolicyError

ENGINE = "regopy"
_COMPILING = threading.Lock()
"""One compilation in the process at a time: two that save bundles at once abort the process (regopy 1.5.2). Decisions
may overlap with one another and with a compilation: each has an interpreter and a bundle of its own."""
_ENTRYPOINTS = ("deny", "warn", "rules")
_INPUT_AND_DATA = 2  # the first two locals of every plan


@dataclass(frozen=True)
class _Compiled:
    """One compiled family; used by one thread at a time."""

    interpreter: Interpreter
    bundle: Bundle


class RegoEngine:
    """`PolicyEngine` on regopy. Each family is compiled once per bundle digest; `timeout` in seconds.

    A decision that overruns its timeout is abandoned with its compiled copy, so that the next one is not held up.
    """

    def __init__(
        self,
        source: Callable[[], PolicyBundle],
        *,
        timeout: float = 5.0,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._source, self._timeout, self._clock = source, timeout, clock
        self._lock = threading.Lock()
        self._digest = ""
        self._idle: dict[str, list[_Compiled]] = {}

    def decide(self, family: str, input: Mapping[str, Any]) -> PolicyDecision:
        """The decision of `family` on `input`; a failure of any kind is a denial."""
        return policies.decide(ENGINE, family, input, self._source, self._ask, self._clock)

    def families(self) -> tuple[str, ...]:
        """The families of the bundle, sorted."""
        return self._source().families

    def bundle_digest(self) -> str:
        """The digest of the bundle that the next decision would use."""
        return self._source().digest

    def rules(self) -> tuple[RuleDoc, ...]:
        """The documentation of every rule."""
        return self._source().rules

    def _ask(self, bundle: PolicyBundle, family: str, asked: CanonicalInput) -> Answer:
        outcome: queue.SimpleQueue[Answer | PolicyError] = queue.SimpleQueue()

        def run() -> None:
            try:
                outcome.put(self._evaluate(bundle, family, asked))
            except PolicyError as bad:
                outcome.put(bad)
            except Exception as bad:  # noqa: BLE001  # whatever breaks the engine is a denial, not a silent thread
                outcome.put(UndecidedError("engine-error", f"{ENGINE}: {bad}", "Run `opa check policies/opa`."))

        threading.Thread(target=run, name=f"rego-{family}", daemon=True).start()
        try:
            answer = outcome.get(timeout=self._timeout)
        except queue.Empty as bad:
            why = f"{ENGINE} had no answer after {self._timeout:g} s."
            raise UndecidedError("timeout", why, f"Simplify the rules of {family}, or shrink the input.") from bad
        if isinstance(answer, PolicyError):
            raise answer
        return answer

    def _evaluate(self, bundle: PolicyBundle, family: str, asked: CanonicalInput) -> Answer:
        compiled = self._take(bundle, family)
        compiled.interpreter.set_input(Input(_escaped(asked.document)))
        found = {name: _query(compiled, f"{family}/{name}") for name in _ENTRYPOINTS}
        with self._lock:
            if self._digest == bundle.digest:
                self._idle.setdefault(family, []).append(compiled)
        return Answer(**found)

    def _take(self, bundle: PolicyBundle, family: str) -> _Compiled:
        with self._lock:
            if self._digest != bundle.digest:
                self._digest, self._idle = bundle.digest, {}
            idle = self._idle.get(family)
            if idle:
                return idle.pop()
        with _COMPILING:
            return _compile(bundle, family)


def _compile(bundle: PolicyBundle, family: str) -> _Compiled:
    interpreter = Interpreter()
    interpreter.log_level = LogLevel.NONE
    interpreter.strict_built_in_errors = True
    try:
        for path, text in bundle.modules:
            interpreter.add_module(path, text)
        built = interpreter.build(None, [f"{family}/{name}" for name in _ENTRYPOINTS])
    except RegoError as bad:
        raise _compile_error(bundle, str(bad)) from bad
    if not built.ok():
        raise _compile_error(bundle, _errors(built.node()))
    with tempfile.TemporaryDirectory(prefix="rego-plan-") as folder:
        interpreter.save_bundle(folder, built)
        plan = json.loads((Path(folder) / "plan.json").read_text(encoding="utf-8"))
    _check_plan(plan, interpreter, family, [path for path, _ in bundle.modules])
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


def _check_plan(plan: Mapping[str, Any], interpreter: Interpreter, family: str, paths: list[str]) -> None:
    """Refuse calls of unknown functions, built-ins that rego-cpp lacks, and variables that nothing binds."""
    functions = plan["funcs"]["funcs"]
    files = [_full(entry["value"], family, paths) for entry in plan["static"].get("files", [])]
    known = {function["name"] for function in functions}
    planned = {entry["name"] for entry in plan["plans"]["plans"]}
    for name in _ENTRYPOINTS:
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
