"""Plans: what a Change would do, as immutable evidence that one digest names."""

from __future__ import annotations

from dataclasses import dataclass, field

from conductor_core.domain.canonical import digest_of
from conductor_core.errors import InputError


@dataclass(frozen=True)
class Evidence:
    """One piece of evidence in the blob store. `digest` is `sha256:<hex>`, `size` in bytes."""

    name: str
    media_type: str
    digest: str
    size: int


@dataclass(frozen=True)
class Plan:
    """What an approval is given to: evidence and every fact that must still hold at dispatch.

    `facts` are short texts by name: the Git commit, the policy bundle's digest, tool versions, the target's
    fingerprint, the digests of runbook and parameters. `summary` is for reading (counts, titles) and is named too.
    Each name of evidence is there once (`InputError` otherwise), or the digest would pass over one of them.
    """

    evidence: tuple[Evidence, ...]
    facts: dict[str, str] = field(default_factory=dict)
    summary: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [e.name for e in self.evidence]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(
                f"The plan has two pieces of evidence named {twice[0]!r}.",
                why="The plan digest names evidence by its name.",
                next="Give each piece a name of its own.",
            )

    @property
    def digest(self) -> str:
        """The plan digest: changes when one byte of evidence, one fact or one line of the summary changes."""
        return digest_of(self.document)

    @property
    def document(self) -> dict[str, object]:
        """What the digest is the digest of, as plain JSON."""
        return {
            "evidence": {e.name: {"digest": e.digest, "type": e.media_type} for e in self.evidence},
            "facts": self.facts,
            "summary": self.summary,
        }

    def find(self, name: str) -> Evidence | None:
        """The evidence of that name, or None."""
        return next((e for e in self.evidence if e.name == name), None)


def what_changed(before: Plan, after: Plan) -> tuple[str, ...]:
    """One line for each thing that differs between two plans of one Change, for the person whose approval is void."""
    old = {e.name: f"{e.digest} ({e.media_type})" for e in before.evidence}
    new = {e.name: f"{e.digest} ({e.media_type})" for e in after.evidence}
    lines = [_line(f"evidence {name}", old.get(name), new.get(name)) for name in sorted(old.keys() | new.keys())]
    for label, left, right in (("", before.facts, after.facts), ("summary ", before.summary, after.summary)):
        lines += [_line(f"{label}{k}", left.get(k), right.get(k)) for k in sorted(left.keys() | right.keys())]
    return tuple(line for line in lines if line)


def _line(name: str, old: str | None, new: str | None) -> str:
    if old == new:
        return ""
    if old is None:
        return f"{name}: new ({new})"
    if new is None:
        return f"{name}: gone (was {old})"
    return f"{name}: {old} → {new}"
