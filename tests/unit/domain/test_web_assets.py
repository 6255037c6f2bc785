"""The files that a page names."""

from __future__ import annotations

from conductor_core.domain.web_assets import MOST, Asset, Page, references

PAGE = """<!doctype html><base href="/v2/">
<link rel="stylesheet" href="app.css"><link rel="modulepreload" href="https://cdn.test/chunk.js#top">
<link rel="canonical" href="/elsewhere"><link rel="Icon" href="//icons.test/i.svg">
<script type="module" src="app.js"></script><script src="app.js"></script><script>inline()</script>
<img src="data:image/png;base64,AA"><img src=" logo.png "><a href="/other">x</a>
"""


def test_scripts_styles_icons_and_images_are_named_whole_and_once() -> None:
    assert references(PAGE, "https://ui.test/shop/index.html") == (
        "https://ui.test/v2/app.css",
        "https://cdn.test/chunk.js",
        "https://icons.test/i.svg",
        "https://ui.test/v2/app.js",
        "https://ui.test/v2/logo.png",
    )
    many = "".join(f"<img src={n}>" for n in range(MOST + 50))
    assert len(references(many, "https://ui.test/")) == MOST
    assert references("<<not html", "https://ui.test/") == ()


def test_a_page_says_what_is_missing_and_what_was_not_asked_for() -> None:
    page = Page("p", (Asset("a", 200), Asset("b", 404), Asset("c", 0, "another host"), Asset("d", 304)))
    assert [a.address for a in page.missing] == ["b"]
    assert page.told == "1 of 3 files are missing: b (404); 1 on other hosts were not asked for"
    assert Page("p", (Asset("a", 200),)).told == "1 file of p there, none is missing"
