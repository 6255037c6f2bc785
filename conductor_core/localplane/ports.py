"""Loopback ports of a home: chosen free at the first start, kept afterwards, replaced when somebody else took one.

They lie below the kernel's ephemeral range, from an offset that differs by home. Rule: `infra/local/README.md`.
"""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from conductor_core.errors import UnreachableError

FIRST, LAST = 20000, 32000


def free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on `port` right now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as asked:
        asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            asked.bind((host, port))
        except OSError:
            return False
    return True


def next_free(wanted: int, host: str = "127.0.0.1", tries: int = 200) -> int:
    """`wanted`, or the next port above it that is free; raises `UnreachableError` when `tries` ports are taken."""
    for port in range(wanted, min(wanted + tries, 65536)):
        if free(port, host):
            return port
    raise UnreachableError(
        f"No port from {wanted} on is free.",
        why=f"{tries} ports were tried on {host}.",
        next="Stop what listens there.",
    )


def choose(file: Path, names: Sequence[str], is_free: Callable[[int], bool] = free) -> dict[str, int]:
    """A port for each name; the choice is kept in `file` (JSON) and changes only for a port that is taken."""
    try:
        kept = {str(k): int(v) for k, v in json.loads(file.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, AttributeError, TypeError):
        kept = {}
    offset = int.from_bytes(hashlib.sha256(str(file.absolute()).encode()).digest()[:4], "big")
    candidate = FIRST + offset % (LAST - FIRST)
    chosen: dict[str, int] = {}
    for name in names:
        port = kept.get(name, 0)
        spoken_for = {*chosen.values(), *(p for n, p in kept.items() if n != name and n in names)}
        tried = 0
        while not port or port in spoken_for or not is_free(port):
            port = candidate
            candidate = candidate + 1 if candidate < LAST else FIRST
            tried += 1
            if tried > LAST - FIRST:
                raise UnreachableError(
                    "No loopback port is free.", why=f"{FIRST} to {LAST} are taken.", next="Stop what listens there."
                )
        chosen[name] = port
    if chosen != kept:
        temporary = file.with_suffix(".tmp")
        temporary.write_text(json.dumps(chosen, indent=1), encoding="utf-8")
        temporary.replace(file)
    return chosen
