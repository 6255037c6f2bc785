"""Policy decisions: what a bundle of Rego is, and the one place where its answer becomes a verdict, failing closed.

Rule: a gate that can't decide denies (missing family, empty bundle, zero rules, compile error, timeout, undefined
result, engine down, bad JSON, input that engines could read differently), and says why.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from conductor_core.domain.gates import Reason, Result, Verdict, verdict
from conductor_core.errors import PolicyError

LIBRARY = "lib"
"""Folder of the bundle that holds shared functions and no family."""

FORBIDDEN_BUILTINS = (
    "http.send",
    "net.lookup_ip_addr",
    "opa.runtime",
    "rand.intn",
    "time.now_ns",
    "trace",
    "uuid.rfc4122",
)
"""A gate answers the same for the same input: nothing that asks the network, the clock or chance."""

_FORBIDDEN = re.compile(r"(?<![\w.])(" + "|".join(map(re.escape, FORBIDDEN_BUILTINS)) + r")\s*\(")
_FAMILY = re.compile(r"[a-z][a-z0-9_]{0,62}")
_MAX_DEPTH = 64
_MAX_BYTES = 32 * 1024 * 1024


class UndecidedError(PolicyError):
    """The engine can't give a decision. `cause` is one word of a closed list, used as the rule `engine/<cause>`."""

    def __init__(self, cause: str, why: str, next: str) -> None:
        super().__init__("No policy decision could be made.", why=why, next=next)
        self.cause = cause


@dataclass(frozen=True)
class RuleDoc:
    """One rule as its METADATA describes it. `severity` is `deny`, `warn` or `both`; `line` starts at 1."""

    id: str
    family: str
    severity: str
    title: str
    description: str
    clears_by: str
    file: str
    line: int


