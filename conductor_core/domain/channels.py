"""The channels file: which chart each release is made from, and what each of its channels is.

releases:
  shop:
    chart: helm/shop          # folder, from the root of the operations repository, as all paths
    channels:
      dev: {branch: dev, namespace: shop-dev, values: [helm/shop/values-dev.yaml], tier: dev}
      prod: {branch: main, namespace: shop, tier: prod, chart: "oci://registry.example.com/charts/shop:1.4.2"}

A channel's own `chart` beats the release's; either may be an address (see `domain.chart_addresses`). So does its own
`post_renderer` (see `domain.post_renderers`); `post_renderer: false` has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conductor_core.domain import chart_addresses, names, post_renderers
from conductor_core.domain.post_renderers import PostRenderer
from conductor_core.domain.tiers import TIERS
from conductor_core.errors import InputError, NotFoundError

_CHANNEL_KEYS = frozenset({"branch", "namespace", "values", "tier", "chart", "post_renderer"})
_RELEASE_KEYS = frozenset({"chart", "channels", "title", "post_renderer"})


@dataclass(frozen=True)
class Channel:
    """A Git branch and value files that are installed into a namespace; `tier` decides how many must approve. Paths
    are from the repository's root. `chart`: the channel's own, '' is the release's. `post`: its own or the release's.
    """

    name: str
    branch: str
    namespace: str
    values: tuple[str, ...]
    tier: str
    chart: str = ""
    post: PostRenderer | None = None


@dataclass(frozen=True)
class ReleaseSpec:
    """A release: the folder or address of its chart ('' when each channel has its own), and its channels in the order
    in which a version walks through them.
    """

    name: str
    chart: str
    channels: tuple[Channel, ...]
    title: str = ""

    @property
    def charts(self) -> tuple[str, ...]:
        """Every folder and address that it is made from."""
        return tuple(dict.fromkeys(c.chart or self.chart for c in self.channels))

    def channel(self, name: str) -> Channel:
        """The channel of that name; raises `NotFoundError` that lists the known ones."""
        found = next((c for c in self.channels if c.name == name), None)
        if found is None:
            raise NotFoundError(
                f"The release {self.name} has no channel {name}.",
                why=f"Its channels are: {', '.join(c.name for c in self.channels)}.",
                next="Name one of these, or add the channel to the channels file.",
            )
        return found


@dataclass(frozen=True)
class Problem:
    """An entry of the channels file that is left out: where it is, what is wrong and how to mend it."""

    where: str
    why: str


@dataclass(frozen=True)
class Catalogue:
    """The releases that can be used, and the entries that can't."""

    releases: tuple[ReleaseSpec, ...]
    problems: tuple[Problem, ...] = ()

    def release(self, name: str) -> ReleaseSpec:
        """The release of that name; raises `NotFoundError` that lists the known ones, or says why this one is left
        out.
        """
        found = next((r for r in self.releases if r.name == name), None)
        if found is not None:
            return found
        broken = [p for p in self.problems if p.where.split("/")[0] == name]
        known = ", ".join(r.name for r in self.releases) or "(none)"
        raise NotFoundError(
            f"The release {name} can't be used." if broken else f"There is no release {name}.",
            why="; ".join(f"{p.where}: {p.why}" for p in broken) or f"The channels file has: {known}.",
            next="Mend the entry in the channels file."
            if broken
            else "Name one of these, or add it to the channels file.",
        )


def parse(document: object, source: str) -> Catalogue:
    """The catalogue in a parsed channels file. A bad release is left out and named; raises `InputError` when the file
    as a whole is wrong.
    """
    releases = document.get("releases") if isinstance(document, Mapping) else None
    if not isinstance(releases, Mapping):
        raise InputError(
            f"{source} is no channels file.",
            why="It has no mapping `releases` at its top.",
            next="Write it as: releases: {NAME: {chart: FOLDER, channels: {dev: {branch, namespace, values, tier}}}}.",
        )
    good: list[ReleaseSpec] = []
    problems: list[Problem] = []
    owners: dict[tuple[str, str], str] = {}
    for name, entry in releases.items():
        try:
            spec = _release(str(name), entry)
            for channel in spec.channels:
                _claim(owners, spec, channel)
        except InputError as bad:
            problems.append(Problem(str(name), str(bad)))
        else:
            good.append(spec)
    return Catalogue(tuple(good), tuple(problems))


