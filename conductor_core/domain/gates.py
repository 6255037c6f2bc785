"""Gates: one verdict each on a plan, with reasons and the act that would clear it. They fail closed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    """What a gate says; `deny` beats `warn` beats `allow`."""

    ALLOW = "allow"
    WARN = "warn"
    DENY = "deny"


@dataclass(frozen=True)
class Reason:
    """Why a gate warns or denies: the rule, the finding, where it was found, and the act that would clear it."""

    rule: str
    text: str
    path: str = ""
    clears_by: str = ""


@dataclass(frozen=True)
class Verdict:
    """The verdict of one gate. `rules_run` counts the rules that were evaluated; zero rules can't allow anything."""

    gate: str
    result: Result
    reasons: tuple[Reason, ...] = ()
    rules_run: int = 0
    evidence: str = ""


def verdict(
    gate: str, *, denials: Iterable[Reason], warnings: Iterable[Reason], rules_run: int, evidence: str = ""
) -> Verdict:
    """The verdict that follows from findings: any denial denies, zero rules deny, any warning warns."""
    denials, warnings = tuple(denials), tuple(warnings)
    if rules_run <= 0:
        nothing = Reason("no-rules", "No rule was evaluated.", clears_by="Restore the rules of this gate.")
        return Verdict(gate, Result.DENY, (nothing, *denials), 0, evidence)
    if denials:
        return Verdict(gate, Result.DENY, denials + warnings, rules_run, evidence)
    if warnings:
        return Verdict(gate, Result.WARN, warnings, rules_run, evidence)
    return Verdict(gate, Result.ALLOW, (), rules_run, evidence)


def overall(verdicts: Iterable[Verdict]) -> Result:
    """The strictest result of all; no verdict at all, or one that no rule stands behind, is a denial."""
    results = {v.result if v.rules_run > 0 else Result.DENY for v in verdicts}
    if not results or Result.DENY in results:
        return Result.DENY
    return Result.WARN if Result.WARN in results else Result.ALLOW
