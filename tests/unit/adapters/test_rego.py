"""Embedded Rego: what only this engine has to get right (the contract suite holds the rest)."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time

import psutil
import pytest

from conductor_core.adapters.rego import RegoEngine
from conductor_core.adapters.rego import engine as module
from conductor_core.domain.gates import Result
from conductor_core.domain.policies import PolicyBundle, PolicyDecision

pytestmark = pytest.mark.slow  # starts engines

REST = 'warn := set()\n\nrules := {"door/a"}\n'


def asked(body: str, document: dict[str, object] | None = None, timeout: float = 10.0) -> PolicyDecision:
    files = (("door/door.rego", f"package door\n\n{REST}\n{body}"), ("lib/lib.rego", "package lib\n\nf(x) := x + 1\n"))
    return RegoEngine(lambda: PolicyBundle(files), timeout=timeout).decide("door", document or {"a": {"b": 1}})


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        ("deny := {x |\n", 7, "Expected"),
        ("deny contains x if {\n\tx := nowhere(1)\n}\n", 8, "nowhere"),
        ("deny contains x if {\n\tx := data.lib.g(1)\n}\n", 8, "data.lib.g"),
        ('deny contains "a" if {\n\tinput.a == y\n}\n', 8, "unsafe"),
        ('deny contains "a" if net.cidr_contains("10.0.0.0/8", "10.1.0.0/16")\n', 7, "not known to regopy"),
    ],
)
def test_compile_errors_name_file_and_line(body: str, line: int, words: str) -> None:
    decision = asked(body)
    assert [r.rule for r in decision.denials] == ["engine/compile-error"]
    assert f"door/door.rego:{line}" in decision.denials[0].text
    assert words == "Expected" or words in decision.denials[0].text


@pytest.mark.parametrize(
    "body",
    [
        "deny contains f if {\n\tsome x in input.l\n\tf := data.lib.f(x)\n}\n",
        "deny contains x if {\n\tx := 1\n\tinput.l[0]\n\tevery k, v in input.o {\n\t\tv > 0\n\t\tk != x\n\t}\n}\n",
        "deny contains x if {\n\tsome i, x in input.l\n\tnot i in {1, 2}\n\tx > 3\n}\n",
        "deny contains k if {\n\tsome k, v in input.o\n\twalk(v, [p, w])\n\tcount(p) == w\n}\n",
        "g(x) := y if {\n\ty := x\n\ty > 5\n} else := 0\n\ndeny contains g(9) if g(6) == 5\n",
        "default d := false\n\nd if input.a.b == 2\n\ndeny contains 1 if d\n",
        "t[k] := v if some k, v in input.o\n\ndeny contains t[k] if t[k] == 7\n",
        'deny contains 1 if [1, x] = [input.a.z, "q"]\n',
        'deny contains 1 if {\n\t[_, y] := split(input.s, "-")\n\ty == "never"\n}\n',
    ],
)
def test_good_rego_is_not_taken_for_broken(body: str) -> None:
    document: dict[str, object] = {"a": {"b": 1}, "l": [], "o": {}, "s": "a-b"}
    decision = asked(body, document)
    assert [r.text for r in decision.denials] == []
    assert decision.result is Result.ALLOW


def test_a_slow_rule_denies_at_the_timeout_and_does_not_hold_up_the_next() -> None:
    slow = "deny contains 1 if {\n\tinput.slow\n\tcount([1 | some _ in numbers.range(1, 3000000)]) < 0\n}\n"
    files = (("door/door.rego", f"package door\n\n{REST}\n{slow}"),)
    engine = RegoEngine(lambda: PolicyBundle(files), timeout=1.0)
    started = time.monotonic()
    decision = engine.decide("door", {"slow": True})
    assert [r.rule for r in decision.denials] == ["engine/timeout"]
    assert time.monotonic() - started < 5
    assert engine.decide("door", {}).result is Result.ALLOW


def test_a_machine_with_other_work_denies_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child is stopped for longer than its time: it has not worked, and is waited for."""
    files = (("door/door.rego", f"package door\n\n{REST}\ndeny := set()\n"),)
    engine = RegoEngine(lambda: PolicyBundle(files), timeout=1.0)
    assert engine.decide("door", {}).result is Result.ALLOW
    assert engine._child is not None
    child = psutil.Process(engine._child._process.pid)
    child.suspend()
    threading.Timer(2.5, child.resume).start()
    assert engine.decide("door", {"other": 1}).result is Result.ALLOW
    child.suspend()
    monkeypatch.setattr(module, "CROWDED", 2)
    assert [r.rule for r in engine.decide("door", {"third": 1}).denials] == ["engine/timeout"]


def test_a_family_is_compiled_once_for_each_bundle() -> None:
    files = [("door/door.rego", f"package door\n\n{REST}\ndeny := set()\n")]
    engine = RegoEngine(lambda: PolicyBundle(tuple(files)))
    first = engine.decide("door", {})
    again = min(engine.decide("door", {}).seconds for _ in range(20))
    assert again < first.seconds
    files[0] = (files[0][0], files[0][1].replace("deny := set()", "deny := 5"))
    assert [r.rule for r in engine.decide("door", {}).denials] == ["engine/undefined"]


def test_a_compile_error_prints_nothing() -> None:
    code = """
        from conductor_core.adapters.rego import RegoEngine
        from conductor_core.domain.policies import PolicyBundle
        bundle = PolicyBundle((("door/door.rego", "package door\\n\\nx := { y := }\\n"),))
        assert RegoEngine(lambda: bundle).decide("door", {}).denials[0].rule == "engine/compile-error"
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")


@pytest.mark.parametrize(
    "text", ['"}],"x":[{"', "\\", '\\"', "\\u0041", "\x00", "\x1f", "\n", "%s %d", "😀", "\u2028", ""]
)
def test_texts_come_back_as_they_went_in(text: str) -> None:
    body = (
        'deny contains {"rule": input.s, "msg": sprintf("<%s>", [input.s]), "path": input.o[input.s], "clears_by": k} '
        "if some k, _ in input.o\n"
    )
    decision = asked(body, {"s": text, "o": {text: text}})
    assert [(r.rule, r.text, r.path, r.clears_by) for r in decision.denials] == [(text, f"<{text}>", text, text)]
