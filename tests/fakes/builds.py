"""A `SourceBuilds` whose source is a mapping and whose programs are Python functions on a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from conductor_core.domain import names
from conductor_core.errors import ConflictError, NotFoundError, OffError, ToolError

Program = Callable[[Sequence[str], Mapping[str, str], Callable[[str], None]], int]


def _prints(argv: Sequence[str], told: Mapping[str, str], say: Callable[[str], None]) -> int:
    say(f"built {told.get('UI_VERSION', '')}")
    return 0


@dataclass
class FakeBuilds:
    """`refs` names commits; `program` stands for whatever is run and gives its exit code; `ran` are the runs."""

    refs: dict[str, str] = field(default_factory=dict)
    program: Program = _prints
    ran: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def push(self, ref: str) -> str:
        """A new commit on a branch or tag."""
        self.refs[ref] = hashlib.sha256(f"{ref} {len(self.refs)} {self.refs.get(ref)}".encode()).hexdigest()[:40]
        return self.refs[ref]

    def resolve(self, ref: str) -> str:
        if not self.refs:
            raise OffError(
                "It isn't known where the UI's source is.", why="CONDUCTOR_UI_REPO is not set.", next="Set it."
            )
        names.branch(ref)
        if ref in self.refs.values():
            return ref
        if ref not in self.refs:
            raise NotFoundError(f"The UI's source has no branch, tag or commit {ref}.", next="Name one that it has.")
        return self.refs[ref]

    def build(
        self,
        ref: str,
        commit: str,
        argv: Sequence[str],
        told: Mapping[str, str],
        say: Callable[[str], None],
        timeout: float,
    ) -> float:
        if self.resolve(ref) != commit:
            raise ConflictError(f"{ref} has moved since the plan was made.", next="Have the Change planned again.")
        self.ran.append((commit, tuple(argv)))
        code = self.program(argv, told, say)
        if code:
            raise ToolError(f"{argv[0]} ended with exit code {code}.", next="Read its output.")
        return 0.1
