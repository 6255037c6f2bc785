"""A workbench of a test's own on the shared control plane: database, operations repository, namespaces, one worker.

Worker and CLI are real processes with nothing in common but their settings, as on a person's machine. The worker can
be killed (`kill -9`, and only it) and started again under the same name.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil

from conductor_core.domain.changes import TERMINAL, Change, State
from conductor_core.localplane import operations_repo
from conductor_core.localplane.layout import Endpoints
from conductor_core.settings import Settings
from conductor_core.wiring import Conductor, prepare_database, stop_database, wire
from tests.real.conftest import run_kubectl

ENDED = TERMINAL | {State.UNKNOWN}
CONDUCTOR = Path(sys.executable).with_name("conductor")
START_PATIENCE = 60.0
"""Seconds that a worker may take to start on a busy machine; three are usual."""

# Helm as it is, but each start is noted before it begins: what was dispatched is known without asking the product.
HELM_NOTED = """#!/bin/sh
case "$1" in upgrade|rollback) printf '%s\\n' "$*" >> "{log}";; esac
exec "{helm}" "$@"
"""

# A chart that every gate lets pass, whose hook makes each act of Helm's take a second or so.
TINY: dict[str, str] = {
    "helm/tiny/Chart.yaml": "apiVersion: v2\nname: tiny\nversion: 0.1.0\nappVersion: 1.0.0\n",
    "helm/tiny/values.yaml": "word: first\n",
    "helm/tiny/values-dev.yaml": "{}\n",
    "helm/tiny/templates/configmap.yaml": """apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ .Release.Name }}", namespace: "{{ .Release.Namespace }}"}
data: {word: {{ .Values.word | quote }}}
""",
    "helm/tiny/templates/hook.yaml": """apiVersion: batch/v1
kind: Job
metadata:
  name: "{{ .Release.Name }}-before"
  namespace: "{{ .Release.Namespace }}"
  annotations:
    helm.sh/hook: pre-install,pre-upgrade,pre-rollback
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  template:
    spec:
      restartPolicy: Never
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, runAsUser: 1000}
      containers:
        - name: before
          image: registry.summit.example/tiny/before:1.0.0
          securityContext:
            {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
          resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {cpu: 10m, memory: 16Mi}}
