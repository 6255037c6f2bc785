"""Plain text from what kernels send."""

from __future__ import annotations

import pytest

from conductor_core.adapters.papermill_runs import files, texts


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;https://x\x07link\x1b]8;;\x07", "link"),
        ("\x1b]0;title\x1b\\after", "after"),
        ("\x1bPq#0\x1b\\dcs", "dcs"),
        ("\x1b(Bplain\x1b=", "plain"),
        ("10%\r20%\r\ndone\n", "10%\n20%\ndone\n"),
        ("a\x00b\x07c\x9bd\te\n", "abcd\te\n"),
        ("lone \ud800 surrogate", "lone ? surrogate"),
        ("unfinished \x1b[31", "unfinished 31"),
        ("ünïcode ✓", "ünïcode ✓"),
    ],
)
def test_clean_leaves_plain_text(raw: str, plain: str) -> None:
    assert texts.clean(raw) == plain


def test_colours_only_keeps_colours_and_nothing_else() -> None:
    assert texts.colours_only("\x1b[31mred\x1b[0m\x1b]0;t\x07\x1b[2J\x00x") == "\x1b[31mred\x1b[0mx"


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        ("stream", {"name": "stdout", "text": "a\x1b[0mb"}, "ab"),
        ("display_data", {"data": {"text/plain": "shown", "text/html": "<b>"}}, "shown\n"),
        ("execute_result", {"data": {"text/plain": ["a\n", "b"]}}, "a\nb\n"),
        ("update_display_data", {"data": {"text/markdown": "*m*"}}, "*m*\n"),
        ("display_data", {"data": {"image/png": "AAAA"}}, ""),
        ("error", {"ename": "E", "evalue": "v", "traceback": ["\x1b[31mE\x1b[0m", "v"]}, "E\nv\n"),
        ("error", {"ename": "E", "evalue": "v", "traceback": []}, "E: v\n"),
        ("status", {"execution_state": "busy"}, ""),
    ],
)
def test_of_message(kind: str, content: dict[str, object], text: str) -> None:
    assert texts.of_message({"msg_type": kind, "content": content}) == text


def test_titles_come_from_the_heading_the_comment_or_the_line() -> None:
    cells = [
        files.node(cell_type="markdown", source="# Deploy ##\ntext\n## Ask first"),
        files.node(cell_type="code", source="x = 1"),
        files.node(cell_type="code", source="# Say it\nprint(x)"),
        files.node(cell_type="code", source="   \n"),
        files.node(cell_type="code", source="\nprint(2)"),
    ]
    assert texts.titles(cells) == {1: "Ask first", 2: "Say it", 4: "print(2)"}
