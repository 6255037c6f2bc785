"""References: the short texts by which a person names a state of a release, such as `channel:staging` or
`revision:staging/12`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from conductor_core.domain import chart_addresses, names
from conductor_core.errors import InputError

RefKind = Literal["channel", "live", "revision", "commit", "tag", "chart", "folder"]

FORMS = (
    "channel:staging, live:staging, revision:staging/12, commit:SHA/staging, tag:NAME/staging, "
    "oci://HOST/PATH:VERSION#staging, REPOSITORY/CHART@VERSION#staging, folder:PATH#staging"
)


@dataclass(frozen=True)
class Ref:
    """`channel` renders the tip of the channel's branch, `commit` and `tag` render the channel's values at that
    commit, `live` is what the cluster has, `revision` what Helm stored. `chart` and `folder` render a chart from a
    registry, a repository or this machine with the channel's values. `point` is the commit, tag, revision, address or
    path; `channel` may be '' where the other side's is meant.
    """

    kind: RefKind
    channel: str
    point: str = ""

    def __str__(self) -> str:
        if self.kind in ("channel", "live"):
            return f"{self.kind}:{self.channel}"
        if self.kind in ("chart", "folder"):
            text = self.point if self.kind == "chart" else f"folder:{self.point}"
            return f"{text}#{self.channel}" if self.channel else text
        if self.kind == "revision":
            return f"revision:{self.channel}/{self.point}"
        return f"{self.kind}:{self.point}/{self.channel}"


def parse(text: str) -> Ref:
    """The reference in `text`; raises `InputError` that shows the forms there are."""
    kind, _, rest = text.partition(":")
    if chart_addresses.looks_like(text):
        address, sign, channel = text.partition("#")
        return Ref("chart", names.channel(channel) if sign else "", str(chart_addresses.parse(address)))
    if kind == "folder" and rest.partition("#")[0] and rest.isprintable():
        path, sign, channel = rest.partition("#")
        return Ref("folder", names.channel(channel) if sign else "", path)
    if kind == "channel" or kind == "live":
        return Ref("channel" if kind == "channel" else "live", names.channel(rest))
    if kind == "revision":
        channel, _, number = rest.rpartition("/")
        if number.isascii() and number.isdigit() and int(number) > 0 and len(number) < 10:
            return Ref("revision", names.channel(channel) if channel else "", str(int(number)))
    if kind == "commit" and rest:
        commit, _, channel = rest.partition("/")
        return Ref("commit", names.channel(channel) if channel else "", names.commit(commit))
    if kind == "tag" and rest:
        tag, slash, channel = rest.rpartition("/")
        return Ref("tag", names.channel(channel) if slash else "", names.branch(tag if slash else rest))
    raise InputError(
        f"{text[:120]!r} names no state of a release.",
        why="Its form isn't known.",
        next=f"Write one of: {FORMS}.",
    )


def pair(old: str, new: str) -> tuple[Ref, Ref]:
    """Both references, a missing channel taken from the other one. Raises `InputError` when neither has it, but for two
    charts: these are then rendered with their own values.
    """
    first, second = parse(old), parse(new)
    channel = first.channel or second.channel
    if not channel and not {first.kind, second.kind} <= {"chart", "folder"}:
        raise InputError("No channel is named.", why=f"{old} and {new} have none.", next=f"Write one of: {FORMS}.")
    filled = (Ref(r.kind, r.channel or channel, r.point) for r in (first, second))
    return next(filled), next(filled)
