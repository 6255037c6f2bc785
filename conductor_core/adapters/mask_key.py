"""The key under which this installation fingerprints secrets: made at first use, readable by its owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from conductor_core.errors import StorageError

BYTES = 32


def mask_key(home: Path) -> bytes:
    """The key in `<home>/mask.key`, 32 random bytes; raises `StorageError` when it can't be made or read."""
    path = home / "mask.key"
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = home / f".mask.key.{os.getpid()}"
        if not path.exists():
            fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(fd, "wb") as file:
                file.write(secrets.token_bytes(BYTES))
            try:
                os.link(fresh, path)  # the first of several processes wins
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        key = path.read_bytes()
    except OSError as bad:
        raise StorageError(
            f"The key {path} can't be made or read.", why=str(bad), next="Check disk space and permissions."
        ) from bad
    if len(key) != BYTES:
        raise StorageError(f"The key {path} is damaged.", why=f"It has {len(key)} bytes.", next="Remove it.")
    return key
