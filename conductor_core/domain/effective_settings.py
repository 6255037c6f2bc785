"""What settings a process started with, as a fact of the record: told when they are others than the last time."""

from __future__ import annotations

from collections.abc import Mapping

from conductor_core.domain.canonical import digest_of
from conductor_core.domain.events import Fact

APPLIED = "conductor.settings.applied.v1"


def subject_of(process: str) -> str:
    """What facts about the settings of this kind of process are filed under."""
    return f"settings/{process}"


def applied(
    process: str, version: str, settings: Mapping[str, str], before: Mapping[str, object] | None
) -> Fact | None:
    """The fact that a process of this kind started with these settings (without secrets) and version of the product.

    `before`: the data of the last such fact, None: there is none. None when nothing differs from it.
    """
    digest = digest_of({"version": version, "settings": dict(settings)})
    if before is not None and before.get("digest") == digest:
        return None
    changed = [] if before is None else _changed(_values(before), {"version": version, **settings})
    told: dict[str, object] = {"settings": dict(settings), "changed": changed}
    return Fact(APPLIED, {"process": process, "version": version, "digest": digest, **told})


def _values(data: Mapping[str, object]) -> dict[str, str]:
    settings = data.get("settings")
    kept = settings if isinstance(settings, Mapping) else {}
    return {"version": str(data.get("version", "")), **{str(k): str(v) for k, v in kept.items()}}


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[dict[str, str]]:
    names = [*now, *(name for name in before if name not in now)]
    pairs = ((name, before.get(name, ""), now.get(name, "")) for name in names)
    return [{"name": name, "before": was, "after": is_} for name, was, is_ in pairs if was != is_]
