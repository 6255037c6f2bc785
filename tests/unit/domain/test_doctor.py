"""What a tool's words mean, and the act that mends a miss."""

from __future__ import annotations

import pytest

from conductor_core.domain.doctor import TOOLS, Finding, about_tool, version_in, well

HELM = next(tool for tool in TOOLS if tool.name == "helm")
K6 = next(tool for tool in TOOLS if tool.name == "k6")


@pytest.mark.parametrize(
    ("words", "version"),
    [
        ("git version 2.39.5", (2, 39, 5)),
        ("v3.19.5+gabc", (3, 19, 5)),
        ("clientVersion:\n  gitVersion: v1.34.4\n", (1, 34, 4)),
        ("just 1.2", (1, 2)),
        ("nothing", ()),
    ],
)
def test_versions_are_found_in_what_programs_say(words: str, version: tuple[int, ...]) -> None:
    assert version_in(words) == version


def test_a_miss_has_the_act_that_mends_it() -> None:
    good, old, gone = (about_tool(HELM, words) for words in ("v3.14.0", "v3.9.1", None))
    assert (good.finding, good.act) == (Finding.GOOD, "")
    assert (old.finding, old.found) == (Finding.OLD, "3.9.1; 3.14 is needed")
    assert gone.finding is Finding.MISSING
    assert "Install helm 3.14 or newer" in gone.act
    assert "CONDUCTOR_HELM" in gone.act
    assert not well([good, old])


def test_what_nothing_needs_is_no_miss() -> None:
    gone = about_tool(K6, None)
    assert gone.finding is Finding.OPTIONAL
    assert gone.good
    assert gone.as_json()["act"].startswith("Install k6")
    assert gone.found == "not found; used for smoke suites that are k6 scripts"
