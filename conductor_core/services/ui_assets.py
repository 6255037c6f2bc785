"""The files of a UI after a release: which ones a browser doesn't get, and a purge of its cache (R10, K3)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from conductor_core.domain.canonical import canonical_bytes
from conductor_core.domain.changes import Change
from conductor_core.domain.operations import Observation
from conductor_core.domain.web_assets import Asset, Page, references
from conductor_core.errors import InputError, OffError, ToolError, UnreachableError
from conductor_core.ports.web import Web
from conductor_core.services.checks import Look
from conductor_core.services.operations import Context, Facts
from conductor_core.services.planning import Draft
from conductor_core.services.release_checks import installed
from conductor_core.services.releases import ReleaseReader
from conductor_core.settings import Settings

AT_ONCE = 8
MENDED_BY = "Runbook purge_assets drops them from the cache, rebuild_assets uploads them anew (Releases, tab UI files)."
LOOKS, BETWEEN = 5, 2.0
"""Looks that a check gives files that are missing, and the seconds between them."""
BY_METHOD = "PURGE"
PAGE, FILES = "page", "files"


@dataclass(frozen=True)
class UiAssets:
    """Looks at the page of a release's UI; `now` gives the settings, which say where it is and who may be asked."""

    reader: ReleaseReader
    web: Web
    now: Callable[[], Settings]
    sleep: Callable[[float], None]

    def look(self, release: str, channel: str) -> Page:
        """The page and its files. Only the page's own host and `CONDUCTOR_ASSET_HOSTS` are asked.

        Raises `OffError` without an address or for a release without a UI, `UnreachableError`, and `ToolError` when
        there is no page.
        """
        pattern = self.now().intelgraph_ui_url
        if not pattern:
            raise OffError(
                "It isn't known where the UI is.",
                why="CONDUCTOR_INTELGRAPH_UI_URL is not set.",
                next="Set it to the address of the UI's page; {namespace} and {release} are filled in.",
            )
        manifests = self.reader.manifests(release, channel)
        if manifests and not any(is_ui(m) for m in manifests):
            raise OffError(
                f"{release} in {channel} has no UI.",
                why="None of its workloads has the label app.kubernetes.io/component: ui.",
                next="If it has one, give its Deployment that label in the chart.",
            )
        address = pattern.format(namespace=self.reader.namespace(release, channel), release=release)
        answer = self.web.get(address)
        if answer.status != 200:
            raise ToolError(
                f"{address} answers {answer.status}.", why=answer.text[:200], next="Look at the UI's pods first."
            )
        hosts = {urlsplit(address).netloc, *(h.strip() for h in self.now().asset_hosts.split(",") if h.strip())}
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="assets") as pool:
            return Page(address, tuple(pool.map(lambda url: self._asset(url, hosts), references(answer.text, address))))

    def probe(self, context: Context) -> Look:
        """The check `assets`: every file of the page is there; passes with a word when no address is configured."""
        if not self.now().intelgraph_ui_url:
            return Look.skipped("CONDUCTOR_INTELGRAPH_UI_URL is not set")
        release, channel = _named(context.change)
        if not any(is_ui(m) for m in installed(self.reader, context)):
            return Look.skipped("the release has no UI")
        page = self.look(release, channel)
        for _ in range(LOOKS - 1):
            if not page.missing:
                break
            self.sleep(BETWEEN)
            page = self.look(release, channel)
        mend = f". {MENDED_BY}" if page.missing else ""
        return Look(not page.missing, f"{page.told}{mend}", hopeless=True)

    def plan(self, change: Change) -> Draft:
        """The plan function `assets_purge`: the page and its files, which would be dropped from the cache.

        What each answers is no part of it: that may change from one look to the next and would void the approvals.

        Raises `OffError` when nothing can be purged, and as `look` does.
        """
        release, channel = _named(change)
        page, way = self.look(release, channel), self._way()
        files = [a.address for a in page.assets if a.status]
        shown = {"page": page.address, "files": files}
        summary = {"does": f"drops {page.address} and {len(files)} files from the cache, by {way}"}
        tier = self.reader.channel(release, channel)[1].tier
        return Draft(
            {"assets.json": ("application/json", canonical_bytes(shown))},
            {PAGE: page.address, FILES: json.dumps(files)},
            summary,
            tier=tier,
        )

    def _way(self) -> str:
        way = self.now().cdn_purge
        if not way:
            raise OffError(
                "No cache can be purged.",
                why="CONDUCTOR_CDN_PURGE is not set.",
                next="Set it to the address that drops files, or to PURGE when the cache knows that method.",
            )
        return f"the method {BY_METHOD}" if way == BY_METHOD else f"POST to {urlsplit(way).netloc}"

    def _asset(self, address: str, hosts: set[str]) -> Asset:
        if urlsplit(address).netloc not in hosts:
            return Asset(address, 0, "another host")
        try:
            return Asset(address, self.web.get(address).status)
        except (UnreachableError, InputError) as silent:
            return Asset(address, 504, silent.what)


@dataclass(frozen=True)
class AssetsPurge:
    """The operation `assets_purge`: what the plan names is dropped from the cache; twice is the same as once."""

    assets: UiAssets

    def prepare(self, context: Context) -> Facts:
        """The page and its files, as the plan names them."""
        facts = context.change.plan.facts if context.change.plan else {}
        return {"files": [facts[PAGE], *json.loads(facts[FILES])]}

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Send it. Raises `ToolError` when the cache refuses, `UnreachableError`."""
        now, web = self.assets.now(), self.assets.web
        token = now.cdn_token.get_secret_value()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        files = [str(f) for f in request["files"]] if isinstance(request["files"], list) else []
        if now.cdn_purge == BY_METHOD:
            sent = [(file, web.send(BY_METHOD, file, headers=headers).status) for file in files]
        else:
            headers["Content-Type"] = "application/json"
            body = json.dumps({"files": files}).encode()
            sent = [(now.cdn_purge, web.send("POST", now.cdn_purge, headers=headers, body=body).status)]
        refused = [(where, status) for where, status in sent if status >= 300 and status != 404]
        if refused:
            where, status = refused[0]
            raise ToolError(
                f"The cache did not drop {len(refused)} of {len(sent)}.",
                why=f"{where} answers {status}.",
                next="Check CONDUCTOR_CDN_PURGE and CONDUCTOR_CDN_TOKEN.",
            )
        context.say(f"dropped from the cache: {len(files)} files")
        return Observation.DONE, {"detail": f"{len(files)} files dropped from the cache"}

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """A purge leaves no trace, and may be sent again."""
        return Observation.ABSENT, {"seen": "a purge can be sent again without harm"}


def is_ui(manifest: Mapping[str, Any]) -> bool:
    """Whether it is a workload with the component label `ui`."""
    labels = (manifest.get("metadata") or {}).get("labels") or {}
    return "template" in (manifest.get("spec") or {}) and labels.get("app.kubernetes.io/component") == "ui"


def _named(change: Change) -> tuple[str, str]:
    return str(change.parameters.get("release", "")), str(change.parameters.get("channel", ""))
