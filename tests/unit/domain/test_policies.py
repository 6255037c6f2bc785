"""Policy decisions fail closed whatever the engine answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conductor_core.domain import policies
from conductor_core.domain.gates import Result
from conductor_core.domain.policies import Answer, CanonicalInput, PolicyBundle, RuleDoc, UndecidedError
from conductor_core.errors import PolicyError

BUNDLE = PolicyBundle((("door/door.rego", "package door\n"), ("lib/lib.rego", "package lib\n")))
FINDING = {"rule": "door/a", "msg": "no", "path": "p", "clears_by": "c"}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def decided(answer: Answer, bundle: PolicyBundle = BUNDLE, document: Any = None) -> policies.PolicyDecision:
    ticks = iter((1.0, 3.5))
    return policies.decide("test", "door", document or {}, lambda: bundle, lambda *_: answer, lambda: next(ticks))


def test_findings_become_sorted_reasons_and_time_is_measured() -> None:
    other = {**FINDING, "rule": "door/b"}
    decision = decided(Answer([other, FINDING], [FINDING], ["door/a", "door/b", "door/b"]))
    assert [r.rule for r in decision.denials] == ["door/a", "door/b"]
    assert (decision.rules_run, decision.seconds, decision.engine) == (2, 2.5, "test")
    verdict = decision.verdict("policy", "sha256:e")
    assert (verdict.gate, verdict.evidence, len(verdict.reasons)) == ("policy", "sha256:e", 3)


@given(JSON, JSON, JSON)
def test_no_answer_can_make_it_raise_or_allow_by_accident(deny: Any, warn: Any, rules: Any) -> None:
    decision = decided(Answer(deny, warn, rules))
    clean = deny == [] and warn == [] and isinstance(rules, list) and rules and all(isinstance(r, str) for r in rules)
    assert (decision.result is Result.ALLOW) == bool(clean)
    assert (decision.result is Result.ALLOW) == (not decision.denials and not decision.warnings)


def test_a_bundle_that_cannot_be_read_denies() -> None:
    def source() -> PolicyBundle:
        raise PolicyError("The bundle is gone.", why="disk", next="restore it")

    decision = policies.decide("test", "door", {}, source, lambda *_: Answer([], [], ["a"]), lambda: 0.0)
    assert [(r.rule, r.clears_by) for r in decision.denials] == [("engine/bundle-unreadable", "restore it")]
    assert decision.bundle_digest == ""


def test_the_engine_is_asked_with_canonical_input() -> None:
    seen: list[CanonicalInput] = []

    def ask(bundle: PolicyBundle, family: str, asked: CanonicalInput) -> Answer:
        seen.append(asked)
        return Answer([], [], ["a"])

    document = {"b": (1, 2.0), "a": {"é": None}}
    policies.decide("test", "door", document, lambda: BUNDLE, ask, lambda: 0.0)
    assert seen[0].text == '{"a":{"é":null},"b":[1,2]}'
    assert document == {"b": (1, 2.0), "a": {"é": None}}


@given(JSON)
def test_canonical_input_is_json_or_undecided(value: Any) -> None:
    undecided: list[UndecidedError] = []
    try:
        asked = policies.canonical_input({"value": value})
    except UndecidedError as bad:
        undecided.append(bad)
    else:
        assert json.loads(asked.text) == asked.document
    assert all(bad.cause == "bad-input" and "input/value" in bad.why for bad in undecided)


def test_too_large_input_is_refused() -> None:
    with pytest.raises(UndecidedError, match="bytes"):
        policies.canonical_input({"a": "x" * (33 * 1024 * 1024)})


def test_the_digest_names_paths_and_bytes() -> None:
    digests = {
        PolicyBundle(files).digest
        for files in ((), (("a/a.rego", "x"),), (("a/b.rego", "x"),), (("a/a.rego", "y"),), (("a/a_test.rego", "x"),))
    }
    assert len(digests) == 5


@pytest.mark.parametrize("name", policies.FORBIDDEN_BUILTINS)
def test_forbidden_builtins_are_found_with_their_line(name: str) -> None:
    bundle = PolicyBundle((("door/door.rego", f"package door\n\nx := {name} ({{}})\n"),))
    with pytest.raises(UndecidedError, match=r"door/door\.rego:3") as caught:
        policies.check_bundle(bundle, "door")
    assert caught.value.cause == "forbidden-builtin"


def test_words_that_only_look_forbidden_are_fine() -> None:
    text = "package door\n\n# never http.send(x)\nretrace(x) := x\nmy.trace.b(x) := retrace(x)\n"
    policies.check_bundle(PolicyBundle((("door/door.rego", text),)), "door")


def test_annotations_name_the_line_of_their_rule() -> None:
    text = "# METADATA\n# title: A\n# custom:\n#   id: door/a\ndeny contains x if x := 1\n\n# no annotation\n"
    assert list(policies.annotation_blocks(text)) == [(5, "title: A\ncustom:\n  id: door/a")]


def test_a_silent_documented_rule_denies() -> None:
    doc = RuleDoc("door/z", "door", "deny", "", "", "", "door/door.rego", 1)
    elsewhere = RuleDoc("gate/z", "gate", "deny", "", "", "", "gate/gate.rego", 1)
    answer = Answer([], [], ["door/a"])
    assert decided(answer, PolicyBundle(BUNDLE.files, (elsewhere,))).result is Result.ALLOW
    decision = decided(answer, PolicyBundle(BUNDLE.files, (doc,)))
    assert [r.rule for r in decision.denials] == ["engine/rule-not-run"]


def test_an_answer_that_is_no_json() -> None:
    with pytest.raises(UndecidedError) as caught:
        policies.parse_answer("<html>", "OPA")
    assert caught.value.cause == "bad-json"
