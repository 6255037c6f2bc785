"""Ports: how a report is drawn, and where it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Page:
    """What a renderer gets: the document (plain JSON), its digest, the signing key's vkey, charts as SVG by name."""

    document: Mapping[str, object]
    digest: str
    vkey: str
    charts: Mapping[str, str]


class ReportRenderer(Protocol):
    """Draws a report with replaceable templates. Texts of the document are data, never markup.

    The same page gives the same bytes. Raises `ConfigurationError` for a template that can't be used.
    """

    def html(self, page: Page) -> bytes:
        """One file without scripts that fetches nothing."""

    def pdf(self, page: Page) -> bytes:
        """With a table of contents, page numbers, the digest, and how to verify."""


class ReportStore(Protocol):
    """Finished reports by id, each a few files of 0600. Raises `StorageError`, `NotFoundError`."""

    def put(self, report_id: str, files: Mapping[str, bytes]) -> None:
        """Keep a report, whole or not at all; one that is there is never changed (`ConflictError`)."""

    def get(self, report_id: str, name: str) -> bytes:
        """One file of a report."""

    def all(self) -> Sequence[tuple[str, Sequence[str]]]:
        """Ids and names of files, newest first."""
