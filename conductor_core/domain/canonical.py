"""Canonical bytes and digests: one value has one spelling, so that a digest names it (RFC 8785 for plain JSON data).

Only str, bool, None, int, list and dict with str keys are canonical here; floats are refused, because their spelling
is where canonical forms disagree. RFC 8785 sorts keys by UTF-16 code units.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from conductor_core.errors import InputError

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


def canonical_bytes(value: object) -> bytes:
    """The RFC 8785 bytes of `value`; tuples count as lists. Raises `InputError` for anything that isn't plain JSON."""
    try:
        return json.dumps(_ordered(value, "$"), ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError as bad:
        raise _not_plain("$", "text with half a surrogate pair in it") from bad
    except RecursionError as bad:
        raise _not_plain("$", "nested too deeply") from bad


def _ordered(value: object, path: str) -> object:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise _not_plain(path, "a map with a key that is not text")
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return {key: _ordered(value[key], f"{path}.{key}") for key in keys}
    if isinstance(value, list | tuple):
        return [_ordered(item, f"{path}[{at}]") for at, item in enumerate(value)]
    raise _not_plain(path, type(value).__name__)


def _not_plain(path: str, found: str) -> InputError:
    return InputError(
        f"The value at {path} can't be written as canonical JSON.",
        why=f"It is {found}.",
        next="Write numbers with a fraction as text, and keep to text, whole numbers, lists and maps.",
    )


def digest_bytes(data: bytes) -> str:
    """`sha256:` and the 64 hexadecimal digits of the SHA-256 of `data`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest_of(value: object) -> str:
    """The digest of the canonical bytes of `value`."""
    return digest_bytes(canonical_bytes(value))
