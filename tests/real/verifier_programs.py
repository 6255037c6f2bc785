"""Builds other people's Go programs that tests need: verifiers of the ledger (`infra/verifiers`), a store of objects
(`infra/objects`), with the toolchain of the virtual environment."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
from pathlib import Path

from conductor_core.localplane.build import environment
from conductor_core.localplane.programs import go_program
from conductor_core.settings import PROJECT_ROOT, Settings

SOURCES = PROJECT_ROOT / "infra" / "verifiers"
FSCK = "github.com/transparency-dev/tessera/cmd/fsck"
OBJECTS = PROJECT_ROOT / "infra" / "objects"
SERVER = "github.com/johannesboyne/gofakes3/cmd/gofakes3"


def build(settings: Settings) -> Path:
    """The folder that holds `fsck`, `crosscheck` and `writer`."""
    return _built(settings, SOURCES, "./...", FSCK)


def build_s3(settings: Settings) -> Path:
    """The program `gofakes3`, an S3 server."""
    return _built(settings, OBJECTS, SERVER) / "gofakes3"


def _built(settings: Settings, sources: Path, *packages: str) -> Path:
    """The folder of these programs, built once for their sources and this toolchain."""
    digest = hashlib.sha256(go_program().read_bytes())
    for source in sorted(p for p in sources.rglob("*") if p.is_file()):
        digest.update(f"{source.relative_to(sources)}\0".encode() + hashlib.sha256(source.read_bytes()).digest())
    folder = settings.cache / sources.name / digest.hexdigest()[:16]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            env = environment(settings)
            Path(env["GOTMPDIR"]).mkdir(parents=True, exist_ok=True)
            new = folder.with_suffix(f".{os.getpid()}.new")
            argv = [str(go_program()), "build", "-trimpath", "-buildvcs=false", "-o", f"{new}/", *packages]
            subprocess.run(argv, cwd=sources, env=env, check=True, timeout=280)
            new.rename(folder)
    return folder
