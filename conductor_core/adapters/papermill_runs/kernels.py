"""Starts and ends the kernel process of one run: our interpreter, our environment, sockets in a private folder.

No kernel spec of the user's is looked up, and nothing of this process' environment goes along but PATH, HOME and LANG.
https://jupyter-client.readthedocs.io
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

from conductor_core.errors import ToolError
from conductor_core.settings import PROJECT_ROOT

INHERITED = ("PATH", "HOME", "LANG")
SOCKET_PATH_CAP = 90
"""A Unix socket's path has at most 107 bytes (unix(7)) and ours adds a few to the folder's."""

_ARGV = [sys.executable, "-P", str(Path(__file__).with_name("kernel.py")), "-f", "{connection_file}"]
_OPTIONS = ["--HistoryManager.hist_file=:memory:", "--InteractiveShellApp.ignore_cwd=True"]


@dataclass(frozen=True)
class Kernel:
    """A kernel that answers: its manager and its client."""

    manager: AsyncKernelManager
    client: AsyncKernelClient


class _OwnInterpreter(KernelSpecManager):  # type: ignore[misc,unused-ignore]  # untyped in some versions
    """Knows one kernel, whatever name is asked for."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return KernelSpec(argv=list(_ARGV), display_name="Conductor", language="python")


def environment(given: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """The whole environment of a kernel: the least that Python needs, and `given`, which wins."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {
        "LANG": "C.UTF-8",
        **inherited,
        "PYTHONPATH": str(PROJECT_ROOT),
        "PYTHONNOUSERSITE": "1",
        "VIRTUAL_ENV": sys.prefix,
        "IPYTHONDIR": str(scratch / "ipython"),
        "JUPYTER_CONFIG_DIR": str(scratch / "jupyter"),
        **given,
    }


@asynccontextmanager
async def running(given: Mapping[str, str], base: Path | None, patience: float) -> AsyncIterator[Kernel]:
    """A started kernel, killed with its process group at the end. `patience` in seconds for its start.

    Raises `ToolError` with the last words of the kernel when it can't start.
    """
    scratch = _folder(base)
    log = scratch / "kernel.log"
    manager = AsyncKernelManager(
        kernel_name="python3",
        kernel_spec_manager=_OwnInterpreter(),
        transport="ipc",
        connection_file=str(scratch / "k.json"),
    )
    client: AsyncKernelClient | None = None
    try:
        try:
            with log.open("wb") as sink:
                await manager.start_kernel(
                    env=environment(given, scratch), extra_arguments=list(_OPTIONS), stdout=sink, stderr=sink
                )
            client = manager.client()
            client.start_channels()
            await client.wait_for_ready(timeout=patience)
        except (OSError, RuntimeError, ValueError) as bad:
            raise ToolError(
                "The notebook's kernel did not start.",
                why=_last_words(log) or str(bad),
                next="Run `make install` to mend the virtual environment, then try again.",
            ) from bad
        yield Kernel(manager, client)
    finally:
        await _end(manager, client)
        shutil.rmtree(scratch, ignore_errors=True)


async def _end(manager: AsyncKernelManager, client: AsyncKernelClient | None) -> None:
    """Kill what runs, whatever else goes wrong; a second cancellation can't leave it alive."""
    if client is not None:
        client.stop_channels()
    if manager.has_kernel:
        await asyncio.shield(manager.shutdown_kernel(now=True))
    await manager.cleanup_resources()


def _folder(base: Path | None) -> Path:
    """A new one, named after this process; those of processes that were killed go first."""
    if base is not None and len(os.fsencode(base)) < SOCKET_PATH_CAP - 24:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        place, name = base, "kernel-"
    else:
        place, name = Path(tempfile.gettempdir()), "conductor-kernel-"
    for left in place.glob(f"{name}*-*"):
        owner = left.name.removeprefix(name).partition("-")[0]
        if owner.isdecimal() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{name}{os.getpid()}-", dir=place))


def _last_words(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    said = [line.strip() for line in lines if line.strip()]
    errors = [line for line in said if "Error" in line]
    return (errors or said or [""])[-1][:500]
