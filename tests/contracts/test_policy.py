"""The contract of `PolicyEngine`, on the fake, on embedded Rego and on a real OPA server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from conductor_core.adapters.opa import OpaEngine
from conductor_core.adapters.rego import RegoEngine
from conductor_core.domain.gates import Result
from conductor_core.domain.policies import Answer, PolicyBundle, RuleDoc, UndecidedError
from conductor_core.ports.policy import PolicyEngine
from tests.fakes.opa_server import serving
from tests.fakes.policy import FakePolicyEngine, Rule

COLOUR = """package colour

deny contains finding("colour/red", sprintf("%s is red", [input.name])) if input.colour == "red"

warn contains finding("colour/amber", "amber") if input.colour == "amber"

rules := {"colour/red", "colour/amber"}

finding(rule, msg) := {"rule": rule, "msg": msg, "path": "colour", "clears_by": "paint it"}
"""


@dataclass(frozen=True)
class Case:
    """One family: its Rego, the same in Python, and the cause with which a broken one must deny."""

    rego: str
    python: Rule
    cause: str = ""


def colour(document: Mapping[str, Any]) -> Answer:
    def finding(rule: str, msg: str) -> dict[str, str]:
        return {"rule": rule, "msg": msg, "path": "colour", "clears_by": "paint it"}

    deny = [finding("colour/red", f"{document['name']} is red")] if document.get("colour") == "red" else []
    warn = [finding("colour/amber", "amber")] if document.get("colour") == "amber" else []
    return Answer(deny, warn, ["colour/amber", "colour/red"])


def undecided(cause: str) -> Rule:
    def rule(document: Mapping[str, Any]) -> Answer:
        raise UndecidedError(cause, "why", "next")

    return rule


NOTHING = "deny := set()\n\nwarn := set()\n\n"
CASES = {
    "colour": Case(COLOUR, colour),
    "idle": Case(f"package idle\n\n{NOTHING}rules := set()\n", lambda _: Answer([], [], []), "zero-rules"),
    "mute": Case('package mute\n\nwarn := set()\n\nrules := {"a"}\n', lambda _: Answer(None, [], ["a"]), "undefined"),
    "silent": Case(
        'package silent\n\ndeny := set() if input.x\n\nwarn := set()\n\nrules := {"a"}\n',
        lambda _: Answer(None, [], ["a"]),
        "undefined",
    ),
    "vague": Case(
        'package vague\n\ndeny := {"no"}\n\nwarn := set()\n\nrules := {"a"}\n',
        lambda _: Answer(["no"], [], ["a"]),
        "bad-finding",
    ),
    "torn": Case(f'package torn\n\n{NOTHING}rules := {{"a"}} if\n', undecided("compile-error"), "compile-error"),
    "unbound": Case(
        'package unbound\n\ndeny contains x if {\n\ty := 1\n\ty == z\n}\n\nwarn := set()\n\nrules := {"a"}\n',
        undecided("compile-error"),
        "compile-error",
    ),
    "unknown": Case(
        'package unknown\n\ndeny contains x if x := data.lib.nothing(1)\n\nwarn := set()\n\nrules := {"a"}\n',
        undecided("compile-error"),
        "compile-error",
    ),
    "mistyped": Case(
        'package mistyped\n\ndeny contains "a" if lower(input.number) == "a"\n\nwarn := set()\n\nrules := {"a"}\n',
        undecided("evaluation-error"),
        "evaluation-error",
    ),
    "clashing": Case(
        f'package clashing\n\n{NOTHING}rules := {{"a"}} if input.number\n\nrules := {{"b"}} if input.number\n',
        undecided("evaluation-error"),
        "evaluation-error",
    ),
    "asking": Case(
        'package asking\n\ndeny contains x if x := time.now_ns()\n\nwarn := set()\n\nrules := {"a"}\n',
        undecided("never asked"),
        "forbidden-builtin",
    ),
}

Build = Callable[[PolicyBundle, Mapping[str, Rule]], PolicyEngine]


@pytest.fixture(scope="session")
def opa_url() -> Iterator[str]:
    with serving() as url:
        yield url


@pytest.fixture(params=["fake", "regopy", pytest.param("opa", marks=pytest.mark.opa)])
def build(request: pytest.FixtureRequest) -> Iterator[Build]:
    opened: list[OpaEngine] = []

    def make(bundle: PolicyBundle, rules: Mapping[str, Rule]) -> PolicyEngine:
        if request.param == "fake":
            return FakePolicyEngine(rules, bundle)
        if request.param == "regopy":
            return RegoEngine(lambda: bundle, timeout=30)
        opened.append(OpaEngine(request.getfixturevalue("opa_url"), lambda: bundle, timeout=30))
        return opened[-1]

    yield make
    for engine in opened:
        engine.close()


def bundle_of(*names: str, rules: tuple[RuleDoc, ...] = ()) -> PolicyBundle:
    return PolicyBundle(tuple((f"{name}/{name}.rego", CASES[name].rego) for name in sorted(names)), rules)


def engine_of(build: Build, *names: str, rules: tuple[RuleDoc, ...] = ()) -> PolicyEngine:
    return build(bundle_of(*names, rules=rules), {name: CASES[name].python for name in names})


@pytest.mark.parametrize(("paint", "result"), [("green", Result.ALLOW), ("amber", Result.WARN), ("red", Result.DENY)])
def test_allow_warn_deny(build: Build, paint: str, result: Result) -> None:
    engine = engine_of(build, "colour", "idle")
    decision = engine.decide("colour", {"name": 'the "door"\n\\', "colour": paint})
    assert (decision.result, decision.family, decision.rules_run) == (result, "colour", 2)
    assert decision.bundle_digest == engine.bundle_digest() == bundle_of("colour", "idle").digest
    assert decision.input_digest.startswith("sha256:")
    assert decision.seconds >= 0
    found = [(reason.rule, reason.text, reason.path, reason.clears_by) for reason in decision.denials]
    expected = [("colour/red", 'the "door"\n\\ is red', "colour", "paint it")] if paint == "red" else []
    assert found == expected
    assert [reason.rule for reason in decision.warnings] == (["colour/amber"] if paint == "amber" else [])
    assert decision.verdict().result is result


@pytest.mark.parametrize("name", sorted(name for name, case in CASES.items() if case.cause))
def test_whatever_is_broken_denies_with_its_cause(build: Build, name: str) -> None:
    decision = engine_of(build, "colour", name).decide(name, {"number": 5, "name": "a"})
    assert decision.result is Result.DENY
    assert [reason.rule for reason in decision.denials] == [f"engine/{CASES[name].cause}"]
    assert decision.denials[0].clears_by
    assert decision.rules_run == 0
    assert decision.verdict().result is Result.DENY


def test_a_missing_family_denies(build: Build) -> None:
    engine = engine_of(build, "colour")
    for family in ("shape", "", "lib", "../colour", "Colour"):
        assert [r.rule for r in engine.decide(family, {}).denials] == ["engine/missing-family"]
    assert engine.families() == ("colour",)


def test_an_empty_bundle_denies(build: Build) -> None:
    for files in ((), (("colour/colour_test.rego", "package colour_test\n"),)):
        decision = build(PolicyBundle(files), {}).decide("colour", {})
        assert [r.rule for r in decision.denials] == ["engine/empty-bundle"]


def test_a_documented_rule_that_did_not_run_denies(build: Build) -> None:
    doc = RuleDoc("colour/blue", "colour", "deny", "Not blue", "", "", "colour/colour.rego", 3)
    engine = engine_of(build, "colour", rules=(doc,))
    assert engine.rules() == (doc,)
    assert [r.rule for r in engine.decide("colour", {"name": "a"}).denials] == ["engine/rule-not-run"]


@pytest.mark.parametrize(
    "bad",
    [{"a": 2**63}, {"a": float("nan")}, {"a": float("inf")}, {1: "a"}, {"a": {1, 2}}, {"a": b"x"}, {"a": "\ud800"}, []],
    ids=repr,
)
def test_input_that_engines_read_differently_denies(build: Build, bad: Any) -> None:
    decision = engine_of(build, "colour").decide("colour", bad)
    assert [r.rule for r in decision.denials] == ["engine/bad-input"]
    assert decision.input_digest == ""


def test_deep_input_denies_instead_of_crashing(build: Build) -> None:
    deep: Any = "end"
    for _ in range(5000):
        deep = [deep]
    assert [r.rule for r in engine_of(build, "colour").decide("colour", {"a": deep}).denials] == ["engine/bad-input"]


def test_the_same_question_has_the_same_digest_and_answer(build: Build) -> None:
    engine = engine_of(build, "colour")
    first = engine.decide("colour", {"name": "a", "colour": "red", "n": 1.0})
    second = engine.decide("colour", {"n": 1, "colour": "red", "name": "a"})
    assert (first.input_digest, first.denials) == (second.input_digest, second.denials)


def test_a_changed_bundle_is_used_and_named(build: Build) -> None:
    before = engine_of(build, "colour").decide("colour", {"name": "a"})
    files = (("colour/colour.rego", COLOUR.replace('"red"', '"blue"')),)
    python = lambda d: colour({**d, "colour": "red" if d.get("colour") == "blue" else ""})  # noqa: E731
    after = build(PolicyBundle(files), {"colour": python}).decide("colour", {"name": "a", "colour": "blue"})
    assert (before.result, after.result) == (Result.ALLOW, Result.DENY)
    assert before.bundle_digest != after.bundle_digest


def test_threads_share_an_engine(build: Build) -> None:
    engine = engine_of(build, "colour", "idle")
    seen: list[tuple[str, str]] = []

    def ask(number: int) -> None:
        for round_ in range(25):
            decision = engine.decide("colour", {"name": f"n{number}-{round_}", "colour": "red"})
            seen.append((f"n{number}-{round_} is red", decision.denials[0].text))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 200
    assert all(expected == text for expected, text in seen)
