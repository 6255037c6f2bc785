"""The pages that exist, in the sections of the sidebar, and links between them that keep the session."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

FOLDER = Path(__file__).resolve().parent.parent / "pages"

SECTIONS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "": (("status", "Status", "monitor_heart"),),
    "Deploy": (
        ("environments", "Environments", "dns"),
        ("releases", "Releases", "deployed_code"),
        ("delivery", "Delivery", "move_up"),
    ),
    "Operate": (("changes", "Changes", "published_with_changes"), ("runbooks", "Runbooks", "menu_book")),
    "Audit": (
        ("audit", "Audit", "database_search"),
        ("ledger", "Ledger", "account_tree"),
        ("reports", "Reports", "description"),
    ),
    "Set up": (("settings", "Settings", "tune"),),
}
"""Section to its pages: file name without suffix, title, icon. A page whose file doesn't exist isn't drawn."""


def pages() -> dict[str, list[st.Page]]:
    """What `st.navigation` draws; Status is where the workbench opens."""
    return {
        section: [
            st.Page(
                FOLDER / f"{name}.py",
                title=title,
                icon=f":material/{icon}:",
                url_path=name,
                default=name == "status",
            )
            for name, title, icon in listed
            if (FOLDER / f"{name}.py").is_file()
        ]
        for section, listed in SECTIONS.items()
    }


def link(page: str, label: str, *, icon: str = "", help: str | None = None, **where: str) -> None:
    """A link to a page; `where` are its query parameters. `label` is Markdown."""
    st.page_link(
        FOLDER / f"{page}.py",
        label=label,
        icon=f":material/{icon}:" if icon else None,
        help=help,
        query_params=where or None,
    )


def go(page: str, **where: str) -> None:
    """Go there now."""
    st.switch_page(FOLDER / f"{page}.py", query_params=where or None)
