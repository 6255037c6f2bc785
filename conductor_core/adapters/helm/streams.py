"""What `helm template` prints, taken apart: manifests, hooks and definitions, as text and parsed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from conductor_core.domain.manifests import flatten, hook_events
from conductor_core.ports.documents import Documents

_SOURCE = re.compile(r"# Source: (\S+)")


@dataclass
class _Stream:
    """Documents that belong together."""

    parts: list[str] = field(default_factory=list)
    documents: list[object] = field(default_factory=list)

    def __str__(self) -> str:
        return "".join(f"---\n{part}" for part in self.parts)


def split(documents: Documents, text: str, release: str) -> tuple[tuple[str, str, str], tuple[tuple[object, ...], ...]]:
    """The texts of manifests, hooks and definitions, and the documents in each: helm prints all in one stream. The
    annotation tells hooks; a file of `crds/` is named above its first document. Raises `InputError`.
    """
    kept, hooks, crds = _Stream(), _Stream(), _Stream()
    defining = False
    for part in re.split(r"^---[ \t]*\n", text, flags=re.MULTILINE):
        source = _SOURCE.match(part)
        defining = "/crds/" in source[1] if source else defining
        read = documents.load_all(part, f"The manifests of {release}")
        found = flatten(read)
        if found:
            stream = crds if defining else hooks if all(hook_events(m) for m in found) else kept
            stream.parts.append(part)
            stream.documents += read
    return (str(kept), str(hooks), str(crds)), tuple(tuple(s.documents) for s in (kept, hooks, crds))