def _release(name: str, entry: object) -> ReleaseSpec:
    names.release_name(name)
    fields = _mapping(entry, f"The release {name}", _RELEASE_KEYS)
    channels = _mapping(fields.get("channels"), f"`channels` of {name}", None)
    if not channels:
        raise InputError(f"The release {name} has no channels.", why="`channels` is empty.", next="Add one.")
    post = _post(fields, name, None)
    made = tuple(_channel(str(n), c, f"{name}/{n}", post) for n, c in channels.items())
    needed = "chart" in fields or not all(c.chart for c in made)
    chart = _chart(_text(fields, "chart", f"The release {name}")) if needed else ""
    return ReleaseSpec(name, chart, made, str(fields.get("title", "")))


def remote(chart: str) -> bool:
    """Whether a chart is fetched by its address, and no folder of the operations repository."""
    return "://" in chart or chart_addresses.looks_like(chart)


def _chart(text: str) -> str:
    return str(chart_addresses.parse(text)) if remote(text) else names.inner_path(text)


def _post(fields: Mapping[str, Any], where: str, above: PostRenderer | None) -> PostRenderer | None:
    entry = fields.get("post_renderer")
    return above if entry is None else None if entry is False else post_renderers.declared(entry, where)


def _channel(name: str, entry: object, where: str, post: PostRenderer | None) -> Channel:
    names.channel(name)
    fields = _mapping(entry, f"The channel {where}", _CHANNEL_KEYS)
    values = fields.get("values", [])
    if not isinstance(values, list) or not all(isinstance(v, str) and v for v in values):
        raise InputError(f"`values` of {where} isn't a list of paths.", why=f"It is {values!r}.", next="Write a list.")
    tier = _text(fields, "tier", f"The channel {where}")
    if tier not in TIERS:
        raise InputError(
            f"The tier of {where} is {tier!r}.", why=f"Tiers are: {', '.join(TIERS)}.", next="Use one of them."
        )
    return Channel(
        name,
        names.branch(_text(fields, "branch", f"The channel {where}")),
        names.namespace(_text(fields, "namespace", f"The channel {where}")),
        tuple(names.inner_path(v) for v in values),
        tier,
        _chart(_text(fields, "chart", f"The channel {where}")) if "chart" in fields else "",
        _post(fields, where, post),
    )


def _claim(owners: dict[tuple[str, str], str], spec: ReleaseSpec, channel: Channel) -> None:
    where = f"{spec.name}/{channel.name}"
    other = owners.setdefault((channel.namespace, spec.name), where)
    if other != where:
        raise InputError(
            f"{where} and {other} are the same release in the same namespace.",
            why=f"Both install {spec.name} into {channel.namespace}.",
            next="Give one of them another namespace.",
        )


def _mapping(value: object, what: str, keys: frozenset[str] | None) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(
            f"{what} isn't a mapping.", why=f"It is a {type(value).__name__}.", next="Write it as a mapping."
        )
    unknown = sorted(set(value) - keys) if keys is not None else []
    if unknown:
        raise InputError(
            f"{what} has unknown keys: {', '.join(unknown)}.",
            why=f"Known keys are: {', '.join(sorted(keys or ()))}.",
            next="Correct the spelling.",
        )
    return value


def _text(fields: Mapping[str, Any], key: str, what: str) -> str:
    value = fields.get(key)
    if not isinstance(value, str) or not value:
        raise InputError(f"{what} has no `{key}`.", why=f"It is {value!r}.", next=f"Give `{key}` as text.")
    return value
