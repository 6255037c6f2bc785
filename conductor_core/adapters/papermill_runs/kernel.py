"""The kernel's own process: it binds its life to its parent's before anything else runs, then becomes a Python kernel.

It is started by its path, so that it imports nothing of ours and shadows nothing. PR_SET_PDEATHSIG (prctl(2)) has the
operating system kill it as soon as the thread that started it is gone, `kill -9` included; elsewhere than on Linux
ipykernel's own poller notices within a second.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def bind_to(parent: int) -> None:
    """Die with the process `parent`, which must be the parent; exits at once when it has died already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


if __name__ == "__main__":
    bind_to(int(os.environ["JPY_PARENT_PID"]))
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance()
