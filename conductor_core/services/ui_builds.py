"""A UI that is built and uploaded anew, when files of it were never uploaded (R10, K3)."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conductor_core.domain.canonical import canonical_bytes
from conductor_core.domain.changes import Change
from conductor_core.domain.operations import Observation
from conductor_core.errors import ConflictError, NotFoundError, OffError
from conductor_core.ports.builds import SourceBuilds
from conductor_core.services.operations import Context, Facts
from conductor_core.services.planning import Draft
from conductor_core.services.ui_assets import UiAssets, is_ui

LONGEST = 1500.0
"""Seconds that a build may take."""
_TAG = re.compile(r":([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})(?:@sha256:[0-9a-f]{64})?$")


@dataclass(frozen=True)
class UiBuild:
    """The plan function and the operation `ui_build`; the settings of `assets` say what is built, and how."""

    assets: UiAssets
    builds: SourceBuilds

    def plan(self, change: Change) -> Draft:
        """The commit that would be built, by which program, and the files that are missing until then.

        Raises `OffError` when no source or program is configured, `NotFoundError` for a ref that the source hasn't got,
        and as `UiAssets.look` does.
        """
        release, channel = (str(change.parameters.get(name, "")) for name in ("release", "channel"))
        argv, page = self._command(), self.assets.look(release, channel)
        version = self._version(release, channel)
        ref = str(change.parameters.get("ref") or "") or self._ref(version)
        commit = self.builds.resolve(ref)
        does = f"builds the UI at {ref} ({commit[:12]}) with `{shlex.join(argv)}` and looks at {page.address} again"
        shown = {"page": page.address, "ref": ref, "commit": commit, "command": argv, "version": version}
        return Draft(
            {"build.json": ("application/json", canonical_bytes(shown))},
            {"ref": ref, "commit": commit, "command": shlex.join(argv), "version": version},
            {"does": does},
            tier=self.assets.reader.channel(release, channel)[1].tier,
        )

    def prepare(self, context: Context) -> Facts:
        """What the plan names."""
        facts = context.change.plan.facts if context.change.plan else {}
        return {name: facts[name] for name in ("ref", "commit", "command", "version")}

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Build it. Raises `ConflictError` when the ref or the program is another one than the plan's, and as
        `SourceBuilds.build` does.
        """
        ref, commit, command, version = (str(request[name]) for name in ("ref", "commit", "command", "version"))
        argv = self._command()
        if shlex.join(argv) != command:
            raise ConflictError(
                "The program that builds the UI is another one now.",
                why=f"Approved is `{command}`, CONDUCTOR_UI_BUILD says `{shlex.join(argv)}`.",
                next="Have the Change planned again.",
            )
        told = {"UI_VERSION": version, "UI_COMMIT": commit, "UI_REF": ref}
        seconds = self.builds.build(ref, commit, argv, told, context.say, LONGEST)
        return Observation.DONE, {"detail": f"built {ref} ({commit[:12]}) in {seconds:.0f} s"}

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """A build of the same commit gives the same files, and may be run again."""
        return Observation.ABSENT, {"seen": "the same commit can be built again without harm"}

    def _command(self) -> list[str]:
        text = self.assets.now().ui_build
        try:
            argv = shlex.split(text)
        except ValueError as bad:
            raise OffError(
                "CONDUCTOR_UI_BUILD can't be read.", why=f"{bad}.", next="Quote its arguments as a shell would."
            ) from bad
        if not argv:
            raise OffError(
                "It isn't known how the UI is built.",
                why="CONDUCTOR_UI_BUILD is not set.",
                next="Set it to the program that builds and uploads the UI, such as `pnpm -C client build`.",
            )
        return argv

    def _ref(self, version: str) -> str:
        pattern = self.assets.now().ui_ref
        if "{version}" in pattern and not version:
            raise NotFoundError(
                "It isn't known which version of the UI is to be built.",
                why="The channel has no workload of the component `ui` whose image has a tag.",
                next="Name a branch, tag or commit: parameter `ref`.",
            )
        return pattern.replace("{version}", version)

    def _version(self, release: str, channel: str) -> str:
        for manifest in self.assets.reader.render(release, f"channel:{channel}").objects.values():
            if is_ui(manifest):
                found = _TAG.search(_image(manifest))
                return found[1] if found else ""
        return ""


def _image(manifest: Mapping[str, Any]) -> str:
    containers = (manifest["spec"]["template"].get("spec") or {}).get("containers") or [{}]
    return str(containers[0].get("image") or "")
