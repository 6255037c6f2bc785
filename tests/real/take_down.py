"""Ends the control planes that the tests of this checkout share: `python -m tests.real.take_down`.

Their homes go too, unless `CONDUCTOR_TEST_HOME` names them.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from conductor_core.localplane import plane as local
from conductor_core.settings import Settings
from tests.real.conftest import test_home


def homes(first: Path) -> list[Path]:
    """The homes that are there of tests that run one or several at a time."""
    name = re.compile(rf"{re.escape(first.name)}(-gw\d+)?")
    return sorted(p for p in first.parent.glob(f"{first.name}*") if name.fullmatch(p.name) and p.is_dir())


def main() -> None:
    """End each plane, whether its tests passed or not."""
    for home in homes(test_home()):
        local.down(Settings(home=home))
        if "CONDUCTOR_TEST_HOME" not in os.environ:
            shutil.rmtree(home)


if __name__ == "__main__":
    main()
