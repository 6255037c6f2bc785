"""Which fonts a PDF is set in, and which characters none of them has.

Typst's own wheel has Latin, Greek, Cyrillic and mathematics. Two wheels that hold nothing but Google's Noto fonts (OFL)
have Chinese, Japanese and Korean, emoji and many scripts more. What none of them has, Typst itself tells: it refuses to
make a PDF/A, in which nothing may be missing, and names the texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path

WHEELS = ("noto_cjk_sans_otc", "manimgx_fonts")
STANDARD = "a-2b"
"""The standard that is asked for to be told what is missing."""
_MISSING = re.compile(r'the text `"((?:[^"\\]|\\.)+)"` could not be displayed')
_ESCAPE = re.compile(r"\\u\{([0-9a-f]+)\}|\\(.)")


def folders(templates: Iterable[Path]) -> list[str]:
    """Where fonts are: in `fonts` beside templates, then in the wheels; one that isn't installed is left out."""
    own = [folder / "fonts" for folder in templates]
    found = [find_spec(name) for name in WHEELS]
    wheels = [Path(place) for spec in found if spec for place in spec.submodule_search_locations or ()]
    return [str(folder) for folder in (*own, *wheels) if folder.is_dir()]


def missing(diagnostic: str) -> list[str]:
    """The characters that no font has, from what Typst said of a PDF/A; in order of their code points."""
    return sorted({c for text in _MISSING.findall(diagnostic) for c in _ESCAPE.sub(_unescaped, text)})


def spelled(value: object, characters: Iterable[str]) -> object:
    """The same JSON with each of these characters as its code point, such as `‹U+1200D›`."""
    table = str.maketrans({c: f"‹{code(c)}›" for c in characters})
    return _mapped(value, lambda text: text.translate(table))


def code(character: str) -> str:
    """Its code point as Unicode writes it: `U+00E9`."""
    return f"U+{ord(character):04X}"


def _mapped(value: object, change: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _mapped(item, change) for key, item in value.items()}
    return [_mapped(item, change) for item in value] if isinstance(value, list | tuple) else value


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else found[2]
