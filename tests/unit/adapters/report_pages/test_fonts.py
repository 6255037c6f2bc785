"""Whatever script a name is in, the PDF shows it, or says that it can't."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pypdfium2  # type: ignore[import-untyped]  # it has no stubs
import pytest

from conductor_core.adapters.report_pages import ReportPages, fonts
from conductor_core.ports.reports import Page
from conductor_core.settings import PROJECT_ROOT

TEMPLATES = PROJECT_ROOT / "data" / "report_templates"
NAMES = {
    "Chinese": "王小明 張偉",
    "Japanese": "田中さくら カタカナ",
    "Korean": "김민준",
    "emoji": "🚀 😀 ✅",
    "Thai": "สมชาย",
    "Hindi": "नरेन्द्र",
    "Greek": "Γιώργος",
    "Cyrillic": "Ольга",
}
CUNEIFORM = "\N{CUNEIFORM SIGN A}"


def page(name: str) -> Page:
    document: dict[str, object] = {
        "id": "rep-1",
        "kind": "period",
        "title": f"Changes of {name}",
        "from": "",
        "to": "",
        "made_at": datetime(2026, 11, 1, tzinfo=UTC).isoformat(),
        "made_by": {"key": "local|x", "name": name},
        "ledger": None,
        "summary": {"changes": 0, "states": {}, "people": 1, "approvals": 0, "denials": 0, "median_lead_seconds": None},
        "releases": [],
        "changes": [],
    }
    return Page(document, "sha256:0", "example.com/ledger+1+A", {})


def text(pdf: bytes) -> str:
    with_pages = pypdfium2.PdfDocument(pdf)
    return "\n".join(str(sheet.get_textpage().get_text_range()) for sheet in with_pages)


@pytest.mark.parametrize("script", NAMES)
def test_names_of_every_script_are_drawn(script: str) -> None:
    shown = text(ReportPages(TEMPLATES).pdf(page(NAMES[script])))
    assert all(word in shown for word in NAMES[script].split())
    assert "No font here" not in shown


def test_a_character_of_no_font_is_spelled_and_said() -> None:
    shown = text(ReportPages(TEMPLATES).pdf(page(f"Ana {CUNEIFORM} 王")))
    assert "No font here has 1 of the characters" in " ".join(shown.split())
    assert "Ana ‹U+12000› 王" in shown
    assert CUNEIFORM not in shown


def test_without_the_wheels_nothing_is_silently_a_box(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "WHEELS", ("no_such_fonts",))
    shown = text(ReportPages(TEMPLATES).pdf(page('"王" \\ 🚀 Ольга')))
    assert '"‹U+738B›" \\ ‹U+1F680› Ольга' in shown
    assert "No font here has 2 of the characters" in " ".join(shown.split())


def test_fonts_beside_a_template_come_first(tmp_path: Path) -> None:
    (tmp_path / "fonts").mkdir()
    found = fonts.folders([tmp_path, TEMPLATES])
    assert found[0] == str(tmp_path / "fonts")
    assert [Path(folder).name for folder in found[1:]] == list(fonts.WHEELS)


SAID = [
    ('the text `"王"` could not be displayed with font `"X"`\nthe text `"王"` could not be displayed', ["王"]),
    (r'the text `"\""` could not be displayed', ['"']),
    (r'the text `"\u{1f468}\u{200d}"` could not be displayed', ["\u200d", "\U0001f468"]),
    ("PDF/A-2b error: document title is missing", []),
]


@pytest.mark.parametrize(("said", "characters"), SAID)
def test_what_typst_says_is_read(said: str, characters: list[str]) -> None:
    assert fonts.missing(said) == characters