@dataclass(frozen=True)
class PolicyBundle:
    """Every Rego file of a bundle: `files` are sorted pairs of relative path and text, `rules` their documentation."""

    files: tuple[tuple[str, str], ...]
    rules: tuple[RuleDoc, ...] = ()

    @property
    def modules(self) -> tuple[tuple[str, str], ...]:
        """The files that take part in decisions, without tests."""
        return tuple((path, text) for path, text in self.files if not path.endswith("_test.rego"))

    @property
    def families(self) -> tuple[str, ...]:
        """The families that can be asked: top-level folders with a module in them, but not the library."""
        heads = {path.split("/", 1)[0] for path, _ in self.modules if "/" in path}
        return tuple(sorted(heads - {LIBRARY}))

    @property
    def digest(self) -> str:
        """`sha256:<hex>` over names and bytes of every file."""
        sums = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in self.files}
        return "sha256:" + hashlib.sha256(json.dumps(sums, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class CanonicalInput:
    """An input that every engine reads alike: `text` is its JSON, `digest` names it."""

    document: Mapping[str, Any]
    text: str
    digest: str


@dataclass(frozen=True)
class Answer:
    """What an engine found at the entrypoints `deny`, `warn` and `rules` of one family, as plain JSON."""

    deny: object
    warn: object
    rules: object


@dataclass(frozen=True)
class PolicyDecision:
    """One decision, kept with the Change. `rules_run` counts rules that were evaluated; `seconds` is wall time."""

    family: str
    result: Result
    denials: tuple[Reason, ...]
    warnings: tuple[Reason, ...]
    rules_run: int
    input_digest: str
    bundle_digest: str
    engine: str
    seconds: float

    def verdict(self, gate: str = "policy", evidence: str = "") -> Verdict:
        """The decision as a gate's verdict, with its denials before its warnings."""
        return verdict(gate, denials=self.denials, warnings=self.warnings, rules_run=self.rules_run, evidence=evidence)


def decide(
    engine: str,
    family: str,
    document: Mapping[str, Any],
    source: Callable[[], PolicyBundle],
    ask: Callable[[PolicyBundle, str, CanonicalInput], Answer],
    clock: Callable[[], float],
) -> PolicyDecision:
    """The decision of `family` on `document`; never raises a `PolicyError`, but denies with its reason.

    `source` reads the bundle, `ask` evaluates it and raises `UndecidedError`, `clock` counts seconds.
    """
    started, input_digest, bundle_digest = clock(), "", ""
    try:
        asked = canonical_input(document)
        input_digest = asked.digest
        bundle = source()
        bundle_digest = bundle.digest
        check_bundle(bundle, family)
        denials, warnings, ran = _read(bundle, family, ask(bundle, family, asked))
    except PolicyError as bad:
        cause = bad.cause if isinstance(bad, UndecidedError) else "bundle-unreadable"
        denials, warnings, ran = (Reason(f"engine/{cause}", f"{bad.what} {bad.why}", "", bad.next),), (), 0
    result = Result.DENY if denials else Result.WARN if warnings else Result.ALLOW
    seconds = clock() - started
    return PolicyDecision(family, result, denials, warnings, ran, input_digest, bundle_digest, engine, seconds)


def check_bundle(bundle: PolicyBundle, family: str) -> None:
    """Raise `UndecidedError` when the bundle is empty, lacks the family, or calls what a gate may not."""
    if not bundle.modules:
        raise UndecidedError("empty-bundle", "The policy bundle holds no rules.", "Restore policies/opa.")
    if not _FAMILY.fullmatch(family) or family not in bundle.families:
        known = ", ".join(bundle.families) or "none"
        why = f"The bundle has no family {family[:80]!r}; it has: {known}."
        raise UndecidedError("missing-family", why, f"Add policies/opa/{family[:80]}/ or ask for another family.")
    for path, text in bundle.modules:
        for number, line in enumerate(text.splitlines(), start=1):
            found = _FORBIDDEN.search(line.split("#", 1)[0])
            if found:
                why = f"{path}:{number} calls {found[1]}, which would make the same input give different answers."
                raise UndecidedError("forbidden-builtin", why, "Read what the rule needs from the input instead.")


def canonical_input(document: Mapping[str, Any]) -> CanonicalInput:
    """The input as plain JSON of at most 64 levels and 32 MiB; raises `UndecidedError` (`bad-input`) naming the path.

    Numbers are finite, whole ones fit 64 bits: beyond that engines disagree about what they read.
    """
    plain = _plain(document, "input", 0)
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    data = text.encode()
    if not isinstance(plain, dict):
        raise _bad_input("input", "it is not an object")
    if len(data) > _MAX_BYTES:
        raise _bad_input("input", f"it has {len(data)} bytes, more than {_MAX_BYTES}")
    return CanonicalInput(plain, text, "sha256:" + hashlib.sha256(data).hexdigest())


def _plain(value: object, path: str, depth: int) -> object:
    if depth > _MAX_DEPTH:
        raise _bad_input(path[:200], f"it nests deeper than {_MAX_DEPTH} levels")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, path)
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise _bad_input(path, "its number does not fit 64 bits")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _bad_input(path, "its number is not finite")
        return int(value) if value.is_integer() and abs(value) < 2**53 else float(value)
    if isinstance(value, Mapping):
        out: dict[str, object] = {}
        for key, item in value.items():
            if not isinstance(key, str):
                raise _bad_input(path, f"it has a key of type {type(key).__name__}")
            out[_text(key, path)] = _plain(item, f"{path}/{key}", depth + 1)
        return out
    if isinstance(value, list | tuple):
        return [_plain(item, f"{path}/{at}", depth + 1) for at, item in enumerate(value)]
    raise _bad_input(path, f"it is a {type(value).__name__}, which JSON does not know")


def _text(value: str, path: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as bad:
        raise _bad_input(path, "its text is not valid Unicode") from bad
    return str(value)


def _bad_input(path: str, problem: str) -> UndecidedError:
    why = f"The input can't be judged: at {path[:200]}, {problem}."
    return UndecidedError("bad-input", why, "Correct the manifest, value or parameter at that path.")


def _read(bundle: PolicyBundle, family: str, answer: Answer) -> tuple[tuple[Reason, ...], tuple[Reason, ...], int]:
    ran = answer.rules
    if not isinstance(ran, list) or not all(isinstance(rule, str) for rule in ran):
        raise _undefined(family, "rules")
    if not ran:
        why = f"Not one rule of {family} was evaluated."
        raise UndecidedError("zero-rules", why, f"Let each rule of policies/opa/{family} add its id to `rules`.")
    silent = sorted({doc.id for doc in bundle.rules if doc.family == family} - set(ran))
    if silent:
        why = f"The rule {silent[0]} is documented in the bundle but was not evaluated."
        raise UndecidedError("rule-not-run", why, f"Add its id to `rules` in policies/opa/{family}.")
    return _findings(family, "deny", answer.deny), _findings(family, "warn", answer.warn), len(set(ran))


def _findings(family: str, entrypoint: str, found: object) -> tuple[Reason, ...]:
    if not isinstance(found, list):
        raise _undefined(family, entrypoint)
    return tuple(sorted((_reason(family, entrypoint, item) for item in found), key=_order))


def _order(reason: Reason) -> tuple[str, str, str]:
    return reason.rule, reason.path, reason.text


def _reason(family: str, entrypoint: str, item: object) -> Reason:
    keys = ("rule", "msg", "path", "clears_by")
    if not isinstance(item, dict) or not all(isinstance(item.get(key), str) for key in keys):
        why = f"{family}/{entrypoint} answered something that is not {{rule, msg, path, clears_by}} in texts."
        raise UndecidedError("bad-finding", why, f"Correct the rules in policies/opa/{family}; run `opa test`.")
    return Reason(item["rule"], item["msg"], item["path"], item["clears_by"])


def _undefined(family: str, entrypoint: str) -> UndecidedError:
    why = f"{family}/{entrypoint} is undefined or not a set."
    return UndecidedError("undefined", why, f"Define `{entrypoint}` in policies/opa/{family} as a set.")


def parse_answer(text: str, engine: str) -> Any:
    """The JSON that an engine answered; raises `UndecidedError` (`bad-json`)."""
    try:
        return json.loads(text)
    except ValueError as bad:
        why = f"{engine} answered something that is not JSON: {text[:120]!r}."
        raise UndecidedError("bad-json", why, f"Look at the log of {engine}.") from bad


def annotation_blocks(text: str) -> Iterable[tuple[int, str]]:
    """The `# METADATA` comments of a Rego file: the line (from 1) of the rule under each, and its YAML."""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        if lines[at].strip() != "# METADATA":
            at += 1
            continue
        block: list[str] = []
        at += 1
        while at < len(lines) and lines[at].lstrip().startswith("#"):
            block.append(lines[at].lstrip()[1:].removeprefix(" "))
            at += 1
        yield at + 1, "\n".join(block)
