"""The kernel process: what it is given, which interpreter it is, and that it dies with its parent."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from conductor_core.adapters.papermill_runs import PapermillRuns, kernels
from conductor_core.errors import ToolError
from conductor_core.ports.notebooks import Output
from conductor_core.settings import PROJECT_ROOT
from tests.fakes.notebook_files import write_notebook

pytestmark = pytest.mark.slow  # starts kernels


def said(path: Path, environment: dict[str, str], scratch: Path | None = None) -> str:
    told: list[Output] = []
    assert PapermillRuns(scratch).run(path, {}, environment, told.append, 60).error == ""
    return "".join(o.text for o in told if o.kind == "output")


def test_the_kernel_gets_what_it_is_given_and_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDUCTOR_ARGOCD_TOKEN", "canary-secret")
    monkeypatch.setenv("PYTHONSTARTUP", "canary-secret")
    path = write_notebook(tmp_path / "n.ipynb", "import os, sys\nprint([dict(os.environ), sys.path])")
    seen, search = ast.literal_eval(said(path, {"CONDUCTOR_HOME": "/h"}))
    assert "canary-secret" not in str(seen)
    assert seen["CONDUCTOR_HOME"] == "/h"
    allowed = {"PATH", "HOME", "LANG", "PYTHONPATH", "PYTHONNOUSERSITE", "VIRTUAL_ENV", "IPYTHONDIR"}
    from_ipykernel = {"TERM", "CLICOLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "PAGER", "GIT_PAGER", "MPLBACKEND"}
    own = {"CONDUCTOR_HOME", "JUPYTER_CONFIG_DIR", "JPY_PARENT_PID", "PYDEVD_USE_FRAME_EVAL", "LC_CTYPE"}
    assert set(seen) <= allowed | from_ipykernel | own
    assert str(PROJECT_ROOT) in search
    assert "" not in search
    assert not any(entry.endswith("papermill_runs") for entry in search)


def test_a_kernel_of_the_user_with_the_same_name_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = tmp_path / "data" / "kernels" / "python3"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text('{"argv": ["/bin/false"], "display_name": "x", "language": "python"}')
    startup = tmp_path / "home" / ".ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("planted = True")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "data"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    path = write_notebook(tmp_path / "n.ipynb", "import sys\nprint(sys.executable)\nprint('planted' in globals())")
    assert said(path, {}).split("\n")[:2] == [sys.executable, "False"]


def test_the_folder_of_a_run_is_private_and_gone_afterwards(tmp_path: Path) -> None:
    scratch = tmp_path / "s"
    cell = "import os\nf = os.path.dirname(os.environ['IPYTHONDIR'])\nprint(f, oct(os.stat(f).st_mode)[-3:])"
    folder, mode = said(write_notebook(tmp_path / "n.ipynb", cell), {}, scratch).split()
    assert Path(folder).parent == scratch
    assert mode == "700"
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("depth", [1, 100])
def test_the_folder_of_a_process_that_was_killed_goes_with_the_next_run(
    depth: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the home's path is too long for sockets, so that it lies in the system's temporary folder."""
    temporary, scratch = tmp_path / "t", tmp_path / ("x" * depth)
    place, name = (scratch, "kernel") if depth == 1 else (temporary, "conductor-kernel")
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    killed = subprocess.Popen(("sleep", "0"))
    killed.wait()
    left, lives, other = (place / f"{name}-{who}" for who in (f"{killed.pid}-abc", f"{os.getpid()}-abc", "of-another"))
    for folder in (left, lives, other):
        folder.mkdir(parents=True)
    temporary.mkdir(exist_ok=True)
    said(write_notebook(tmp_path / "n.ipynb", "print(1)"), {}, scratch)
    assert sorted(place.iterdir()) == sorted((lives, other))


def test_a_scratch_path_too_long_for_sockets_is_not_used(tmp_path: Path) -> None:
    scratch = tmp_path / ("x" * 100)
    assert said(write_notebook(tmp_path / "n.ipynb", "print(1)"), {}, scratch) == "1\n"


def test_a_kernel_that_cannot_start_is_a_tool_error_with_its_last_words(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "n.ipynb", "print(1)")
    with pytest.raises(ToolError, match="did not start") as caught:
        PapermillRuns(tmp_path / "s").run(path, {}, {"PYTHONHOME": "/nowhere"}, lambda _: None, 60)
    assert "encodings" in caught.value.why or "filesystem" in caught.value.why
    assert list((tmp_path / "s").iterdir()) == []


PARENT = """
import sys
import tempfile
from pathlib import Path
from conductor_core.adapters.papermill_runs import PapermillRuns
PapermillRuns().run(Path(sys.argv[1]), {}, {}, lambda o: print(o.kind, o.text, flush=True), 600)
"""


@pytest.mark.crash
def test_the_kernel_dies_with_its_parent_even_by_kill_9(tmp_path: Path) -> None:
    cell = "import os, time\nprint('pid', os.getpid(), flush=True)\nwhile True:\n    time.sleep(1)"
    path = write_notebook(tmp_path / "n.ipynb", cell)
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(path)], cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        kernel = next(psutil.Process(int(line.split()[2])) for line in parent.stdout if line.startswith("output pid"))
        assert kernel.is_running()
        parent.kill()
        killed = time.monotonic()
        while kernel.is_running() and kernel.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() - killed < (0.5 if sys.platform == "linux" else 3)
            time.sleep(0.005)


def test_a_kernel_whose_parent_is_already_gone_ends_itself(tmp_path: Path) -> None:
    script = Path(kernels.__file__).with_name("kernel.py")
    ended = subprocess.run(
        [sys.executable, "-P", str(script)], env={"JPY_PARENT_PID": "1"}, capture_output=True, timeout=30, check=False
    )
    assert ended.returncode == 1
