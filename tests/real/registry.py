"""An OCI registry of a test's own, with its data below a folder; no TLS, on 127.0.0.1 only."""

from __future__ import annotations

import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CONFIG = """version: 0.1
storage: {{filesystem: {{rootdirectory: {data}}}}}
http: {{addr: "{host}"}}
log: {{level: error}}
"""


@contextmanager
def running_registry(programs: Path, folder: Path) -> Iterator[str]:
    """Start the registry among these programs; gives its host with port when it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    config = folder / "registry.yaml"
    config.write_text(CONFIG.format(data=folder / "registry", host=host))
    with subprocess.Popen(
        [str(programs / "registry"), "serve", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            deadline = time.monotonic() + 60
            while not _answers(host):
                assert process.poll() is None, "the registry ended"
                assert time.monotonic() < deadline, "the registry does not answer"
                time.sleep(0.05)
            yield host
        finally:
            process.terminate()
            process.wait(20)


def _answers(host: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{host}/v2/", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
