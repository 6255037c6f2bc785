"""The port `Tofu` by the program: argument lists only, folders of its own, and an environment of named variables."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conductor_core.adapters.tofu import console
from conductor_core.adapters.tofu.folders import Folders, as_json
from conductor_core.adapters.tofu.meanings import failure, problems
from conductor_core.adapters.tofu.ready import ReadyConsole
from conductor_core.adapters.tofu.saved import sealed
from conductor_core.adapters.tofu.states import read_state
from conductor_core.domain.tofu_events import Problem, event
from conductor_core.errors import ConfigurationError, ToolError
from conductor_core.ports.commands import CommandResult, CommandRunner
from conductor_core.ports.tofu import Checked, Planned, State, Workspace

LOCK = ".terraform.lock.hcl"
SAVED = "conductor.tfplan"
PLAN_SECONDS = 600.0
CONSOLE_SECONDS = 60.0
READY_SECONDS = 120.0
"""How long a console that was started ahead waits for values."""
_SEEN = ("PATH", "LANG", "LC_ALL", "TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
_PAIR = re.compile(r"([A-Za-z_]\w*)(?::([A-Za-z_]\w*))?")
_HEAD = re.compile(r'^[ \t]*variable[ \t]+"?([\w-]+)"?', re.MULTILINE)
_NAMED = re.compile(r'variable "([\w-]+)"|var\.([\w-]+) declared')
_CHECKED = re.compile(r"\s*This was checked by the validation rule at \S+$")
_BRIEF = {"GOGC": "off"}
"""Of a run that lasts a tenth of a second: its garbage is left to its end."""
_OPEN = ("Invalid function argument", "Reference to undeclared", "Unsupported attribute")
"""Failures of a condition that needs more than the variables: the whole plan will judge it."""


@dataclass(frozen=True)
class Credentials:
    """What tofu may see of the worker: a kubeconfig with its context, and variables (`NAME` or `FROM:NAME`, commas)."""

    kubeconfig: Path | None = None
    context: str = ""
    variables: str = ""

    def environment(self, own: Mapping[str, str]) -> dict[str, str]:
        """These as environment variables, out of the worker's `own`; raises `ConfigurationError` for a bad name."""
        out: dict[str, str] = {}
        for word in filter(None, re.split(r"[,\s]+", self.variables)):
            found = _PAIR.fullmatch(word)
            if found is None:
                raise ConfigurationError(
                    f"{word!r} names no variable.",
                    why="CONDUCTOR_TOFU_PLAN_ENV and CONDUCTOR_TOFU_APPLY_ENV are names, or FROM:NAME, with commas.",
                    next="Correct it.",
                )
            if found[1] in own:
                out[found[2] or found[1]] = own[found[1]]
        if self.kubeconfig is not None:
            out |= dict.fromkeys(("KUBECONFIG", "KUBE_CONFIG_PATH", "KUBE_CONFIG"), str(self.kubeconfig))
        if self.context:
            out |= {"KUBE_CTX": self.context}
        return out


def _for_a_form(found: Problem, heads: list[tuple[int, str]]) -> Problem:
    return Problem(found.summary, _CHECKED.sub("", found.detail), _variable(found, heads))


def _in_order(found: list[Problem], names: list[str]) -> tuple[Problem, ...]:
    """As the variables stand in the module: tofu looks at several at once, and tells in no order of its own."""
    at = {f"var.{name}": n for n, name in enumerate(names)}
    return tuple(sorted(found, key=lambda p: (at.get(p.place, -1), p.detail)))


def _variable(found: Problem, heads: list[tuple[int, str]]) -> str:
    """`var.NAME` of the variable that a problem in variables.tf is about; the place as it is, when there is none."""
    line = found.place.rpartition(":")[2]
    above = [name for at, name in heads if line.isdigit() and at <= int(line)]
    named = _NAMED.search(found.detail)
    if named is not None:
        return f"var.{named[1] or named[2]}"
    return f"var.{above[-1]}" if above else found.place


