"""The charts of a report as SVG: bars with their numbers written on them, never told apart by colour alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

WIDTH = 640
STATES = (("succeeded", "#2a9561"), ("failed", "#c93a45"), ("other", "#8a939e"))
VERDICTS = (("allow", "#2a9561"), ("warn", "#d97706"), ("deny", "#c93a45"))
_ROW, _LABEL, _TOP = 24, 190, 26
MOST_ROWS = 40


def charts(document: Mapping[str, object]) -> dict[str, str]:
    """The charts that a report's document has numbers for, by name; one Change alone needs none."""
    out: dict[str, str] = {}
    if document.get("kind") == "change":
        return out
    days, gates = _rows(document, "days"), _rows(document, "gates")
    if days:
        out["days"] = bars("Changes by day", [str(d["day"]) for d in days], days, STATES)
    if gates:
        out["gates"] = bars("Verdicts by gate", [str(g["gate"]) for g in gates], gates, VERDICTS)
    return out


def bars(
    title: str, labels: Sequence[str], rows: Sequence[Mapping[str, object]], parts: Sequence[tuple[str, str]]
) -> str:
    """Stacked bars, one a row; the last `MOST_ROWS` of them. `parts` are fields with their colours."""
    labels, rows = labels[-MOST_ROWS:], rows[-MOST_ROWS:]
    most = max((sum(_number(row, name) for name, _ in parts) for row in rows), default=1) or 1
    scale = (WIDTH - _LABEL - 60) / most
    height = _TOP + _ROW * len(rows) + 8
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(title)}" font-family="Libertinus Serif, sans-serif" font-size="12">'
    ]
    out.append(f'<text x="0" y="13" fill="#333" font-weight="bold">{escape(title)}</text>')
    at = _LABEL
    for name, color in parts:
        out.append(f'<rect x="{at}" y="4" width="10" height="10" fill="{color}"/>')
        out.append(f'<text x="{at + 14}" y="13" fill="#333">{escape(name)}</text>')
        at += 30 + 7 * len(name)
    for n, (label, row) in enumerate(zip(labels, rows, strict=True)):
        y = _TOP + n * _ROW
        out.append(f'<text x="{_LABEL - 8}" y="{y + 14}" text-anchor="end" fill="#333">{escape(_short(label))}</text>')
        x, total = float(_LABEL), 0
        for name, color in parts:
            value = _number(row, name)
            width = value * scale
            if value:
                out.append(f'<rect x="{x:.1f}" y="{y + 2}" width="{width:.1f}" height="16" fill="{color}"/>')
                if width > 14:
                    out.append(f'<text x="{x + 4:.1f}" y="{y + 14}" fill="#fff">{value}</text>')
            x, total = x + width, total + value
        out.append(f'<text x="{x + 5:.1f}" y="{y + 14}" fill="#333">{total}</text>')
    return "".join([*out, "</svg>"])


def _short(label: str) -> str:
    shown = "".join(c if c.isprintable() else "?" for c in label)
    return shown if len(shown) <= 28 else shown[:27] + "…"


def _number(row: Mapping[str, object], name: str) -> int:
    value = row.get(name)
    return value if isinstance(value, int) else 0


def _rows(document: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    found = document.get(name)
    return [row for row in found if isinstance(row, Mapping)] if isinstance(found, list) else []
