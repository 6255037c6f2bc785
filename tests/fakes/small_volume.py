"""A volume of a few megabytes: a tmpfs in a mount namespace of its own, so that no crash leaves it mounted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]


class SmallVolume:
    """Runs a Python program whose `volume` is an empty tmpfs of the given size; returns what it prints.

    Needs `unshare` and `mount`, and without root a kernel that lets users make namespaces.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, size: str, program: str) -> str:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(self._folder)]
        start = (
            "import subprocess, sys; from pathlib import Path\n"
            f"subprocess.run({mount!r}, check=True)\nvolume = Path({str(self._folder)!r})\n"
        )
        rights = [] if os.geteuid() == 0 else ["--user", "--map-current-user", "--keep-caps"]
        done = subprocess.run(
            ["unshare", "--mount", *rights, sys.executable, "-c", start + dedent(program)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
