"""Settings with places to fill in, such as `https://{release}.example.com`: only the named ones, written plainly."""

from __future__ import annotations

import re
from collections.abc import Collection
from string import Formatter

_WORD = re.compile(r"(?<!\$)\{(\w+)\}")


def fault(text: str, known: Collection[str]) -> str:
    """Why `str.format` can't fill the text with the names of `known`; '' when it can."""
    told = f"use {' and '.join(f'{{{name}}}' for name in sorted(known))} only"
    try:
        for _, name, form, conversion in Formatter().parse(text):
            if name is not None and (name not in known or form or conversion):
                return f"{{{name}}} is no known placeholder: {told}"
    except ValueError as bad:
        return f"a brace doesn't match ({bad}): {told}"
    return ""


def unknown_word(text: str, known: Collection[str]) -> str:
    """As `fault`, for texts that have braces of their own: only a bare `{word}` counts."""
    found = next((word for word in _WORD.findall(text) if word not in known), "")
    return (
        f"{{{found}}} is no known placeholder: use {' and '.join(f'{{{n}}}' for n in sorted(known))}" if found else ""
    )
