"""Who made a difference between what is live and what is wanted: the base is what was applied last.

It is the question of a three-way merge, asked field by field: what differs from the base on one side only was changed
by that side.
"""

from __future__ import annotations

from typing import Any, Literal

from conductor_core.domain.difference import Path, same
from conductor_core.domain.managed_fields import MISSING, at

By = Literal["", "us", "cluster", "both"]
"""`us`: the wanted side has moved on; `cluster`: the live side has; `both`: each its own way; '' is not known."""


def changed_by(path: Path, live: object, wanted: object, base: object) -> By:
    """Who made the difference at a path. Lists whose items are matched by place are judged as a whole."""
    whole = next((n for n, token in enumerate(path) if isinstance(token, int)), len(path))
    now, wants, was = (at(tree, path[:whole]) for tree in (live, wanted, base))
    if _equal(now, was):
        return "us"
    return "cluster" if _equal(wants, was) else "both"


def _equal(one: Any, other: Any) -> bool:
    return one is other or (one is not MISSING and other is not MISSING and same(one, other))
