"""Builds the programs of the local control plane from their Go modules, resumably and once for all homes.

Each program appears by rename of a finished file, under one lock per cache folder; Go's own caches lie below the same
folder, so nothing else is written. Rule: `infra/local/README.md`.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from conductor_core.errors import ConductorError, StorageError, ToolError, UnreachableError
from conductor_core.localplane import progress as progress_files
from conductor_core.localplane.programs import (
    SHIPPED,
    Catalogue,
    Program,
    Programs,
    go_program,
    layout,
    missing,
    select,
    store,
)
from conductor_core.localplane.progress import BuildProgress, Clock
from conductor_core.settings import Settings

Report = Callable[[BuildProgress], None]


def build(
    settings: Settings, report: Report = lambda _: None, only: list[str] | None = None, shelf: Catalogue = SHIPPED
) -> Programs:
    """Build what is missing of `only` (default: all but those on request) and return the set's folders.

    A second build waits for the first, telling that one's progress. Raises `InputError` (unknown name),
    `ConfigurationError` (no toolchain), `UnreachableError` (modules can't be fetched), `ToolError` (does not compile),
    `StorageError` (disk).
    """
    wanted, built = select(only, shelf), layout(settings, shelf)
    if not missing(settings, only, shelf) and (only is not None or built.assets.is_dir()):
        return built
    try:
        built.bin.mkdir(parents=True, exist_ok=True)
        with _locked(settings, report):
            _build_all(settings, wanted, built, report, shelf, assets=only is None)
    except OSError as bad:
        raise StorageError(
            "The programs' folder can't be written.",
            why=str(bad),
            next=f"Make room in {settings.cache}, then try again.",
        ) from bad
    return built


def _build_all(
    settings: Settings, wanted: list[Program], built: Programs, report: Report, shelf: Catalogue, *, assets: bool
) -> None:
    begun = time.monotonic()
    todo = []
    for program in wanted:
        kept = store(settings, program, shelf)
        if kept.is_file():
            _link(kept, built.bin / program.name)
        else:
            todo.append(program)
    clock = Clock({p.name: p.seconds for p in wanted}, time.monotonic())
    total_weight = sum(p.seconds for p in wanted)

    def tell(state: progress_files.State = "building", why: str = "") -> None:
        now = time.monotonic()
        left = sum(p.seconds for p in todo)
        told = BuildProgress(
            state,
            len(wanted) - len(todo),
            len(wanted),
            todo[0].name if todo else "",
            clock.left([p.name for p in todo], now) if state == "building" else 0,
            now - begun,
            round(1 - left / total_weight, 4) if total_weight else 1.0,
            why,
        )
        progress_files.write(settings, told)
        report(told)

    try:
        while todo:
            program = todo[0]
            tell()
            kept = store(settings, program, shelf)
            with _beat(tell):
                _build_one(settings, program, kept, shelf.infra)
            _link(kept, built.bin / program.name)
            clock.finish(program.name, time.monotonic())
            todo.pop(0)
        if assets and not built.assets.is_dir():
            _copy_assets(settings, built, shelf)
    except ConductorError as bad:
        tell("failed", f"{bad.what} {bad.why}")
        raise
    tell("done")


@contextmanager
def _beat(tell: Callable[[], None]) -> Iterator[None]:
    """Tell the progress twice a second while a compiler runs."""
    over = threading.Event()

    def loop() -> None:
        while not over.wait(0.5):
            tell()

    thread = threading.Thread(target=loop, name="build-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def environment(settings: Settings) -> dict[str, str]:
    """The environment of the toolchain: its caches, telemetry and temporary files below the cache folder."""
    root = settings.cache / "go"
    user_config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "go" / "env"
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith("GO") or k.startswith(("GOPROXY", "GONO", "GOSUM"))},
        "GOENV": os.environ.get("GOENV") or (str(user_config) if user_config.is_file() else "off"),
        "GOCACHE": str(root / "build"),
        "GOMODCACHE": str(root / "mod"),
        "GOPATH": str(root / "path"),
        "GOTMPDIR": str(root / "tmp"),
        "XDG_CONFIG_HOME": str(root / "config"),
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-mod=readonly -modcacherw",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
    }


def _build_one(settings: Settings, program: Program, kept: Path, infra: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    temporary = kept.with_name(f".{program.name}.{os.getpid()}.tmp")
    argv = [str(go_program()), "build", "-trimpath", "-buildvcs=false", "-ldflags", f"-s -w {program.ldflags}".strip()]
    if program.tags:
        argv += ["-tags", program.tags]
    if program.edits:
        argv += ["-modfile", str(_edited(settings, program, infra))]
    try:
        _go(settings, [*argv, "-o", str(temporary), "--", program.package], infra / "go" / program.folder)
        temporary.replace(kept)
    finally:
        temporary.unlink(missing_ok=True)
        shutil.rmtree(settings.cache / "go" / "edited" / program.name, ignore_errors=True)


def _go(settings: Settings, argv: list[str], cwd: Path) -> str:
    """Run one toolchain command to its end and return its output; the whole process group dies with an interrupt."""
    env = environment(settings)
    Path(env["GOTMPDIR"]).mkdir(parents=True, exist_ok=True)
    with subprocess.Popen(
        argv, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        try:
            psutil.Process(running.pid).nice(5)  # the workbench stays usable while this builds
            out, err = running.communicate()
        except BaseException:
            os.killpg(running.pid, 15)
            raise
    if running.returncode:
        raise _failure(" ".join(argv[-1:]), err)
    return out


def _failure(package: str, err: str) -> ConductorError:
    tail = "\n".join(err.strip().splitlines()[-12:])
    if "no space left on device" in err:
        return StorageError(
            "The disk is full while building.", why=tail, next="Make room, then run `conductor local build`."
        )
    if any(sign in err for sign in ("dial tcp", "connection re", "i/o timeout", "TLS handshake", "proxyconnect")):
        return UnreachableError(
            f"The modules of {package} can't be fetched.",
            why=tail,
            next="Check the network or GOPROXY, then try again.",
        )
    return ToolError(
        f"{package} can't be built.", why=tail, next="Run `conductor local build` again; report it if it stays."
    )


def _module_dir(settings: Settings, module: str, cwd: Path) -> Path:
    out = _go(settings, [str(go_program()), "mod", "download", "-json", "--", module], cwd)
    return Path(json.loads(out)["Dir"])


def _edited(settings: Settings, program: Program, infra: Path) -> Path:
    """A `go.mod` that puts an edited copy of a module in its place; raises `ToolError` when an edit has no place.

    The compiler refuses to overlay files of its module cache, so the whole module is copied (Go's own `replace`).
    """
    home = infra / "go" / program.folder
    folder = settings.cache / "go" / "edited" / program.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    described = (home / "go.mod").read_text(encoding="utf-8")
    for number, module in enumerate(dict.fromkeys(e.module for e in program.edits)):
        copy = folder / str(number)
        shutil.copytree(_module_dir(settings, module, home), copy, copy_function=shutil.copyfile)
        described += f"\nreplace {module} => {copy}\n"
        for edit in (e for e in program.edits if e.module == module):
            source = copy / edit.file
            text = source.read_text(encoding="utf-8")
            if text.count(edit.old) != 1:
                raise ToolError(
                    f"The source of {program.name} has changed: an address can't be set to loopback.",
                    why=f"{edit.old} occurs {text.count(edit.old)} times in {edit.file}.",
                    next="Correct the edit in conductor_core/localplane/programs.py.",
                )
            source.write_text(text.replace(edit.old, edit.new), encoding="utf-8")
    (folder / "go.mod").write_text(described, encoding="utf-8")
    shutil.copyfile(home / "go.sum", folder / "go.sum")
    return folder / "go.mod"


def _copy_assets(settings: Settings, built: Programs, shelf: Catalogue) -> None:
    """CRDs and base configuration come out of the modules' own folders; they are never committed here."""
    temporary = built.assets.with_name(f".assets.{os.getpid()}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    for target, (pinned, module, folder) in shelf.assets.items():
        source = _module_dir(settings, module, shelf.infra / "go" / pinned) / folder
        (temporary / target).mkdir(parents=True)
        for path in sorted(source.glob("*.yaml")):
            if path.name != "kustomization.yaml":
                shutil.copyfile(path, temporary / target / path.name)
    temporary.rename(built.assets)


def _link(kept: Path, place: Path) -> None:
    """Let `place` be the stored file, atomically; a copy where the file system has no hard links."""
    if place.is_file() and place.stat().st_ino == kept.stat().st_ino:
        return
    temporary = place.with_name(f".{place.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        os.link(kept, temporary)
    except OSError:
        shutil.copy2(kept, temporary)
    temporary.replace(place)


@contextmanager
def _locked(settings: Settings, report: Report) -> Iterator[None]:
    """Hold the cache's build lock; while another process has it, pass on what that one tells."""
    path = settings.cache / "programs" / "build.lock"
    with path.open("a") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                report(progress_files.read(settings))
                time.sleep(0.5)
        yield
