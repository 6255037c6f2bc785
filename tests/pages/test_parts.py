"""The parts that decide how things look: marks, escapes, times, differences, what waits for whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app import differences, theme, waiting
from app.components import ago, checks, copy_id, errors, event_stream
from conductor_core.domain.actors import LOCAL_ACTORS
from conductor_core.domain.changes import State
from conductor_core.domain.events import Event
from conductor_core.domain.gates import Result
from conductor_core.domain.health import Health as ReleaseHealth
from conductor_core.domain.operations import OperationState
from conductor_core.domain.wave_findings import Standing
from conductor_core.ports.change_store import RecordedEvent
from conductor_core.ports.run_log import RunLine
from conductor_core.services.status import Health
from tests.pages.support import comparison
from tests.pages.worlds import busy

NOW = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("table", "states"),
    [
        (theme.CHANGE, State),
        (theme.HEALTH, Health),
        (theme.HEALTH, ReleaseHealth),
        (theme.VERDICT, Result),
        (theme.OPERATION, OperationState),
        (theme.STANDING, Standing),
    ],
)
def test_every_state_has_its_own_mark(table: dict[str, theme.Mark], states: type) -> None:
    for state in states:  # type: ignore[attr-defined]  # each is an enumeration
        mark = table[state.value]
        assert mark.word
        assert mark.icon.startswith(":material/")
        assert len(mark.glyph) == 1


def test_words_of_changes_are_different() -> None:
    words = [mark.word for mark in theme.CHANGE.values()]
    assert len(set(words)) == len(words)


def test_an_unheard_of_state_keeps_its_word() -> None:
    assert theme.of(theme.CHANGE, "half_done").word == "half done"


@pytest.mark.parametrize(
    "text", ["<b>x</b>", "[a](http://b)", "![](x)", ":red[x]", "$x$", "`x`", "~~x~~", "# x", "&lt;"]
)
def test_text_of_strangers_is_escaped(text: str) -> None:
    escaped = theme.plain(text)
    assert escaped.replace("\\", "") == text
    assert all(escaped[i - 1] == "\\" for i, c in enumerate(escaped) if c in "<>[]()!:$`~#&")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("team-blue", "team-blue"),
        ("network_cidr", "network_cidr"),
        ("v1.2 (beta)", "v1.2 (beta)"),
        ("_x_", "\\_x\\_"),
        ("__x__", "\\_\\_x\\_\\_"),
        ("1. x", "1\\. x"),
        ("- x", "\\- x"),
        ("[a](b)", "\\[a\\](b)"),
        (":red[x]", "\\:red\\[x\\]"),
        ("*x*", "\\*x\\*"),
    ],
)
def test_a_label_is_spoken_as_it_is_written_and_yet_no_mark(text: str, label: str) -> None:
    assert theme.spoken(text) == label


def test_prose_keeps_commands_as_code_and_nothing_else() -> None:
    assert theme.prose("Run `conductor *status*` [now](x).") == "Run `conductor *status*` \\[now\\]\\(x\\)\\."
    assert theme.prose("one ` alone") == "one \\` alone"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "just now"),
        (30, "30 s ago"),
        (720, "12 min ago"),
        (7300, "2 h ago"),
        (200_000, "2 d ago"),
        (-90, "in 1 min"),
    ],
)
def test_relative_times(seconds: float, words: str) -> None:
    assert ago.words(NOW - timedelta(seconds=seconds), NOW) == words


def test_short_ids_can_be_told_apart_and_are_marked_as_cut() -> None:
    assert copy_id.short("sha256:" + "ab" * 32) == "sha256:abababab…"
    assert copy_id.short("chg-01KB00000000000000000000ZZ") == "chg-01KB…0000ZZ"
    assert copy_id.short("short") == "short"


def test_what_each_state_waits_for() -> None:
    conductor, ids = busy()
    waits = {name: waiting.waits_for(conductor.changes.get(one)) for name, one in ids.items()}
    assert waits["awaiting"] == "1 approval"
    assert waits["void"] == "2 approvals"
    assert waits["succeeded"] == waits["rejected"] == ""
    assert all(waits[name] for name in ("requested", "denied", "executing", "unknown"))


def test_whoever_has_approved_is_not_asked_again() -> None:
    conductor, ids = busy()
    approver = LOCAL_ACTORS["approver"]
    assert waiting.needs(conductor.changes.get(ids["void"]), approver) == "approve or reject"
    conductor.changes.approve(approver, ids["void"])
    assert waiting.needs(conductor.changes.get(ids["void"]), approver) == ""


def test_a_difference_is_lines_of_both_sides() -> None:
    data = differences.of(comparison(9), "d")
    changed = next(r for r in data["resources"] if r["status"] == "changed")
    lines = changed["text"].split("\n")
    assert {line[0] for line in lines} == {" ", "-", "+"}
    assert [line for line in lines if line[0] == "-"] == [
        f"-  image: registry.summit/intelgraph-api:1.8.{changed['title'].rsplit('-', 1)[1]}",
        "-  replicas: 4",
    ]
    assert "     echo <b>not markup</b>" in lines
    statuses = [r["status"] for r in data["resources"]]
    assert statuses == sorted(statuses, key=["changed", "added", "removed", "unchanged"].index)
    assert next(r for r in data["resources"] if r["status"] == "unchanged")["text"] == ""


def test_what_moved_inside_one_object_is_told_as_moved() -> None:
    found = next(r for r in differences.of(comparison(9), "d")["resources"] if r["moves"])
    lines = found["text"].split("\n")
    old, new = ([line[1:] for line in lines if line[0] in f" {op}"] for op in "-+")
    ((left, right, count),) = found["moves"]
    assert old[left - 1].strip() == "- name: log"
    assert old[left - 1 : left - 1 + count] == new[right - 1 : right - 1 + count]
    assert f"{count} lines moved" in found["extra"]
    assert found["notes"][0].startswith("Risk: ")
    assert "Risk" not in found["extra"]
    row = next(f for f in found["fields"] if f["op"] == "↕")
    assert (row["path"], row["old"], row["new"]) == ("/spec/containers/name=log", "place 3 of 3", "place 1 of 3")


def test_blocks_quote_what_could_be_misread() -> None:
    value = {
        "b": "true",
        "a": "1.0",
        "n": 1,
        "e": {},
        "l": [],
        "s": "x: y",
        "m": "a\nb\n",
        "i": [{"name": "x", "v": 1}],
    }
    assert differences.block(value) == [
        'a: "1.0"',
        'b: "true"',
        "e: {}",
        "i:",
        "  - name: x",
        "    v: 1",
        "l: []",
        "m: |",
        "  a",
        "  b",
        "n: 1",
        's: "x: y"',
    ]


def test_events_say_who_what_and_with_what() -> None:
    event = Event(
        "evt-1", "conductor.approval.given.v1", "chg-1", NOW, "local|approver", {"plan": "sha256:" + "ab" * 32}
    )
    (line,) = event_stream.of_events([RecordedEvent(1, event)])
    assert (line["clock"], line["kind"]) == ("20:00:00", "approver")
    assert line["text"] == f"approval given\nplan: sha256:{'ab' * 6}…"
    (brief,) = event_stream.of_events([RecordedEvent(1, event)], {"chg-1": "Deploy x"})
    assert brief["text"] == "approval given: Deploy x"


@pytest.mark.parametrize(
    ("text", "color"),
    [
        ("check:api: succeeded", "green"),
        ("intelgraph-api: passed: 453 requests, 81/s, 0 failed, p95 60 ms", "green"),
        ("406 requests, 0 failed", "gray"),
        ("89 requests, 12 failed", "gray"),
        ("intelgraph-api: failed: 453 requests, 81/s, 20 failed", "red"),
        ("passed  check:pods\nfailed  check:api", "red"),
        ("api: Rollout/api is unhealthy", "gray"),
        ("Helm_upgrade: unknown", "violet"),
        ("no failed pod", "gray"),
        ("it has not succeeded", "gray"),
    ],
)
def test_a_line_has_the_color_of_how_something_ended_and_never_of_a_count(text: str, color: str) -> None:
    (line,) = event_stream.of_run([RunLine(1, NOW, "operation", text)])
    assert line["color"] == color


def test_a_long_list_of_a_fact_is_counted() -> None:
    event = Event("evt-1", "conductor.change.sealed.v1", "chg-1", NOW, "system|worker", {"events": list("abcdefg")})
    (line,) = event_stream.of_events([RecordedEvent(1, event)])
    assert line["text"].endswith("events: a, b, c, d and 3 more")


def test_a_cause_of_several_lines_is_read_line_by_line() -> None:
    told = errors.lines("It failed\n  event of a_b\n\n")
    assert told.split("  \n") == ["It failed", "\u00a0\u00a0event of a\\_b"]


def test_an_address_in_a_check_stays_a_link_and_may_break() -> None:
    told = checks.breakable("http://127.0.0.1:8/svc/a answers 200")
    assert told.endswith("](http://127.0.0.1:8/svc/a) answers 200")
    assert "svc/\u200ba" in told
