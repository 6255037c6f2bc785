"""The executed notebook as one HTML page that can do nothing but be read (security rule 18).

Whatever a cell has put out is hostile here: text is escaped, HTML and Markdown go through an allow-list, pictures are
embedded, and a Content-Security-Policy forbids the rest, should something have slipped through.
"""

from __future__ import annotations

import base64
import binascii
import re
from html import escape
from typing import Any

from nbconvert.filters.ansi import ansi2html
from nbconvert.filters.markdown_mistune import markdown2html_mistune
from nbconvert.preprocessors.sanitize import SanitizeHTML
from nbformat import NotebookNode
from pygments import highlight  # type: ignore[import-untyped]  # no stubs
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]  # no stubs
from pygments.lexers import PythonLexer  # type: ignore[import-untyped]  # no stubs

from conductor_core.adapters.papermill_runs import texts
from conductor_core.adapters.papermill_runs.page_style import STYLE

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

_WORDS = ["a", "abbr", "b", "br", "code", "del", "em", "i", "kbd", "s", "small", "span", "strong", "sub", "sup", "u"]
_BLOCKS = [
    "blockquote",
    "dd",
    "div",
    "dl",
    "dt",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "ul",
]
_TABLES = ["caption", "table", "tbody", "td", "tfoot", "th", "thead", "tr"]
TAGS = [*_WORDS, *_BLOCKS, *_TABLES]
_ATTRIBUTES = {"a": ["href", "title"], "td": ["colspan", "rowspan"], "th": ["colspan", "rowspan", "scope"]}
_HIDDEN = re.compile(r"<(script|style|iframe|object|template|noscript|svg|math)\b.*?(?:</\1\s*>|\Z)", re.I | re.S)
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/svg+xml")
_STARTS = {"image/png": b"\x89PNG", "image/jpeg": b"\xff\xd8", "image/gif": b"GIF8"}


def page(notebook: NotebookNode) -> str:
    """The page, in UTF-8 when encoded; readable in light and dark."""
    style = _highlighted("")[0]
    body = "\n".join(_cell(cell) for cell in notebook.cells)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
        f"<title>Executed notebook</title><style>{STYLE}{style}</style></head>\n"
        f"<body><main>\n{body}\n</main></body></html>\n"
    )


def _cell(cell: NotebookNode) -> str:
    if cell.cell_type == "markdown":
        return f'<section class="words">{_safe(markdown2html_mistune(cell.source))}</section>'
    if cell.cell_type != "code":
        return f'<section class="words"><pre>{escape(cell.source)}</pre></section>'
    outputs = "".join(_output(output) for output in cell.get("outputs", []))
    tags = cell.metadata.get("tags", [])
    role = " injected" if "injected-parameters" in tags else ""
    count = cell.get("execution_count") or ""
    shown = _highlighted(cell.source)[1] + outputs
    return f'<section class="cell{role}"><div class="count">{escape(str(count))}</div><div>{shown}</div></section>'


def _output(output: NotebookNode) -> str:
    if output.output_type == "stream":
        return f'<pre class="out {"err" if output.name == "stderr" else "std"}">{_terminal(output.text)}</pre>'
    if output.output_type == "error":
        trace = "\n".join(output.get("traceback", [])) or f"{output.get('ename')}: {output.get('evalue')}"
        return f'<pre class="out failed">{_terminal(trace)}</pre>'
    return _display(output.get("data", {}))


def _display(data: dict[str, Any]) -> str:
    for kind in _PICTURES:
        picture = _embedded(kind, data.get(kind))
        if picture:
            return f'<p class="out"><img alt="output" src="{picture}"></p>'
    if "text/html" in data:
        shown = _safe(texts.joined(data["text/html"]))
        if re.sub(r"<[^>]*>|\s", "", shown):
            return f'<div class="out">{shown}</div>'
    if "text/markdown" in data:
        return f'<div class="out">{_safe(markdown2html_mistune(texts.joined(data["text/markdown"])))}</div>'
    if "text/plain" in data:
        return f'<pre class="out">{_terminal(texts.joined(data["text/plain"]))}</pre>'
    return '<p class="out note">An output of a kind that is not shown here.</p>'


def _embedded(kind: str, value: object) -> str:
    """A data URL of a picture; nothing when it isn't one. An SVG inside `img` runs no script and loads nothing."""
    if value is None:
        return ""
    text = texts.joined(value)
    if kind == "image/svg+xml":
        return f"data:{kind};base64,{base64.b64encode(text.encode('utf-8', 'replace')).decode()}"
    try:
        picture = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return f"data:{kind};base64,{base64.b64encode(picture).decode()}" if picture.startswith(_STARTS[kind]) else ""


def _terminal(text: str) -> str:
    """Escaped text with the colours of its escape sequences as classes and the rest of them gone."""
    return str(ansi2html(texts.colours_only(texts.joined(text))))  # type: ignore[no-untyped-call]  # untyped


def _safe(html: str) -> str:
    return str(_sanitizer().sanitize_html_tags(_HIDDEN.sub("", html)))


def _sanitizer() -> Any:
    return SanitizeHTML(tags=TAGS, attributes=_ATTRIBUTES, styles=[], strip=True)  # type: ignore[no-untyped-call]  # untyped


def _highlighted(source: str) -> tuple[str, str]:
    """The style sheet and the marked-up source of Python code."""
    light, dark = HtmlFormatter(cssclass="code"), HtmlFormatter(cssclass="code", style="github-dark")
    rules = f"{light.get_style_defs('.code')}@media (prefers-color-scheme: dark){{{dark.get_style_defs('.code')}}}"
    return rules, highlight(source, PythonLexer(), light)
