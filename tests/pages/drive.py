"""Drives pages in tests: open one on a conductor, and read what a person would read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from streamlit.testing.v1 import AppTest

from app import runtime
from app.navigation import FOLDER

if TYPE_CHECKING:
    from conductor_core.wiring import Conductor

MAIN = FOLDER.parent / "app" / "main.py"


def open_page(conductor: object, page: str, who: str = "requester", **where: str) -> AppTest:
    """The page as `who` sees it at that address."""
    runtime.use(cast("Callable[[], Conductor]", lambda: conductor))
    at = AppTest.from_file(str(MAIN), default_timeout=30)
    at.run()
    if page != "status":
        at.switch_page(f"../pages/{page}.py")
    at.session_state["as"] = who
    for name, value in where.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception, [error.message for error in at.exception]
    return at


def seen(at: AppTest) -> str:
    """Every text on the page, Markdown escapes removed; what components get is included as JSON."""
    texts: list[str] = []
    for node in _walk(at._tree):
        for name in ("value", "body", "label", "text"):
            value = getattr(node, name, None)
            if isinstance(value, str):
                texts.append(value)
        proto: Any = getattr(node, "proto", None)
        texts.append(str(getattr(proto, "title", "") or ""))
        if hasattr(proto, "json") and isinstance(proto.json, str):
            texts.append(json.dumps(json.loads(proto.json), ensure_ascii=False) if proto.json else "")
        if node.type in ("table", "arrow_table", "dataframe", "arrow_data_frame"):
            texts.append(node.value.to_csv())
    return "\n".join(texts).replace("\\", "").replace("\u00a0", " ")


def _walk(block: Any) -> list[Any]:
    out: list[Any] = []
    for child in getattr(block, "children", {}).values():
        out.append(child)
        out.extend(_walk(child))
    return out


def press(at: AppTest, key: str) -> AppTest:
    """Press the button of that key and run."""
    at.button(key=key).click().run()
    assert not at.exception, [error.message for error in at.exception]
    return at
