"""Identifiers that sort by time (the layout of ULID, https://github.com/ulid/spec): 48 bits of ms, 80 of chance."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CHANGE_ID = re.compile(r"chg-[0-9A-HJKMNP-TV-Z]{26}")


def sortable_id(prefix: str, now: datetime, chance: bytes) -> str:
    """`<prefix>-<26 characters>` from a time in UTC and 10 random bytes; later ids sort after earlier ones."""
    milliseconds = (now - _EPOCH) // timedelta(milliseconds=1)  # in whole numbers: a float loses the last one
    number = (milliseconds << 80) | int.from_bytes(chance[:10], "big")
    return prefix + "-" + "".join(ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))
