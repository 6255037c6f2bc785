"""The room of the report renderers: Jinja for HTML, Typst for PDF (port `ReportRenderer`).

Typst, because its wheel brings fonts and needs no library of the system, gives the same bytes for the same input, and
tags its PDFs for readers of screens; WeasyPrint needs Pango, and ReportLab and fpdf2 leave layout, contents and page
numbers to code, so that a template could not be replaced.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from conductor_core.adapters.report_pages import fonts
from conductor_core.adapters.report_pages.words import ago, duration, instant
from conductor_core.errors import ConfigurationError
from conductor_core.ports.reports import Page

HTML, TYPST = "report.html.j2", "report.typ"


class ReportPages:
    """Templates from the first of `folders` that has one."""

    def __init__(self, *folders: Path) -> None:
        self._folders = folders

    def html(self, page: Page) -> bytes:
        """See `ReportRenderer`; the template runs in Jinja's sandbox, with everything escaped."""
        from jinja2 import StrictUndefined, TemplateError
        from jinja2.sandbox import SandboxedEnvironment
        from markupsafe import Markup

        environment = SandboxedEnvironment(
            autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        environment.filters |= {"duration": duration, "instant": instant, "ago": ago}
        path = self._template(HTML)
        try:
            charts = {name: Markup(svg) for name, svg in page.charts.items()}  # noqa: S704  # made of numbers and escaped texts by `report_charts`
            text = environment.from_string(path.read_text(encoding="utf-8")).render(
                report=page.document, digest=page.digest, vkey=page.vkey, charts=charts
            )
        except (TemplateError, OSError, UnicodeDecodeError) as bad:
            raise _unfit(path, bad) from bad
        return text.encode("utf-8", "replace")

    def pdf(self, page: Page) -> bytes:
        """See `ReportRenderer`; a character that no font has stands as its code point, and the first page says so."""
        if json.dumps(page.document, ensure_ascii=False).isascii():
            return self._set(page)
        return self._set(page, self._missing(page))

    def _missing(self, page: Page) -> list[str]:
        """The characters of the document that would be drawn as an empty box."""
        try:
            self._set(page, standard=fonts.STANDARD)
        except ConfigurationError as bad:
            return fonts.missing(str(getattr(bad.__cause__, "diagnostic", "")))
        return []

    def _set(self, page: Page, missing: Sequence[str] = (), standard: str = "") -> bytes:
        import typst

        path = self._template(TYPST)
        made = datetime.fromisoformat(str(page.document["made_at"]))
        document, codes = fonts.spelled(page.document, missing), [fonts.code(c) for c in missing]
        given = {"report": document, "digest": page.digest, "vkey": page.vkey, "charts": page.charts, "missing": codes}
        compile_: Callable[..., bytes] = typst.compile
        try:
            return compile_(
                str(path),
                root=str(path.parent),
                font_paths=fonts.folders(self._folders),
                ignore_system_fonts=True,
                sys_inputs={"data": json.dumps(given, ensure_ascii=False)},
                timestamp=int(made.timestamp()),
                package_path=str(path.parent / "packages"),
                pdf_standards=[standard] if standard else [],
            )
        except RuntimeError as bad:
            raise _unfit(path, bad) from bad

    def _template(self, name: str) -> Path:
        for folder in self._folders:
            if (folder / name).is_file():
                return folder / name
        raise ConfigurationError(f"There is no template {name}.", next="Restore data/report_templates.")


def _unfit(path: Path, bad: Exception) -> ConfigurationError:
    return ConfigurationError(
        f"The report template {path.name} can't be used.",
        why=" ".join(str(bad).split())[:500],
        next="Correct it, or remove your own so that the product's is taken.",
    )
