"""Facts that the CDEvents vocabulary has a type for: which service runs where, after a Change.

Rule: https://cdevents.dev (v0.5.0, service events 0.3.0). `data` is the whole CDEvent; the envelope's subject stays the
Change, by which its facts are found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from conductor_core.domain.events import Fact

if TYPE_CHECKING:
    from conductor_core.domain.changes import Change

DEPLOYED = "dev.cdevents.service.deployed.0.3.0"
UPGRADED = "dev.cdevents.service.upgraded.0.3.0"
ROLLED_BACK = "dev.cdevents.service.rolledback.0.3.0"
LONGEST = 1000
"""Characters of a text of ours in a CDEvent."""
_DOES = {"deploy": UPGRADED, "promote": UPGRADED, "rollback": ROLLED_BACK, "revert": ROLLED_BACK}
"""A word of the runbooks' names that put a version of a release somewhere."""


def services(change: Change) -> list[Fact]:
    """What a Change that has succeeded did to a service; nothing when it deploys none."""
    kind = next((_DOES[word] for word in change.runbook.split("_") if word in _DOES), None)
    release, channel = (change.parameters.get(name) for name in ("release", "channel"))
    if kind is None or change.plan is None or not isinstance(release, str) or not isinstance(channel, str):
        return []
    if not release or not channel:
        return []
    facts, summary = change.plan.facts, change.plan.summary
    if kind == UPGRADED and facts.get("revision") == "none":
        kind = DEPLOYED
    name, _, version = facts.get("chart", "").partition(" ")
    artifact = f"pkg:helm/{quote(name or release)}" + (f"@{quote(version)}" if version else "")
    custom = {"change": change.id, "version": summary.get("version", ""), "commit": facts.get("commit", "")}
    subject = {"id": release, "content": {"environment": {"id": channel}, "artifactId": artifact}}
    # never cut: a CDEvent has no place to say so
    told = {key: value[:LONGEST] for key, value in custom.items() if value}
    return [Fact(kind, {"subject": subject, "customData": told})]
