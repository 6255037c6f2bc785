"""The room of secrets: `CONDUCTOR_SECRET_<NAME>` of the worker's environment, else a file of the secrets folder.

The folder is where Kubernetes, systemd and vault agents mount secrets: one file a secret, its name the secret's name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from conductor_core.errors import InputError, NotFoundError

PREFIX = "CONDUCTOR_SECRET_"
CAP = 64 * 1024
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


class SecretFiles:
    """`Secrets` over an environment and a folder."""

    def __init__(self, folder: Path, environment: Mapping[str, str] = os.environ) -> None:
        self._folder, self._environment = folder, environment

    def get(self, name: str) -> str:
        """See `Secrets.get`."""
        if not _NAME.fullmatch(name):
            raise InputError(
                f"{name[:80]!r} can't be the name of a secret.",
                why="It has 1 to 63 lower-case letters, digits and '. _ -'.",
                next="Write secret://NAME with such a name.",
            )
        variable = PREFIX + re.sub(r"[.-]", "_", name).upper()
        if variable in self._environment:
            return self._environment[variable]
        try:
            with (self._folder / name).open("rb") as file:
                return file.read(CAP).decode("utf-8").removesuffix("\n")
        except (OSError, UnicodeDecodeError) as bad:
            raise NotFoundError(
                f"There is no secret {name!r}.",
                why=f"Neither the variable {variable} nor a readable file {name} in the secrets folder is there.",
                next=f"Set {variable} for the worker, or write the file {name} into the folder `secrets` of the home.",
            ) from bad
