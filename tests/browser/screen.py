"""The workbench as a person drives it in a browser: what is on the screen by its words, never by its markup."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from re import Pattern
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    TimeoutError,
    expect,
    sync_playwright,
)

ARTIFACTS = Path(__file__).resolve().parents[2] / "test-artifacts"
CHROMIUM = "/usr/bin/chromium"
EXPECTED = ("404 (Not Found)", "Blocked script execution in 'about:srcdoc'")
"""What Streamlit asks for under a page's own path, and the script in a notebook that the frame must not run."""
PATIENCE = 30_000
"""Milliseconds that anything may take to appear on a busy machine."""
ROW = 31
"""Pixels of a row of an editable table."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, without a screen and without chatter."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        try:
            yield browser
        finally:
            browser.close()


class Screen:
    """One window of the workbench at `url`. `foreign` collects requests to other hosts, `faults` errors of scripts."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._context = browser.new_context(
            viewport={"width": 1440, "height": 900},
            color_scheme="light",
            permissions=["clipboard-read", "clipboard-write"],
        )
        self.page: Page = self._context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.url, self.foreign, self.faults = url, list[str](), list[str]()
        self.page.on("request", self._note_request)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._note_console)

    def _note_request(self, request: Request) -> None:
        if urlsplit(request.url).hostname not in ("127.0.0.1", None):
            self.foreign.append(request.url)

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not any(known in message.text for known in EXPECTED):
            self.faults.append(message.text)

    def open(self, page: str = "", **where: str) -> None:
        """Go to a page by its address; `where` are its query parameters (`acting` is the identity)."""
        if "acting" in where:
            where["as"] = where.pop("acting")
        self.page.goto(f"{self.url}/{page}{'?' + urlencode(where) if where else ''}")
        expect(self.page.get_by_test_id("stSidebar")).to_be_visible(timeout=PATIENCE)

    def act_as(self, who: str) -> None:
        """Switch the local identity in the sidebar."""
        box = self.page.get_by_test_id("stSidebar").get_by_role("combobox")
        box.click()
        self.page.get_by_role("option", name=who, exact=True).click()
        self.see(f"{who} ·")
        self.still()

    def go(self, title: str) -> None:
        """Follow the sidebar to a page."""
        self.page.get_by_test_id("stSidebarNav").get_by_role("link", name=title).click()
        self.title(title)

    def title(self, words: str) -> None:
        """Wait until the page's title is that."""
        expect(self.page.get_by_role("heading", level=1, name=words, exact=True)).to_be_visible(timeout=PATIENCE)

    def see(self, words: str | Pattern[str], *, within: Locator | None = None) -> None:
        """Wait until those words are on the page."""
        expect((within or self.page).get_by_text(words).first).to_be_visible(timeout=PATIENCE)

    def press(self, label: str) -> None:
        """Press a button by its label; in the dialog when one is open."""
        dialog = self.page.get_by_role("dialog")
        place = dialog if dialog.count() else self.page.get_by_test_id("stMain")
        place.get_by_role("button", name=label, exact=True).click()

    def follow(self, label: str) -> None:
        """Follow a link in the page by its label."""
        self.page.get_by_test_id("stMain").get_by_role("link", name=label).first.click()

    def tab(self, name: str) -> None:
        """Open a tab."""
        self.page.get_by_role("tab", name=name, exact=True).click()

    def fill(self, label: str, text: str) -> None:
        """Type into a field by its label and leave it."""
        field = self.page.get_by_label(label).last
        field.fill(text)
        field.press("Tab")

    def row(self, table: int, *cells: str) -> None:
        """Add a row to an editable table, its first cells as given; `table` counts from 0."""
        grid = self.page.get_by_test_id("stDataFrame").nth(table)
        grid.scroll_into_view_if_needed()
        box = grid.bounding_box()
        assert box is not None
        self.page.mouse.click(box["x"] + 80, box["y"] + box["height"] - 18)
        editor = self.page.locator("#portal").locator("input, textarea")
        if not self._comes(editor):  # the grid gives up on the new row when the machine is slow: go to it by hand
            box = grid.bounding_box()
            assert box is not None
            self.page.mouse.click(box["x"] + 80, box["y"] + box["height"] - 18 - ROW)
            self.still()
        for text in cells:
            if not editor.count():
                self.page.keyboard.press("Enter")
            editor.fill(text)
            editor.press("Tab")
            expect(editor).to_have_count(0)
            self.still()

    def _comes(self, wanted: Locator, milliseconds: int = 1_500) -> bool:
        """Whether it is there within that time."""
        with suppress(TimeoutError):
            wanted.first.wait_for(timeout=milliseconds)
            return True
        return False

    def dialog(self) -> Locator:
        """The open dialog."""
        found = self.page.get_by_role("dialog")
        expect(found).to_be_visible(timeout=PATIENCE)
        return found

    def still(self) -> None:
        """Wait until no script is at work."""
        quiet = self.page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')
        expect(quiet).to_be_attached(timeout=PATIENCE)
        self.page.wait_for_timeout(200)

    def settled(self) -> None:
        """Wait until nothing is loading: no skeleton, no script at work."""
        self.still()
        expect(self.page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=PATIENCE)
        self.page.wait_for_timeout(200)

    def shot(self, name: str) -> Path:
        """Keep what is on the screen; gives the file."""
        ARTIFACTS.mkdir(exist_ok=True)
        path = ARTIFACTS / f"{name}.png"
        self.page.screenshot(path=path)
        return path

    def shots(self, name: str) -> None:
        """Keep the page in both themes and two widths."""
        for scheme in ("light", "dark"):
            for width in (800, 1440):
                self.page.set_viewport_size({"width": width, "height": 900})
                self.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                self.page.wait_for_timeout(500)
                self.shot(f"{name}-{width}-{scheme}")
        self.page.emulate_media(color_scheme="light")

    def close(self) -> None:
        """Close the window."""
        self._context.close()
