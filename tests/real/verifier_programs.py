"""Builds the third-party verifiers of the ledger (`infra/verifiers`) with the toolchain of the virtual environment."""

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


def build(settings: Settings) -> Path:
    """The folder that holds `fsck`, `crosscheck` and `writer`, built once for these sources and this toolchain."""
    digest = hashlib.sha256(go_program().read_bytes())
    for source in sorted(p for p in SOURCES.rglob("*") if p.is_file()):
        digest.update(f"{source.relative_to(SOURCES)}\0".encode() + hashlib.sha256(source.read_bytes()).digest())
    folder = settings.cache / "verifiers" / digest.hexdigest()[:16]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            env = environment(settings)
            Path(env["GOTMPDIR"]).mkdir(parents=True, exist_ok=True)
            new = folder.with_suffix(f".{os.getpid()}.new")
            argv = [str(go_program()), "build", "-trimpath", "-buildvcs=false", "-o", f"{new}/", "./...", FSCK]
            subprocess.run(argv, cwd=SOURCES, env=env, check=True, timeout=280)
            new.rename(folder)
    return folder
