"""Completion in the SQL editor: what is offered, how it is taken, and where it keeps out of the way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.conftest import Worlds
from tests.browser.screen import PATIENCE, Screen

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def screen(browser: Browser, worlds: Worlds) -> Iterator[Screen]:
    found = Screen(browser, worlds.url("audit"))
    found.open("audit")
    found.settled()
    yield found
    found.close()


@pytest.fixture
def editor(screen: Screen) -> Locator:
    """The editor, empty and with the focus."""
    found = screen.page.get_by_label("SQL", exact=True)
    found.fill("")
    found.focus()
    return found


def offered(screen: Screen) -> list[str]:
    screen.page.wait_for_timeout(50)
    return [line.split("\n")[0] for line in screen.page.get_by_role("option").all_inner_texts()]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("sel", "select"),
        ("SELECT requ", "requester"),
        ("SELECT count(*) FROM ch", "changes"),
        ("SELECT approved_by FROM changes WHERE req", "requester"),
        ("SELECT * FROM changes AS c JOIN gates g ON g.res", "result"),
        ("SELECT * FROM gates\nWHERE gates.", "sequence"),
        ("SELECT date_t", "date_trunc"),
        ("SELECT 'it''s' AS said, cou", "count"),
        ("-- what changed\nSEL", "select"),
    ],
)
def test_what_fits_is_offered_first(typed: str, first: str, screen: Screen, editor: Locator) -> None:
    editor.press_sequentially(typed)
    assert offered(screen)[0] == first


@pytest.mark.parametrize(
    "typed", ["SELECT 'chan", "-- cha", "/* cha", 'SELECT "cha', "SELECT zzz", "SELECT 1 ", "x.req"]
)
def test_nothing_is_offered_in_texts_and_for_unknown_words(typed: str, screen: Screen, editor: Locator) -> None:
    editor.press_sequentially(typed)
    assert offered(screen) == []


def test_tab_takes_a_word_which_can_be_undone(screen: Screen, editor: Locator) -> None:
    editor.press_sequentially("SELECT requ")
    editor.press("ArrowDown")
    second = offered(screen)[1]
    editor.press("Tab")
    expect(editor).to_have_value(f"SELECT {second}")
    expect(editor).to_be_focused()
    assert offered(screen) == []
    editor.press("Control+z")
    expect(editor).not_to_have_value(f"SELECT {second}")


def test_enter_after_a_whole_word_is_a_new_line(screen: Screen, editor: Locator) -> None:
    editor.press_sequentially("SELECT 1 IN")
    assert offered(screen)[:2] == ["in", "input"]
    editor.press("Enter")
    expect(editor).to_have_value("SELECT 1 IN\n")


def test_a_keyword_is_as_loud_as_what_is_typed(screen: Screen, editor: Locator) -> None:
    editor.press_sequentially("SEL")
    editor.press("Enter")
    expect(editor).to_have_value("SELECT")


def test_a_click_takes_a_word_and_what_is_asked_is_what_is_seen(screen: Screen, editor: Locator) -> None:
    editor.press_sequentially("SELECT count(*) AS seen FROM chan")
    screen.page.get_by_role("option", name="changes").first.click()
    expect(editor).to_have_value("SELECT count(*) AS seen FROM changes")
    editor.press("Control+Enter")
    screen.press("Ask")
    expect(screen.page.get_by_text("1 row in").first).to_be_visible(timeout=PATIENCE)


def test_control_and_space_ask_and_escape_closes(screen: Screen, editor: Locator) -> None:
    editor.fill("SELECT * FROM ")
    editor.press("Control+ ")
    assert "changes" in offered(screen)
    screen.shots("audit-completion")
    editor.press("Escape")
    assert offered(screen) == []
    editor.press("Enter")
    assert editor.input_value() == "SELECT * FROM \n"
