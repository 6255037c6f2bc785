"""All variables of a module as `tofu console` completes them: one short run, where a plan and a look at it take two.

The console prints a value as HCL does, with escapes of its own; base64 has nothing to escape. Anything but one line of
it (a problem, a warning, a value that is not known) is no answer: the plan has the words for it.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

from conductor_core.ports.commands import CommandResult


def question(names: Sequence[str]) -> bytes:
    """What the console is asked."""
    items = ", ".join(f"{json.dumps(name)} = var.{name}" for name in names)
    return f"nonsensitive(base64encode(jsonencode({{{items}}})))\n".encode()


def answer(result: CommandResult) -> dict[str, Any] | None:
    """The values by name; None when it is no answer."""
    if result.code != 0 or result.stderr.strip():
        return None
    try:
        found: dict[str, Any] = json.loads(base64.b64decode(json.loads(result.stdout), validate=True))
    except (ValueError, TypeError, binascii.Error):
        return None
    return found
