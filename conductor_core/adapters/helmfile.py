"""The room of helmfile: the program itself on a copy of its folder, by argument lists, with a named environment only.

Rule: https://helmfile.readthedocs.io/en/latest/cli/. Its template functions that run programs are off
(HELMFILE_DISABLE_INSECURE_FEATURES): a helmfile is somebody's text, and planning must not act.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from conductor_core.domain import names
from conductor_core.domain.releases import operation_label
from conductor_core.errors import InputError, NotFoundError, StateError, StorageError, ToolError
from conductor_core.ports.commands import CommandResult, CommandRunner
from conductor_core.ports.helmfile import HelmfileRelease, HelmfileRendered, HelmfileRequest

SIZE_CAP = 16 * 1024 * 1024
RENDER_SECONDS = 300.0
_SEEN = ("PATH", "LANG", "LC_ALL", "TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
_ENVIRONMENT = re.compile(r"[a-z0-9][a-z0-9_-]*")
_SELECTOR = re.compile(r"[A-Za-z0-9][\w./-]*!?=[\w./-]+(,[A-Za-z0-9][\w./-]*!?=[\w./-]+)*")


class HelmfileProgram:
    """`program` and `helm`: paths or names of the two. `kubeconfig` and `context`: the cluster that a sync acts on."""

    def __init__(
        self, runner: CommandRunner, program: str, helm: str, kubeconfig: Path | None, context: str, work: Path
    ) -> None:
        self._runner, self._program, self._helm = runner, program, helm
        self._kubeconfig, self._context, self._work = kubeconfig, context, work.absolute()

    def version(self) -> str:
        """See `Helmfile.version`."""
        result = self._runner.run([self._program, "version", "--output=short"], env=self._env(Path("/")), timeout=30.0)
        found = re.search(r"\d+\.\d+\.\d+\S*", result.stdout)
        if result.code != 0 or found is None:
            raise ToolError(
                f"{self._program} doesn't say which helmfile it is.",
                why=(result.stderr or result.stdout).strip()[-300:] or f"Exit code {result.code}.",
                next="Install helmfile 1, or run `conductor local build --only helmfile`, or set CONDUCTOR_HELMFILE.",
            )
        return f"helmfile {found[0]}"

    def digest(self, folder: Path) -> str:
        """See `Helmfile.digest`."""
        return _digest(_files(folder))

    def render(self, request: HelmfileRequest) -> HelmfileRendered:
        """See `Helmfile.render`."""
        with self._copy(request) as (root, digest):
            releases = self._releases(request, root)
            out = root / ".rendered"
            told = self._run(
                request, root, "template", "--skip-tests", "--concurrency=1",
                f"--output-dir-template={out}/{{{{ .Release.Namespace }}}}/{{{{ .Release.Name }}}}",
            )  # fmt: skip
            manifests = {r: _texts(out / r.namespace / r.name) for r in releases}
            return HelmfileRendered(manifests, _log(told, root), digest)

    def sync(
        self,
        request: HelmfileRequest,
        operation_id: str,
        *,
        say: Callable[[str], None],
        timeout: float = 900.0,
        inherit_fds: Sequence[int] = (),
    ) -> tuple[HelmfileRelease, ...]:
        """See `Helmfile.sync`."""
        if not self._context or self._context.startswith("-"):
            raise InputError("No cluster is chosen.", why="The context is empty.", next="Set CONDUCTOR_KUBE_CONTEXT.")
        label = operation_label(names.operation_id(operation_id))
        with self._copy(request) as (root, _):
            releases = self._releases(request, root)
            self._run(
                request, root, "sync", f"--args=--labels={label} --history-max=200",
                cluster=True, say=lambda line: say(line.replace(str(root), ".")), timeout=timeout,
                inherit_fds=inherit_fds,
            )  # fmt: skip
            return releases

    def _releases(self, request: HelmfileRequest, root: Path) -> tuple[HelmfileRelease, ...]:
        told = self._run(request, root, "list", "--output=json", "--skip-charts")
        try:
            found = [r for r in json.loads(told.stdout) if r["enabled"] and r["installed"]]
            return tuple(HelmfileRelease(names.release_name(r["name"]), names.namespace(r["namespace"])) for r in found)
        except (ValueError, KeyError, TypeError) as bad:
            raise ToolError(
                "What helmfile lists can't be read.", why=f"{type(bad).__name__}.", next="Use helmfile 1.0 or newer."
            ) from bad

    def _run(
        self,
        request: HelmfileRequest,
        root: Path,
        act: str,
        *more: str,
        cluster: bool = False,
        say: Callable[[str], None] | None = None,
        timeout: float = RENDER_SECONDS,
        inherit_fds: Sequence[int] = (),
    ) -> CommandResult:
        argv = [self._program, f"--file={root / request.file}", f"--environment={request.environment}"]
        argv += [f"--selector={s}" for s in request.selectors]
        argv += [f"--state-values-file={root / '.state.json'}", f"--helm-binary={self._helm}", "--no-color"]
        env = self._env(root)
        if cluster:
            argv += [f"--kube-context={self._context}"]
            env |= {"KUBECONFIG": str(self._kubeconfig)} if self._kubeconfig is not None else {}
        result = self._runner.run(
            [*argv, act, *more], cwd=root, env=env, timeout=timeout, inherit_fds=inherit_fds, on_line=say
        )
        if result.code != 0:
            words = (result.stderr.strip() or result.stdout.strip()).replace(str(root), ".")
            raise ToolError(
                f"helmfile {act} of {request.file} failed with exit code {result.code}.",
                why=words[-3000:] or "It said nothing.",
                next="Mend what it names in the helmfile, a chart or a value, then ask again.",
            )
        return result

    def _env(self, root: Path) -> dict[str, str]:
        own = os.environ
        env = {n: own[n] for name in _SEEN for n in (name, name.lower()) if n in own}
        env |= {"HELMFILE_DISABLE_INSECURE_FEATURES": "true", "HELMFILE_UPGRADE_NOTICE_DISABLED": "true"}
        return env | {"HOME": str(root), "HELM_DRIVER": "secret"}

    @contextmanager
    def _copy(self, request: HelmfileRequest) -> Iterator[tuple[Path, str]]:
        """A copy of the folder that nobody else knows, with the state values in it, and the digest of its bytes."""
        _checked(request)
        files = _files(request.folder)
        digest = _digest(files)
        if request.digest and digest != request.digest:
            raise StateError(
                f"What {request.file} is made of has changed since it was approved.",
                why=f"It is {digest}; approved is {request.digest}.",
                next="Plan again.",
            )
        try:
            self._work.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryDirectory(prefix="helmfile-", dir=self._work) as made:
                root = Path(made).resolve()
                for name, data in files.items():
                    path = root / name
                    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                    path.write_bytes(data)
                (root / ".state.json").write_text(json.dumps(_nested(request.values)), encoding="utf-8")
                yield root, digest
                shutil.rmtree(root / ".rendered", ignore_errors=True)
        except OSError as bad:
            raise StorageError(
                "helmfile's folder can't be written.", why=f"{bad.strerror or bad}.", next="Free some space."
            ) from bad


def _checked(request: HelmfileRequest) -> None:
    names.inner_path(request.file)
    if not (request.folder / request.file).is_file():
        raise NotFoundError(f"There is no helmfile {request.file}.", next="Correct its path in blueprint.yaml.")
    if not _ENVIRONMENT.fullmatch(request.environment):
        raise InputError(
            f"{request.environment[:60]!r} can't be an environment of a helmfile.", next="Name one of its."
        )
    for selector in request.selectors:
        if not _SELECTOR.fullmatch(selector):
            raise InputError(f"{selector[:60]!r} chooses no release.", next="Write it as label=value.")


def _files(folder: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    size = 0
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            raise InputError(f"{name} is a symbolic link.", why="What it leads to is not approved.", next="Copy it.")
        if path.is_file():
            found[name] = path.read_bytes()
            size += len(found[name])
            if size > SIZE_CAP:
                raise InputError("The helmfile's folder is too large.", why="It has more than 16 MB.", next="Split it.")
    return found


def _digest(files: Mapping[str, bytes]) -> str:
    told = hashlib.sha256()
    for name, data in sorted(files.items()):
        told.update(f"{name}\0".encode() + hashlib.sha256(data).digest())
    return f"sha256:{told.hexdigest()}"


def _nested(values: Mapping[str, object]) -> dict[str, object]:
    """Values by dotted name as maps in maps, as a values file has them."""
    out: dict[str, object] = {}
    for name, value in values.items():
        *steps, last = name.split(".")
        at = out
        for step in steps:
            inner = at.setdefault(step, {})
            if not isinstance(inner, dict):
                raise InputError(f"The state value {name} lies inside one that is no map.", next="Rename one of them.")
            at = inner
        at[last] = value
    return out


def _texts(folder: Path) -> str:
    files = sorted(p for p in folder.rglob("*") if p.is_file()) if folder.is_dir() else []
    return "".join(f"---\n{p.read_text('utf-8', 'replace').removeprefix('---').lstrip()}" for p in files)


def _log(told: CommandResult, root: Path) -> str:
    """What it said, the same for the same input: helm writes its files in no order, so these lines are left out."""
    lines = (told.stderr + told.stdout).replace(str(root), ".").splitlines()
    return "".join(f"{line}\n" for line in lines if line.strip() and not line.startswith("wrote "))
