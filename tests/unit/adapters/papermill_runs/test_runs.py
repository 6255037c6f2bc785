"""Runs on a real kernel: what is told while a cell runs, and how runs end."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import psutil
import pytest

from conductor_core.adapters.papermill_runs import PapermillRuns, runs
from conductor_core.ports.notebooks import NotebookRun, Output
from tests.fakes.notebook_files import write_notebook

pytestmark = pytest.mark.slow  # starts kernels


def run(path: Path, environment: dict[str, str] | None = None, timeout: int = 60) -> tuple[NotebookRun, list[Output]]:
    told: list[Output] = []
    return PapermillRuns().run(path, {}, environment or {}, told.append, timeout), told


def said(told: list[Output]) -> str:
    return "".join(o.text for o in told if o.kind == "output")


def test_output_is_told_while_the_cell_runs(tmp_path: Path) -> None:
    cell = "import time\nprint('before', time.time(), flush=True)\ntime.sleep(1.5)\nprint('after', time.time())"
    path = write_notebook(tmp_path / "n.ipynb", cell)
    heard: dict[str, float] = {}
    spoken: dict[str, float] = {}

    def listen(output: Output) -> None:
        if output.kind == "output":
            word, at = output.text.split()
            heard[word], spoken[word] = time.time(), float(at)

    assert PapermillRuns().run(path, {}, {}, listen, 60).error == ""
    assert heard["before"] - spoken["before"] < 1
    assert heard["before"] < spoken["after"]


def test_all_voices_of_a_cell_are_told_as_plain_text(tmp_path: Path) -> None:
    cell = (
        "import os, sys\nprint('\\x1b[31mout\\x1b[0m', flush=True)\nprint('err', file=sys.stderr, flush=True)\n"
        "os.system('echo child')\ndisplay({'a': 1})\n'result'"
    )
    result, told = run(write_notebook(tmp_path / "n.ipynb", cell, title="All voices"))
    assert result.error == ""
    assert told[0] == Output("cell", "All voices", 0, 1)
    assert sorted(said(told).split("\n")) == ["", "'result'", "child", "err", "out", "{'a': 1}"]


def test_a_failed_cell_tells_its_traceback_and_later_cells_do_not_run(tmp_path: Path) -> None:
    result, told = run(write_notebook(tmp_path / "n.ipynb", "1 / 0", "print('later')"))
    assert result.error == "ZeroDivisionError: division by zero"
    assert "ZeroDivisionError" in said(told)
    assert "\x1b" not in said(told)
    assert "later" not in said(told)
    assert b"papermill-error-cell" not in result.notebook


def test_leaving_early_without_an_error_is_no_failure(tmp_path: Path) -> None:
    result, told = run(write_notebook(tmp_path / "n.ipynb", "print('one')\nraise SystemExit(0)", "print('two')"))
    assert result.error == ""
    assert "two" not in said(told)


def test_a_run_out_of_time_is_interrupted_and_recorded(tmp_path: Path) -> None:
    cell = "import time\nprint('started', flush=True)\ntime.sleep(60)"
    started = time.monotonic()
    result, told = run(write_notebook(tmp_path / "n.ipynb", cell, "print('later')"), timeout=4)
    assert time.monotonic() - started < 10
    assert result.error == "The run took more than 4 seconds and was stopped."
    assert "started" in said(told)
    assert "later" not in said(told)
    assert b"KeyboardInterrupt" in result.notebook


def test_a_cell_that_ignores_the_interrupt_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "INTERRUPT_PATIENCE", 0.5)
    cell = "import os, signal, time\nsignal.signal(2, signal.SIG_IGN)\nprint(os.getpid(), flush=True)\ntime.sleep(60)"
    result, told = run(write_notebook(tmp_path / "n.ipynb", cell), timeout=4)
    assert result.error == "The run took more than 4 seconds and was stopped."
    assert not psutil.pid_exists(int(said(told).split()[0]))
    assert json.loads(result.notebook)["cells"][0]["outputs"]


def test_a_kernel_that_dies_is_a_result(tmp_path: Path) -> None:
    cells = ["print('alive', flush=True)", "import os\nos.kill(os.getpid(), 9)", "print('later')"]
    result, told = run(write_notebook(tmp_path / "n.ipynb", *cells))
    assert result.error == "The kernel died or fell silent while cell 2 ran."
    assert "later" not in said(told)
    assert b"alive" in result.notebook


def test_what_a_cell_leaves_behind_is_killed_with_the_kernel(tmp_path: Path) -> None:
    cell = "import subprocess, sys\nprint(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)']).pid)"
    _, told = run(write_notebook(tmp_path / "n.ipynb", cell))
    left = int(said(told).strip())
    deadline = time.monotonic() + 5
    while psutil.pid_exists(left) and psutil.Process(left).status() != "zombie" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(left) or psutil.Process(left).status() == "zombie"


def test_a_listener_that_fails_does_not_stop_the_run(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_notebook(tmp_path / "n.ipynb", "print('kept')", "print('too')")

    def broken(_: Output) -> None:
        raise RuntimeError("the database is away")

    result = PapermillRuns().run(path, {}, {}, broken, 60)
    assert result.error == ""
    assert b"too" in result.notebook
    assert [r.levelname for r in caplog.records if "can't be passed on" in r.getMessage()] == ["ERROR"]


def test_output_without_end_is_cut_and_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "OUTPUT_CAP", 2**20)
    path = write_notebook(
        tmp_path / "n.ipynb", "for _ in range(50):\n    print('x' * 100_000, flush=True)", "print('end')"
    )
    result, told = run(path)
    assert result.error == ""
    assert len(result.notebook) < 2**21
    assert len(said(told)) < 2**21
    assert result.notebook.count(b"the rest of its output is not kept") == 1


def test_text_that_is_no_unicode_does_not_break_the_notebook(tmp_path: Path) -> None:
    result, _ = run(
        write_notebook(tmp_path / "n.ipynb", "display({'text/plain': 'a\\ud800'}, raw=True)\nprint('\\ud800')")
    )
    json.loads(result.notebook)


def test_two_runs_side_by_side_in_other_threads(tmp_path: Path) -> None:
    runner = PapermillRuns(tmp_path / "scratch")
    path = write_notebook(tmp_path / "n.ipynb", "import time\ntime.sleep(1)\nprint(word)", parameters='word: str = ""')
    ends: dict[str, tuple[NotebookRun, str]] = {}

    def work(word: str) -> None:
        told: list[Output] = []
        ends[word] = (runner.run(path, {"word": word}, {}, told.append, 60), said(told))

    threads = [threading.Thread(target=work, args=(word,)) for word in ("left", "right")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {word: (end.error, text) for word, (end, text) in ends.items()} == {
        "left": ("", "left\n"),
        "right": ("", "right\n"),
    }
    assert list((tmp_path / "scratch").iterdir()) == []


def test_the_notebook_says_nothing_of_this_machine(tmp_path: Path) -> None:
    result, _ = run(write_notebook(tmp_path / "n.ipynb", "print(1)"))
    assert str(tmp_path).encode() not in result.notebook
    assert json.loads(result.notebook)["metadata"]["papermill"]["input_path"] == "n.ipynb"
