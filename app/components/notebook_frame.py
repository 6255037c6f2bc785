"""An executed notebook in a frame without scripts, forms, origin or network (security rule 18)."""

from __future__ import annotations

from app.components import assets

_frame = assets.component("frame", '<div class="frame"></div>')


def show(page: str, title: str, height: int = 720) -> None:
    """Draw the page; `height` in pixels."""
    _frame(data={"page": page, "title": title, "height": height})
