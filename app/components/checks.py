"""Post-flight checks: passed or failed, and what was seen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

import streamlit as st

from app import theme
from app.theme import plain
from conductor_core.domain.changes import Check

_ADDRESS = re.compile(r"https?://[^\s;,]+")
_KEPT = ":/?#[]@!$&'*+=%~"
_BREAK = "\u200b"


def breakable(text: str) -> str:
    """The text in a narrow column: long names may break after a slash, and addresses stay links."""
    out, at = [], 0
    for found in _ADDRESS.finditer(text):
        out += [_broken(text[at : found.start()]), f"[{_broken(found[0])}]({quote(found[0], safe=_KEPT)})"]
        at = found.end()
    return " ".join(part for part in [*out, _broken(text[at:])] if part)


def _broken(text: str) -> str:
    return plain(text).replace("/", f"/{_BREAK}")


def show(checks: Sequence[Check]) -> None:
    """Draw one row for each check, failed ones first."""
    rows = sorted(checks, key=lambda check: (check.passed, not check.asked))
    st.table(
        {
            "check": [
                theme.cell(theme.CHECK[check.passed] if check.asked else theme.UNASKED, theme.fact(check.name))
                for check in rows
            ],
            "seen": [breakable(check.detail) or "–" for check in rows],
        },
        border="horizontal",
        hide_index=True,
    )
