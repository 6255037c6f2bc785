"""k6's summaries in both forms, and a program that stands in for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conductor_core.adapters.k6 import K6Program, read
from conductor_core.adapters.system import SystemCommands
from conductor_core.errors import ToolError

EXPORT = {
    "metrics": {
        "http_reqs": {"count": 200, "rate": 20.0},
        "http_req_duration": {
            "med": 12.3,
            "p(95)": 80.2,
            "p(99)": 120.0,
            "max": 300.9,
            "thresholds": {"p(95)<50": True},
        },
        "http_req_failed": {"passes": 3, "fails": 197, "value": 0.015, "thresholds": {"rate<0.1": False}},
        "checks": {"passes": 197, "fails": 3},
    }
}
HANDLED = {
    "metrics": {
        "http_reqs": {"values": {"count": 10}},
        "http_req_duration": {"values": {"med": 1, "p(95)": 2, "max": 3}, "thresholds": {"p(95)<50": {"ok": True}}},
        "http_req_failed": {"values": {"rate": 0.2}, "thresholds": {"rate<0.1": {"ok": False}}},
    }
}
STAND_IN = """#!/bin/sh
case "$1" in version) echo "k6 v1.2.3 (go1.25)"; exit 0;; esac
for word in "$@"; do case "$word" in --summary-export=*) out="${word#*=}";; BASE_URL=*) echo "at $word";;
  --summary-trend-stats=*"p(99)"*) echo "tells p99";; esac; done
[ -n "$SUMMARY" ] && printf '%s' "$SUMMARY" > "$out"
exit "${CODE:-0}"
"""


def test_an_exported_summary_is_read() -> None:
    (http,), problems = read(EXPORT)
    assert (http.requests, http.failures, http.p50, http.p95, http.slowest) == (200, 3, 12, 80, 301)
    assert problems == ("http_req_duration: p(95)<50",)


def test_a_summary_of_handle_summary_is_read() -> None:
    (http,), problems = read(HANDLED)
    assert (http.requests, http.failures, http.p95) == (10, 2, 2)
    assert problems == ("http_req_failed: rate<0.1",)


@pytest.mark.parametrize("wrong", [[], {"metrics": 3}, None, {}])
def test_another_document_is_refused(wrong: object) -> None:
    with pytest.raises(ToolError):
        read(wrong)


def program(tmp_path: Path) -> K6Program:
    file = tmp_path / "k6"
    file.write_text(STAND_IN)
    file.chmod(0o755)
    return K6Program(SystemCommands(), str(file))


def test_a_run_is_heard_and_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    k6, heard = program(tmp_path), list[str]()
    assert k6.version() == "1.2.3"
    monkeypatch.setenv("SUMMARY", json.dumps(EXPORT))
    monkeypatch.setenv("CODE", "99")
    (http,), problems = k6.run("/x.js", "http://api.test", heard.append, 20.0)
    assert http.requests == 200
    assert problems == ("http_req_duration: p(95)<50",)
    assert heard == ["tells p99", "at BASE_URL=http://api.test"]


def test_a_run_without_a_summary_is_an_error_and_another_code_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODE", "107")
    with pytest.raises(ToolError, match="without a summary"):
        program(tmp_path).run("/x.js", "http://api.test", lambda _: None, 20.0)
    monkeypatch.setenv("SUMMARY", json.dumps(HANDLED))
    assert "exit code 107" in program(tmp_path).run("/x.js", "a", lambda _: None, 20.0)[1][-1]