class TofuProgram:
    """`program`: path or name of tofu or terraform. `config`: its CLI configuration file. `lock_seconds`: how long a
    plan waits for somebody else's lock.
    """

    def __init__(
        self,
        runner: CommandRunner,
        program: str,
        home: Path,
        *,
        config: Path | None = None,
        backend: str = "",
        planning: Credentials = Credentials(),
        applying: Credentials = Credentials(),
        lock_seconds: int = 60,
    ) -> None:
        self._runner, self._program, self._config = runner, program, config
        self._folders = Folders(home, backend)
        self._planning, self._applying, self._lock_seconds = planning, applying, lock_seconds
        self._home, self._version = home, ""
        self._ready = ReadyConsole(self._folders, self._console)

    def version(self) -> str:
        """See `Tofu.version`."""
        if not self._version:
            result = self._runner.run([self._program, "version", "-json"], env=self._env(Credentials(), self._home))
            found = re.search(r'"terraform_version": "([^"]+)"', result.stdout)
            if result.code != 0 or found is None:
                raise ToolError(
                    f"{self._program} doesn't say which version it is.",
                    why=(result.stderr or result.stdout).strip()[-300:] or f"Exit code {result.code}.",
                    next="Install OpenTofu 1.8 or newer, or set CONDUCTOR_TOFU to it.",
                )
            plain = self._runner.run([self._program, "version"], env=self._env(Credentials(), self._home)).stdout
            self._version = f"{plain.split()[0] if plain else 'OpenTofu'} {found[1]}"
        return self._version

    def check(self, declarations: str, values: Mapping[str, Any]) -> Checked:
        """See `Tofu.check`."""
        heads = [(declarations.count("\n", 0, m.start()) + 1, m[1]) for m in _HEAD.finditer(declarations)]
        told = self._ready.ask(declarations, as_json(values))
        if told is None:
            with self._folders.bare(declarations, values) as root:
                told = self._console(root, declarations)
        completed = console.answer(told)
        return Checked(completed) if completed is not None else self._planned(declarations, values, heads)

    def _console(self, root: Path, declarations: str, *pipe: int) -> CommandResult:
        """What it says to the values in a folder; `pipe` is where they come from, when it has to wait for them."""
        asked, env = console.question([m[1] for m in _HEAD.finditer(declarations)]), self._env(self._planning, root)
        seconds = READY_SECONDS if pipe else CONSOLE_SECONDS
        return self._runner.run(
            [self._program, "console"], cwd=root, env=env | _BRIEF, stdin=asked, timeout=seconds, inherit_fds=pipe
        )

    def _planned(self, declarations: str, values: Mapping[str, Any], heads: list[tuple[int, str]]) -> Checked:
        """What a plan of nothing but the variables says to them."""
        names = [name for _, name in heads]
        shown = "".join(f'output "o_{n}" {{\n  value = var.{n}\n  sensitive = true\n}}\n' for n in names)
        with self._folders.bare(declarations + "\n" + shown, values) as root:
            result = self._run(
                root, self._planning, "plan", "-refresh=false", "-lock=false", f"-out={SAVED}", "-json", brief=True
            )
            told = problems(result.stdout.splitlines())
            if result.code != 0:
                kept = tuple(p for p in told if p.summary not in _OPEN and "Reference" not in p.summary)
                if not told:
                    raise failure("the variables", "plan", result)
                return Checked({}, _in_order([_for_a_form(p, heads) for p in kept], names))
            document = self._show(root, "the variables")
        planned = document.get("output_changes", {})
        return Checked({n: planned[f"o_{n}"]["after"] for n in names if f"o_{n}" in planned})

    def plan(
        self,
        work: Workspace,
        values: Mapping[str, Any],
        *,
        destroy: bool = False,
        replace: Sequence[str] = (),
        secrets: Sequence[str] = (),
    ) -> Planned:
        """See `Tofu.plan`."""
        with self._folders.fresh(work, values) as root:
            self._init(root, work, self._planning, secrets)
            state = self._state(root, work, self._planning)
            argv = ["plan", "-json", f"-lock-timeout={self._lock_seconds}s", f"-out={SAVED}"]
            argv += [*(["-destroy"] if destroy else []), *(f"-replace={address}" for address in replace)]
            result = self._run(root, self._planning, *argv, secrets=secrets)
            if result.code != 0:
                raise failure(work.environment, "plan", result)
            document = self._show(root, work.environment)
            saved, lock = (root / SAVED).read_bytes(), root / LOCK
            return Planned(document, saved, lock.read_bytes() if lock.is_file() else b"", state.mark)

    def apply(
        self,
        work: Workspace,
        saved: bytes,
        digest: str,
        run: str,
        *,
        tell: Callable[[Mapping[str, Any]], None],
        inherit_fds: Sequence[int] = (),
        timeout: float = 3600.0,
        secrets: Sequence[str] = (),
    ) -> None:
        """See `Tofu.apply`."""

        def line(text: str) -> None:
            found = event(text)
            if found is not None:
                tell(found)

        log = self._folders.log(work.environment, run)
        with self._folders.fresh(work, None) as root, sealed(saved, digest) as plan:
            self._init(root, work, self._applying, secrets)
            argv = [self._program, "apply", "-input=false", "-no-color", "-json", f"/proc/self/fd/{plan}"]
            result = self._runner.run(
                argv, cwd=root, env=self._env(self._applying, root), timeout=timeout, redact=secrets,
                inherit_fds=(*inherit_fds, plan), on_line=line, keep=log,
            )  # fmt: skip
        if result.code != 0:
            raise failure(work.environment, "apply", result)

    def told(self, environment: str, run: str) -> tuple[str, ...]:
        """See `Tofu.told`."""
        log = self._folders.log(environment, run)
        return tuple(log.read_text("utf-8", "replace").splitlines()) if log.is_file() else ()

    def state(self, work: Workspace) -> State:
        """See `Tofu.state`."""
        with self._folders.fresh(work, None) as root:
            self._init(root, work, self._planning, ())
            return self._state(root, work, self._planning)

    def _state(self, root: Path, work: Workspace, who: Credentials) -> State:
        result = self._run(root, who, "state", "pull", json_lines=False)
        if result.code != 0:
            raise failure(work.environment, "state pull", result)
        return read_state(result.raw)

    def _init(self, root: Path, work: Workspace, who: Credentials, secrets: Sequence[str]) -> None:
        readonly = ["-lockfile=readonly"] if (root / LOCK).is_file() else []
        result = self._run(root, who, "init", "-json", *readonly, secrets=secrets)
        if result.code != 0:
            raise failure(work.environment, "init", result)

    def _show(self, root: Path, name: str) -> dict[str, Any]:
        result = self._run(root, self._planning, "show", "-json", SAVED, json_lines=False)
        if result.code != 0:
            raise failure(name, "show", result)
        found: dict[str, Any] = json.loads(result.raw)
        return found

    def _run(
        self,
        root: Path,
        who: Credentials,
        *arguments: str,
        secrets: Sequence[str] = (),
        json_lines: bool = True,
        brief: bool = False,
    ) -> CommandResult:
        asked = ["-input=false", "-no-color"] if json_lines else []
        return self._runner.run(
            [self._program, arguments[0], *asked, *arguments[1:]] if json_lines else [self._program, *arguments],
            cwd=root,
            env=self._env(who, root) | (_BRIEF if brief else {}),
            timeout=PLAN_SECONDS,
            redact=secrets if json_lines else (),
        )

    def _env(self, who: Credentials, root: Path) -> dict[str, str]:
        """The whole environment: of the worker's own what is named, and a home of its own that holds no credentials,
        where providers leave what they cache; a `HOME` that is named is the worker's.
        """
        own = os.environ
        env = {name: own[name] for name in _SEEN if name in own} | {
            n.lower(): own[n.lower()] for n in _SEEN if n.lower() in own
        }
        env |= {"HOME": str(root), "TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
        if self._config is not None:
            env["TF_CLI_CONFIG_FILE"] = str(self._config)
        return env | who.environment(own)
