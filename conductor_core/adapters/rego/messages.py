"""What the engine and its child say to each other: length-prefixed JSON on two pipes.

Apart from the child, so that nobody else loads regopy: its `operator new` and `delete` take the place of those of
libraries that are loaded after it, and DuckDB then gives no memory back (measured: 19 MB for each file that it wrote).
"""

from __future__ import annotations

import json
from typing import IO, Any


def send(pipe: IO[bytes], message: dict[str, Any]) -> None:
    """Write one message; raises `OSError` when nobody reads."""
    data = json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass")
    pipe.write(len(data).to_bytes(4, "big") + data)
    pipe.flush()


def receive(pipe: IO[bytes]) -> dict[str, Any] | None:
    """Read one message; None at the end of the input."""
    head = pipe.read(4)
    if len(head) < 4:
        return None
    data = pipe.read(int.from_bytes(head, "big"))
    message: dict[str, Any] = json.loads(data.decode("utf-8", "surrogatepass"))
    return message
