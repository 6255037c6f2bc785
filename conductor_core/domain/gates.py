"""Gates: one verdict each on a plan, with reasons and the act that would clear it. They fail closed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


class Result(StrEnum):
    """What a gate says; `deny` beats `warn` beats `allow`."""

    ALLOW = "allow"
    WARN = "warn"
    DENY = "deny"


@dataclass(frozen=True)
class Reason:
    """Why a gate warns or denies: the rule, the finding, where it was found, and the act that would clear it.

    `warns`: it only warns, also where another reason of the same gate denies.
    """

    rule: str
    text: str
    path: str = ""
    clears_by: str = ""
    warns: bool = False


QUEUED = "waves/queued"
"""The rule whose denials end by themselves: the Change is planned again when the wave that it waits for has ended."""


@dataclass(frozen=True)
class Verdict:
    """The verdict of one gate. `rules_run` counts the rules that were evaluated; zero rules can't allow anything."""

    gate: str
    result: Result
    reasons: tuple[Reason, ...] = ()
    rules_run: int = 0
    evidence: str = ""

    @property
    def denials(self) -> tuple[Reason, ...]:
        """The reasons that deny; none unless the gate does."""
        return tuple(r for r in self.reasons if not r.warns) if self.result is Result.DENY else ()

    @property
    def warnings(self) -> tuple[Reason, ...]:
        """The other reasons."""
        return tuple(r for r in self.reasons if r.warns or self.result is not Result.DENY)

    @property
    def ran(self) -> str:
        """How many rules stand behind it, for people."""
        return f"{self.rules_run} rule{'' if self.rules_run == 1 else 's'} ran"


def verdict(
    gate: str, *, denials: Iterable[Reason], warnings: Iterable[Reason], rules_run: int, evidence: str = ""
) -> Verdict:
    """The verdict that follows from findings: any denial denies, zero rules deny, any warning warns."""
    denials, warnings = tuple(denials), tuple(replace(reason, warns=True) for reason in warnings)
    if rules_run <= 0:
        nothing = Reason("no-rules", "No rule was evaluated.", clears_by="Restore the rules of this gate.")
        return Verdict(gate, Result.DENY, (nothing, *denials), 0, evidence)
    if denials:
        return Verdict(gate, Result.DENY, denials + warnings, rules_run, evidence)
    if warnings:
        return Verdict(gate, Result.WARN, warnings, rules_run, evidence)
    return Verdict(gate, Result.ALLOW, (), rules_run, evidence)


def queued(verdicts: Iterable[Verdict]) -> bool:
    """Whether nothing denies but what ends by itself, so that nobody has to do anything."""
    denials = [reason for verdict in verdicts for reason in verdict.denials]
    return bool(denials) and all(reason.rule == QUEUED for reason in denials)


def overall(verdicts: Iterable[Verdict]) -> Result:
    """The strictest result of all; no verdict at all, or one that no rule stands behind, is a denial."""
    results = {v.result if v.rules_run > 0 else Result.DENY for v in verdicts}
    if not results or Result.DENY in results:
        return Result.DENY
    return Result.WARN if Result.WARN in results else Result.ALLOW
