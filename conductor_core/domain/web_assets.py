"""The files that a page of a UI needs: which ones it names, and which of them are there.

A page names them by `script`, `link` (styles, modules, preloads, icons) and `img` (https://html.spec.whatwg.org/).
"""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

MOST = 200
"""Files of a page that are looked at."""
_RELATIONS = frozenset({"stylesheet", "modulepreload", "preload", "icon", "manifest"})


@dataclass(frozen=True)
class Asset:
    """One file: its address, and what its server answered (0: it was not asked, `why` says the cause)."""

    address: str
    status: int
    why: str = ""

    @property
    def there(self) -> bool:
        """Whether a browser gets it."""
        return 200 <= self.status < 400

    @property
    def told(self) -> str:
        """What it answers, in a word or two."""
        return f"{'✓' if self.there else '✕'} {self.status} {self.why}".strip() if self.status else f"– {self.why}"


@dataclass(frozen=True)
class Page:
    """A page and its files, in the order of the page."""

    address: str
    assets: tuple[Asset, ...]

    @property
    def missing(self) -> tuple[Asset, ...]:
        """The files that were asked for and that a browser doesn't get."""
        return tuple(a for a in self.assets if a.status and not a.there)

    @property
    def unasked(self) -> tuple[Asset, ...]:
        """The files that nobody may ask for."""
        return tuple(a for a in self.assets if not a.status)

    @property
    def told(self) -> str:
        """How it stands, in a sentence."""
        asked = len(self.assets) - len(self.unasked)
        beside = f"; {len(self.unasked)} on other hosts were not asked for" if self.unasked else ""
        if not self.missing:
            there = "1 file" if asked == 1 else f"{asked} files"
            return f"{there} of {self.address} there, none is missing{beside}"
        shown = ", ".join(f"{a.address} ({a.status})" for a in self.missing[:3])
        more = f" and {len(self.missing) - 3} more" if len(self.missing) > 3 else ""
        return f"{len(self.missing)} of {asked} files are missing: {shown}{more}{beside}"

    def as_json(self) -> dict[str, object]:
        """Plain JSON."""
        files = [{"address": a.address, "status": a.status, "why": a.why} for a in self.assets]
        return {"page": self.address, "missing": len(self.missing), "assets": files, "told": self.told}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.base, self.found = "", list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "base" and not self.base:
            self.base = given.get("href", "")
        elif tag in ("script", "img"):
            self.found.append(given.get("src", ""))
        elif tag == "link" and _RELATIONS & set(given.get("rel", "").lower().split()):
            self.found.append(given.get("href", ""))


def references(html: str, address: str) -> tuple[str, ...]:
    """The whole addresses of the files that the page at `address` names, each once, at most `MOST`."""
    reader = _Reader()
    reader.feed(html)
    base = urljoin(address, reader.base)
    whole = (urldefrag(urljoin(base, path.strip())).url for path in reader.found if path.strip())
    kept = dict.fromkeys(url for url in whole if urlsplit(url).scheme in ("http", "https"))
    return tuple(kept)[:MOST]
