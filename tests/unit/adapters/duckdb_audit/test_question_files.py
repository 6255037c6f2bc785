"""Saved questions are read strictly; a bad file is named and left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from conductor_core.adapters.duckdb_audit.question_files import QuestionFolder, parse
from conductor_core.ports.audit_database import Chart, Parameter

GOOD = """-- title: Who
-- question: Who did it,
--   and when?
-- parameter: days int 7 How many days back
-- parameter: share float 0.5
-- parameter: name text prod Which
-- chart: bar x=a y=b,c color=d

SELECT a, b -- title: not a header
FROM changes;
"""


def test_a_question_is_read() -> None:
    found = parse("who", GOOD)
    assert (found.title, found.question) == ("Who", "Who did it, and when?")
    assert found.sql == "SELECT a, b -- title: not a header\nFROM changes"
    assert found.parameters[0] == Parameter("days", "int", 7, "How many days back")
    assert [p.default for p in found.parameters] == [7, 0.5, "prod"]
    assert found.chart == Chart("bar", "a", ("b", "c"), "d")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SELECT 1",
        "-- title: x\nSELECT 1",
        "-- question: x?\nSELECT 1",
        "-- title: x\n-- question: y?\n",
        "-- title: x\n-- question: y?\n-- parameter: days\nSELECT 1",
        "-- title: x\n-- question: y?\n-- parameter: days int many\nSELECT 1",
        "-- title: x\n-- question: y?\n-- parameter: days date 1\nSELECT 1",
        "-- title: x\n-- question: y?\n-- chart: pie x=a\nSELECT 1",
        "-- title: x\n-- question: y?\n-- chart: bar z=a\nSELECT 1",
        "-- title: x\n-- question: y?\n-- chart: bar x\nSELECT 1",
    ],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse("bad", text)


def test_bad_files_are_named_and_left_out(tmp_path: Path) -> None:
    (tmp_path / "b.sql").write_text(GOOD)
    (tmp_path / "a.sql").write_text("SELECT 1")
    (tmp_path / "c.sql").write_bytes(b"\xff\xfe")
    (tmp_path / "d.sql").write_text(GOOD + " " * 200_000)
    (tmp_path / "e.txt").write_text("nothing")
    found, problems = QuestionFolder(tmp_path).all()
    assert [question.name for question in found] == ["b"]
    assert [problem.split(":")[0] for problem in problems] == ["a.sql", "c.sql", "d.sql"]
    assert QuestionFolder(tmp_path / "gone").all() == ([], [])
