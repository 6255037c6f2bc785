"""Witnesses over HTTP (C2SP tlog-witness, https://c2sp.org/tlog-witness), and the file of what they signed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from conductor_core.domain import checkpoints, notes
from conductor_core.errors import (
    ConfigurationError,
    InputError,
    LedgerError,
    RefusedError,
    StorageError,
    UnreachableError,
)
from conductor_core.ports.witness import BehindError

MOST_BYTES = 64 << 10
"""Of an answer: sixteen signature lines are far shorter."""
TIMEOUT = 10.0


class HttpWitness:
    """Implements `ports.witness.Witness`; no redirect is followed."""

    def __init__(self, key: notes.VerifierKey, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self.key = key
        self._url = url.rstrip("/") + "/add-checkpoint"
        self._client = httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False, transport=transport)

    def add_checkpoint(self, old: int, proof: Sequence[bytes], note: bytes) -> bytes:
        """See `Witness`."""
        head = [f"old {old}", *map(notes.base64_text, proof), "", ""]
        try:
            with self._client.stream("POST", self._url, content="\n".join(head).encode() + note) as answer:
                body = bytearray()
                for chunk in answer.iter_bytes():
                    body += chunk
                    if len(body) > MOST_BYTES:
                        break
        except httpx.HTTPError as bad:
            raise self._unreachable(str(bad) or type(bad).__name__) from bad
        text = bytes(body[:MOST_BYTES])
        if answer.status_code == httpx.codes.OK:
            return text
        if answer.status_code == httpx.codes.CONFLICT:
            raise BehindError(self.key.name, self._size(text))
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise self._unreachable(f"It answered {answer.status_code}.")
        said = text.decode("utf-8", "replace").strip()[:300]
        raise RefusedError(
            f"The witness {self.key.name} does not cosign.",
            why=f"It answered {answer.status_code}: {said or 'nothing'}.",
            next="404: it must be told of this log's key. 403: of its new key. 422: compare logs at once.",
        )

    def _size(self, text: bytes) -> int:
        try:
            return checkpoints.parse_decimal(
                text.decode("ascii").removesuffix("\n"), "the size that a witness has seen"
            )
        except (UnicodeDecodeError, LedgerError) as bad:
            raise self._unreachable("It said that it has seen another size, and not which.") from bad

    def _unreachable(self, why: str) -> UnreachableError:
        return UnreachableError(
            f"The witness {self.key.name} did not answer.", why=why, next="It is asked again; is its address right?"
        )


class CosignedFile:
    """Implements `ports.witness.CosignedStore`: `checkpoint.cosigned` beside the log's own checkpoint."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, note: bytes) -> None:
        """See `CosignedStore`."""
        new = self._path.with_name(f"{self._path.name}.new")
        try:
            new.write_bytes(note)
            new.replace(self._path)
        except OSError as bad:
            raise self._bad("written", bad) from bad

    def kept(self) -> bytes | None:
        """See `CosignedStore`."""
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as bad:
            raise self._bad("read", bad) from bad

    def _bad(self, act: str, bad: OSError) -> StorageError:
        return StorageError(
            f"The cosigned checkpoint can't be {act}.", why=str(bad), next="Mend the disk; it is asked for again."
        )


def read_witnesses(text: str) -> list[HttpWitness]:
    """The witnesses in a setting: `vkey URL` each, separated by commas or lines; raises `ConfigurationError`."""
    found = []
    for line in text.replace(",", "\n").splitlines():
        if not line.strip():
            continue
        vkey, _, url = line.strip().partition(" ")
        try:
            key = notes.parse_vkey(vkey)
        except InputError as bad:
            raise _unfit(line, "its first word is no verifier key") from bad
        parts = urlsplit(url.strip())
        if key.kind != notes.COSIGNATURE_V1:
            raise _unfit(line, "its key is not of the kind for cosignatures (type 0x04)")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise _unfit(line, "its address is neither http nor https")
        found.append(HttpWitness(key, url.strip()))
    return found


def _unfit(line: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        "A witness can't be used.",
        why=f"{line.strip()[:120]!r}: {why}.",
        next="Write CONDUCTOR_WITNESSES as `vkey https://address`, several separated by commas.",
    )
