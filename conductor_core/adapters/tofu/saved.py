"""A saved plan as a file that nobody can change any more: tofu does not authenticate its plans (security, rule 5)."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager

from conductor_core.errors import StateError, StorageError


@contextmanager
def sealed(data: bytes, digest: str) -> Iterator[int]:
    """A descriptor of an anonymous file with these bytes, sealed against writing before it is hashed (memfd_create(2)).

    Raises `StateError` when its SHA-256 is not `digest`.
    """
    fd = -1
    try:
        fd = os.memfd_create("plan", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
        with os.fdopen(os.dup(fd), "wb") as file:
            file.write(data)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
        os.lseek(fd, 0, os.SEEK_SET)
        with os.fdopen(os.dup(fd), "rb") as file:
            found = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
        if found != digest:
            raise StateError(
                "The saved plan is not the one that was approved.",
                why=f"It is {found}; approved is {digest}.",
                next="Plan again; somebody may have changed the evidence.",
            )
        yield fd
    except OSError as bad:
        raise StorageError("The saved plan can't be held.", why=f"{bad.strerror or bad}.", next="Try again.") from bad
    finally:
        if fd >= 0:
            os.close(fd)
