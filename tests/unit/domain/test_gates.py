"""Gates fail closed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conductor_core.domain.gates import QUEUED, Reason, Result, Verdict, overall, queued, verdict

WHY = Reason("no-latest", "Tag latest.", "api", "Pin the tag.")


@pytest.mark.parametrize(
    ("denials", "warnings", "rules", "result"),
    [
        ([], [], 5, Result.ALLOW),
        ([], [WHY], 5, Result.WARN),
        ([WHY], [], 5, Result.DENY),
        ([WHY], [WHY], 5, Result.DENY),
        ([], [], 0, Result.DENY),
        ([], [WHY], 0, Result.DENY),
        ([], [], -1, Result.DENY),
    ],
)
def test_a_verdict_follows_from_its_findings(
    denials: list[Reason], warnings: list[Reason], rules: int, result: Result
) -> None:
    found = verdict("policy", denials=iter(denials), warnings=iter(warnings), rules_run=rules, evidence="sha256:x")
    assert found.result is result
    assert found.evidence == "sha256:x"
    assert bool(found.reasons) is (result is not Result.ALLOW)


def test_what_only_warns_is_told_apart_from_what_denies() -> None:
    other = replace(WHY, text="No scan.")
    both = verdict("policy", denials=[WHY], warnings=[other], rules_run=5)
    assert both.denials == (WHY,)
    assert [(r.text, r.warns) for r in both.reasons] == [("Tag latest.", False), ("No scan.", True)]
    warned = verdict("policy", denials=[], warnings=[WHY], rules_run=5)
    assert (warned.denials, [r.warns for r in warned.reasons]) == ((), [True])
    queue = Reason(QUEUED, "A wave runs.")
    assert queued([verdict("waves", denials=[queue], warnings=[other], rules_run=5)])


def test_zero_rules_say_so_and_how_to_clear_it() -> None:
    assert verdict("policy", denials=[], warnings=[], rules_run=0).reasons == (
        Reason("no-rules", "No rule was evaluated.", "", "Restore the rules of this gate."),
    )


@pytest.mark.parametrize(
    ("results", "result"),
    [
        ([], Result.DENY),
        ([Result.ALLOW], Result.ALLOW),
        ([Result.ALLOW, Result.WARN], Result.WARN),
        ([Result.WARN, Result.DENY, Result.ALLOW], Result.DENY),
    ],
)
def test_the_strictest_verdict_counts(results: list[Result], result: Result) -> None:
    assert overall(Verdict("any", each, (), 1) for each in results) is result


@pytest.mark.parametrize("said", Result)
def test_a_verdict_that_no_rule_stands_behind_denies(said: Result) -> None:
    assert overall([Verdict("policy", Result.ALLOW, (), 3), Verdict("odd", said)]) is Result.DENY


@pytest.mark.parametrize(
    ("denials", "waits"), [([], False), ([QUEUED], True), ([QUEUED, QUEUED], True), ([QUEUED, "no-latest"], False)]
)
def test_what_waits_for_nothing_but_a_wave_needs_nobody(denials: list[str], waits: bool) -> None:
    reasons = [Reason(rule, "A wave runs.") for rule in denials]
    warned = verdict("policy", denials=[], warnings=[WHY], rules_run=1)
    assert queued([warned, verdict("waves", denials=reasons, warnings=[], rules_run=3)]) is waits


@pytest.mark.parametrize(("rules", "words"), [(0, "0 rules ran"), (1, "1 rule ran"), (2, "2 rules ran")])
def test_a_verdict_says_how_many_rules_ran(rules: int, words: str) -> None:
    assert Verdict("policy", Result.DENY, (), rules).ran == words
