"""Whether a live workload runs the version that its manifest wants.

Helm changes an object of a custom kind, such as a Rollout, by the difference of its own two revisions: what somebody
set in between (an undo, `kubectl set image`) stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conductor_core.domain import health
from conductor_core.domain.fields import listing, mapping
from conductor_core.domain.health import Finding, Health
from conductor_core.domain.rollouts import tag


def finding(applied: Mapping[str, Any] | None, live: Mapping[str, Any]) -> Finding:
    """The health of a live workload: unwell when it has another version than was `applied`, which None leaves open."""
    told = other(applied, live) if applied is not None else ""
    return Finding(Health.DEGRADED, told) if told else health.of(live)


def other(manifest: Mapping[str, Any], live: Mapping[str, Any]) -> str:
    """What a live workload runs that is not what was installed; '' when it does run that.

    Tags are compared, not names: a registry's mirror or a digest that admission adds is no other version.
    """
    wanted, has = _tags(manifest), _tags(live)
    apart = [name for name in wanted if wanted[name] and has.get(name) and wanted[name] != has[name]]
    if not apart:
        return ""
    told = ", ".join(f"{name} {has[name]} and not {wanted[name]}" for name in apart)
    return (
        f"It has {told}: an undo, or somebody past Helm, has changed its template, and Helm leaves alone what its "
        "own two revisions agree on. Undo it to the revision that has the version, or deploy another version."
    )


def _tags(workload: Mapping[str, Any]) -> dict[str, str]:
    pod = mapping(mapping(mapping(workload.get("spec")).get("template")).get("spec"))
    return {str(c.get("name", "")): tag([str(c.get("image", ""))]) for c in listing(pod.get("containers"))}
