"""Ends the control planes that the tests of this checkout share: `python -m tests.real.take_down`.

Their homes go too, unless `CONDUCTOR_TEST_HOME` names them.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from conductor_core.localplane import plane as local
from conductor_core.settings import Settings
from tests.real.conftest import test_home


def main() -> None:
    """End each plane, whether its tests passed or not."""
    first = test_home()
    for home in filter(Path.is_dir, [first, *first.parent.glob(f"{first.name}-gw[0-9]*")]):
        local.down(Settings(home=home))
        if "CONDUCTOR_TEST_HOME" not in os.environ:
            shutil.rmtree(home)


if __name__ == "__main__":
    main()
