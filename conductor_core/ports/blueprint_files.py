"""Port: where blueprints lie, with the files that each of them is made of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from conductor_core.domain.blueprints import Blueprint, BlueprintCatalogue


class BlueprintFiles(Protocol):
    """Reads `infra/terraform/blueprints`, `infra/terraform/modules`, `infra/k8s` and `helm` below one root.

    A bad blueprint is named and left out, never raised. Nothing is written, nothing is retried. Every method raises
    `UnreachableError` or `ConfigurationError` when the root itself can't be had.
    """

    def catalogue(self) -> BlueprintCatalogue:
        """All blueprints; read again when a file changed."""
        ...

    def sources(self, blueprint: Blueprint) -> Mapping[str, bytes]:
        """Every file that the blueprint is made of, by its path from the root: its folder, the local modules that it
        reaches, and `infra/k8s`; sorted. They are read now: what was approved is compared with them.

        Raises `InputError` for a symbolic link, a module outside of the root or one that isn't there, and more than
        16 MB.
        """
        ...

    def path(self, inner: str) -> Path:
        """A file or folder of the root, such as a chart. Raises `InputError` when it lies outside, `NotFoundError`."""
        ...

    def values(self, text: str, source: str) -> dict[str, Any]:
        """The values in the text of a tfvars file: HCL, or JSON when `source` ends in `.json`.

        Raises `InputError` with the line.
        """
        ...
