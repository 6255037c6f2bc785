"""The page of an executed notebook: readable, and nothing hostile survives in it (security rule 18)."""

from __future__ import annotations

import base64
import json
from html.parser import HTMLParser

import pytest

from conductor_core.adapters.papermill_runs import PapermillRuns, pages

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n rest").decode()

HOSTILE = [
    "<script>alert(1)</script>",
    "<ScRiPt src=https://evil.example/x.js></sCrIpT>",
    "<script",
    "<img src=x onerror=alert(1)>",
    "<img src='https://evil.example/pixel.png'>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<math><mtext></mtext><mglyph><style><img src=x onerror=alert(1)></style></mglyph></math>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='JaVa\tScRiPt:alert(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='vbscript:x' onclick='alert(1)'>x</a>",
    "<div style='background:url(https://evil.example)' onmouseover=alert(1)>x</div>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href='https://evil.example/'>",
    "<form action='https://evil.example'><input name=a><button>go</button></form>",
    "<object data='https://evil.example'></object><embed src=x><video src=x autoplay></video>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "</main></body></html><script>alert(1)</script>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<table background='https://evil.example/x'><tr><td onclick=alert(1)>1</td></tr></table>",
]


class Seen(HTMLParser):
    """Every tag and attribute that a browser would make of the body."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page.split("<body>", 1)[1])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def shown(*outputs: dict[str, object], markdown: str = "", source: str = "1") -> str:
    code = {"cell_type": "code", "id": "b", "metadata": {}, "source": source, "outputs": outputs, "execution_count": 1}
    words = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": markdown}
    notebook = {"cells": [words, code], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return PapermillRuns().page(json.dumps(notebook).encode())


def display(kind: str, value: str, **others: str) -> dict[str, object]:
    return {"output_type": "display_data", "data": {kind: value, **others}, "metadata": {}}


def stream(text: str) -> dict[str, object]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def error(name: str, value: str, *traceback: str) -> dict[str, object]:
    return {"output_type": "error", "ename": name, "evalue": value, "traceback": traceback}


def harmless(page: str) -> None:
    for tag, attributes in Seen(page).tags:
        assert tag in {*pages.TAGS, "section", "main", "img", "span", "pre", "div"}, tag
        for name, value in attributes.items():
            assert name in {"class", "href", "title", "colspan", "rowspan", "scope", "src", "alt"}, name
            assert name != "href" or (value or "").lower().startswith(("http://", "https://", "mailto:", "#")), value
            assert name != "src" or (value or "").startswith("data:image/"), value
    assert "<script" not in page.lower()
    assert f'content="{pages.POLICY}"' in page


@pytest.mark.parametrize("html", HOSTILE)
def test_hostile_html_in_any_place_does_nothing(html: str) -> None:
    harmless(shown(display("text/html", html)))
    harmless(shown(display("text/markdown", html)))
    harmless(shown(display("text/plain", html)))
    harmless(shown(markdown=f"# Title\n\n{html}\n\n[link](javascript:alert(1)) ![p](https://evil.example/p.png)"))
    harmless(shown(source=html))
    harmless(shown(stream(f"\x1b[31m{html}\x1b]8;;javascript:x\x07")))
    harmless(shown(error(html, html, html)))
    harmless(shown(error(html, html)))


def test_a_script_s_text_is_not_shown_as_words() -> None:
    page = shown(display("text/html", "<style>.a{}</style><p>kept</p><script>gone()</script>"))
    assert "<p>kept</p>" in page
    assert "gone()" not in page


def test_what_a_cell_shows_is_readable() -> None:
    page = shown(
        stream("plain & \x1b[31mred\x1b[0m"),
        display(
            "text/html", "<table><tr><th scope='col'>a</th><td colspan='2'>1</td></tr></table>", **{"text/plain": "a"}
        ),
        display("image/png", PNG),
        error("E", "v", "\x1b[31mE\x1b[0m: v"),
        display("application/x-unknown", "1"),
        markdown="## Heading\n\n- one\n",
        source="x = 'source'",
    )
    assert 'plain &amp; <span class="ansi-red-fg">red</span>' in page
    assert '<td colspan="2">1</td>' in page
    assert f'src="data:image/png;base64,{PNG}"' in page
    assert "<li>one</li>" in page
    assert "source" in page
    assert "not shown here" in page
    assert "prefers-color-scheme: dark" in page
    harmless(page)


@pytest.mark.parametrize(
    "value", ["no base64!", base64.b64encode(b"<script>").decode(), '"><script>alert(1)</script>', ""]
)
def test_a_picture_that_is_none_is_not_embedded(value: str) -> None:
    page = shown(display("image/png", value, **{"text/plain": "instead"}))
    assert "<img" not in page
    assert "instead" in page
    harmless(page)


def test_an_svg_is_embedded_as_a_picture_only() -> None:
    page = shown(display("image/svg+xml", "<svg onload='alert(1)'><script>alert(1)</script></svg>"))
    assert "data:image/svg+xml;base64," in page
    harmless(page)