""",
}


def tiny_channels(releases: Sequence[str], dev: str, staging: str) -> str:
    """A channels file: each release with the channels dev and staging in these namespaces."""
    channels = {
        name: {"branch": name, "namespace": namespace, "values": ["helm/tiny/values-dev.yaml"], "tier": name}
        for name, namespace in (("dev", dev), ("staging", staging))
    }
    return json.dumps({"releases": {name: {"chart": "helm/tiny", "channels": channels} for name in releases}})


@dataclass(frozen=True)
class Answer:
    """What a command of the CLI left behind."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """stdout as one JSON document."""
        return json.loads(self.stdout)

    @property
    def error(self) -> dict[str, str]:
        """The diagnostics under `error`; each of the three texts is there."""
        found: dict[str, str] = self.json["error"]
        assert set(found) == {"what", "why", "next"}, found
        assert all(found.values()), found
        return found


class Workbench:
    """One home with its processes. `files` is the working copy of what the operations repository holds."""

    def __init__(
        self,
        folder: Path,
        plane: Endpoints,
        namespaces: Sequence[str] = (),
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.home, self.files, self.repo = folder / "home", folder / "operations", folder / "operations.git"
        self.helm_log = folder / "helm.log"
        self.plane, self.namespaces, self.worker = plane, tuple(namespaces), None
        self._folder, self._more = folder, dict(settings or {})
        for made in (self.home, self.files):
            made.mkdir(parents=True)

    worker: subprocess.Popen[bytes] | None
    regular: bool = True
    """Whether the worker has the workbench's own settings."""

    @cached_property
    def environment(self) -> dict[str, str]:
        """The environment of worker and CLI: nothing of the person's own settings, and the plane's addresses."""
        noted = self._folder / "helm"
        noted.write_text(HELM_NOTED.format(log=self.helm_log, helm=self.plane.bin / "helm"))
        noted.chmod(0o755)
        own = {k: v for k, v in os.environ.items() if not k.startswith("CONDUCTOR_")}
        return own | {
            "CONDUCTOR_HOME": str(self.home),
            "CONDUCTOR_KUBE_CONTEXT": self.plane.context,
            "CONDUCTOR_KUBECONFIG": str(self.plane.kubeconfig),
            "CONDUCTOR_HELM": str(noted),
            "CONDUCTOR_OPS_REPO": str(self.repo),
            "CONDUCTOR_WORKER_NAME": "under-test",
            **self._more,
        }

    def with_settings(self, **more: str) -> dict[str, str]:
        """The environment with some settings changed, by field name."""
        return self.environment | {f"CONDUCTOR_{name.upper()}": value for name, value in more.items()}

    @cached_property
    def settings(self) -> Settings:
        """The settings as the processes see them."""
        prefix = "CONDUCTOR_"
        named = {k.removeprefix(prefix).lower(): v for k, v in self.environment.items() if k.startswith(prefix)}
        return Settings.model_validate({k: v for k, v in named.items() if k in Settings.model_fields})

    @cached_property
    def conductor(self) -> Conductor:
        """The product's services in this process, on the same database."""
        prepare_database(self.settings)
        return wire(self.settings)

    def close(self) -> None:
        """Let this process's connections go."""
        if "conductor" in self.__dict__:
            self.conductor.changes._workflows.close()  # type: ignore[attr-defined]  # the port has no end of its own
            self.conductor.store._engine.dispose()  # type: ignore[attr-defined]  # as above

    def commit(self, texts: Mapping[str, str]) -> None:
        """Write files and put all branches of the operations repository on them."""
        for path, text in texts.items():
            file = self.files / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        operations_repo.seed(self.repo, self.files)

    def show(self, branch: str, path: str) -> str:
        """A file of the operations repository at the tip of a branch, read by git itself."""
        return self._git("show", f"{branch}:{path}")

    def newest(self, branch: str) -> tuple[str, str, str]:
        """Subject, body and author of the newest commit of a branch."""
        subject, body, author = self._git("log", "-1", "--format=%s%x00%b%x00%an", branch).strip().split("\0")
        return subject, body, author

    def push(self, branch: str, texts: Mapping[str, str], message: str) -> None:
        """Commit files onto one branch, as somebody else does."""
        with tempfile.TemporaryDirectory() as work:
            subprocess.run(["git", "clone", "-q", "-b", branch, str(self.repo), work], check=True, capture_output=True)
            for path, text in texts.items():
                file = Path(work) / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            who = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.test"]
            for act in (["add", "-A"], [*who, "commit", "-q", "-m", message], ["push", "-q", "origin", branch]):
                subprocess.run(["git", "-C", work, *act], check=True, capture_output=True)

    def _git(self, *argv: str) -> str:
        done = subprocess.run(["git", f"--git-dir={self.repo}", *argv], check=True, capture_output=True, text=True)
        return done.stdout

    # --- the worker -------------------------------------------------------------------------------------------------

    @property
    def log(self) -> str:
        """What every worker so far has logged."""
        file = self._folder / "worker.log"
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""

    def start(self, environment: Mapping[str, str] | None = None) -> None:
        """Start the worker and wait until it serves; `environment`: another one than the workbench's own."""
        self.regular = environment is None
        before = self.log.count("is ready")
        with (self._folder / "worker.log").open("ab") as log:
            self.worker = subprocess.Popen(
                [sys.executable, "-m", "conductor_core.entrypoints.worker"],
                env=dict(environment or self.environment),
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        eventually(lambda: self.log.count("is ready") > before, START_PATIENCE, lambda: self.log[-2000:])

    def kill(self) -> None:
        """`kill -9` of the worker's process, and of nothing else."""
        assert self.worker is not None
        code = self.worker.poll()
        assert code is None, f"the worker had ended by itself with {code}:\n{self.log[-3000:]}"
        self.worker.send_signal(signal.SIGKILL)
        self.worker.wait()
        self.worker = None

    def stop(self) -> None:
        """End the worker as an operator does."""
        if self.worker is None:
            return
        self.worker.terminate()
        try:
            self.worker.wait(45)
        finally:
            if self.worker.poll() is None:
                self.worker.kill()
            self.worker = None

    @property
    def most_resident(self) -> int:
        """Bytes that the worker's process had in memory at its largest (Linux: `VmHWM`); kernels of notebooks aside."""
        assert self.worker is not None
        status = Path(f"/proc/{self.worker.pid}/status").read_text(encoding="ascii")
        (kilobytes,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
        return int(kilobytes) * 1024

    def processes(self, *words: str) -> list[psutil.Process]:
        """The living processes of this home whose command line holds one of the words."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                line = " ".join(process.cmdline())
                if any(w in line for w in words) and process.environ().get("CONDUCTOR_HOME") == str(self.home):
                    found.append(process)
        return found

    # --- the doors --------------------------------------------------------------------------------------------------

    def cli(self, *argv: str, timeout: float = 120, environment: Mapping[str, str] | None = None) -> Answer:
        """Run `conductor ...` to its end."""
        ended = subprocess.run(
            [CONDUCTOR, *argv],
            env=dict(environment or self.environment),
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Answer(ended.returncode, ended.stdout, ended.stderr)

    def follow(self, *argv: str) -> subprocess.Popen[str]:
        """Start `conductor ...` and leave it running; whoever calls reads its streams."""
        return subprocess.Popen(
            [CONDUCTOR, *argv],
            env=self.environment,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ended(self, change_id: str, seconds: float = 120) -> Change:
        """The Change once it has ended or is unknown."""
        eventually(lambda: self.change(change_id).state in ENDED, seconds, lambda: self.story(change_id))
        return self.change(change_id)

    def change(self, change_id: str) -> Change:
        """The Change as it is stored now."""
        return self.conductor.changes.get(change_id)

    def story(self, change_id: str) -> str:
        """What is known of a Change: its state, the last lines of its run, and of the workers' log."""
        lines = self.conductor.run_log.read(change_id)
        return "\n".join([str(self.change(change_id)), *(line.text for line in lines[-20:]), self.log[-3000:]])


def eventually(said: Callable[[], object], seconds: float, why: Callable[[], str] = lambda: "") -> None:
    """Wait until `said` is true; `why` tells what was seen instead."""
    deadline = time.monotonic() + seconds
    while not said():
        assert time.monotonic() < deadline, f"not within {seconds:g} s. {why()}"
        time.sleep(0.05)


@contextmanager
def opened(
    plane: Endpoints, namespaces: Sequence[str] = (), settings: Mapping[str, str] | None = None
) -> Iterator[Workbench]:
    """A workbench whose processes, files and namespaces are gone afterwards; `settings` are further variables.

    Its folder isn't one of pytest's: every session of pytest closes those to the user that the database runs as.
    """
    with tempfile.TemporaryDirectory(prefix="conductor-bench-", ignore_cleanup_errors=True) as folder:
        bench = Workbench(Path(folder), plane, namespaces, settings)
        for name in namespaces:
            run_kubectl(plane, "create", "namespace", name)
        try:
            yield bench
        finally:
            bench.stop()
            bench.close()
            stop_database(bench.settings)
            for name in namespaces:
                run_kubectl(plane, "delete", "namespace", name, "--wait=false")


def fresh_names(*endings: str) -> tuple[str, ...]:
    """Names of namespaces that nobody else uses."""
    mark = uuid.uuid4().hex[:8]
    return tuple(f"t-{mark}-{ending}" for ending in endings)
