"""Where a chart comes from when it isn't in the operations repository: an OCI registry or a chart repository, at one
version.

OCI charts: https://helm.sh/docs/topics/registries/; repositories: https://helm.sh/docs/topics/chart_repository/.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from conductor_core.errors import InputError, RefusedError

FORMS = "oci://HOST/PATH/CHART:VERSION, https://REPOSITORY/CHART@VERSION, NAME/CHART@VERSION"
_HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:\d{1,5})?"
_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"
_URL = re.compile(rf"(?P<scheme>oci|https|http)://(?P<host>{_HOST})(?P<path>(/{_PART})*)")
_ALIAS = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_CHART = re.compile(_PART)
_VERSION = re.compile(r"v?\d+(\.\d+){0,2}(-[0-9A-Za-z.-]+)?([+_][0-9A-Za-z.-]+)?", re.ASCII)
_BARE = re.compile(r"[^:/@]+/[^:/@]+@[^/]*")
_LOOPBACK = frozenset({"127.0.0.1", "localhost"})


@dataclass(frozen=True)
class ChartAddress:
    """`source` is the URL of a repository (https://...), of a registry's folder (oci://...), or the name of one."""

    source: str
    chart: str
    version: str

    def __str__(self) -> str:
        return f"{self.source}/{self.chart}{':' if self.oci else '@'}{self.version}"

    @property
    def oci(self) -> bool:
        """Whether it is in an OCI registry."""
        return self.source.startswith("oci://")

    @property
    def host(self) -> str:
        """The host that it is fetched from, with its port."""
        return self.source.partition("://")[2].partition("/")[0]

    @property
    def near(self) -> bool:
        """Whether the host is this machine, which is spoken to without TLS."""
        return self.host.partition(":")[0] in _LOOPBACK


def looks_like(text: str) -> bool:
    """Whether `text` is meant as the address of a chart."""
    return text.startswith(("oci://", "https://", "http://")) or _BARE.fullmatch(text) is not None


def parse(text: str) -> ChartAddress:
    """The address in `text`; raises `InputError` that says which part of it is wrong."""
    oci = text.startswith("oci://")
    where, _, version = text.rpartition(":" if oci else "@")
    source, _, chart = where.rpartition("/")
    if oci and "/" in version:  # the colon was the one of the port
        where, source, chart, version = text, *text.rpartition("/")[::2], ""
    if not version or not where:
        raise _bad(text, "It names no version, and what the newest is may change from one minute to the next.")
    if not _VERSION.fullmatch(version):
        raise _bad(text, f"{version[:60]!r} isn't one version: a range such as ^1.2 or a tag such as latest can't name "
                   "a state.")  # fmt: skip
    if not _CHART.fullmatch(chart):
        raise _bad(text, f"{chart[:60]!r} can't be the name of a chart.")
    if "://" in source:
        check_source(source)
    elif not _ALIAS.fullmatch(source):
        raise _bad(text, f"{source[:60]!r} can't be the name of a source.")
    return ChartAddress(source, chart, version)


def check_source(url: str) -> str:
    """`url` without a slash at its end, when it is one of a registry or repository; raises `InputError`."""
    found = _URL.fullmatch(url.rstrip("/"))
    if found is None:
        raise InputError(
            f"{url[:120]!r} can't be the address of a chart repository or registry.",
            why="An address is oci:// or https://, a host, and a path without spaces, '..', user or query.",
            next="Write it as https://charts.example.com or oci://registry.example.com/charts.",
        )
    if found["scheme"] == "http" and found["host"].partition(":")[0] not in _LOOPBACK:
        raise InputError(
            f"{url[:120]} is not encrypted.",
            why="Charts decide what runs in the cluster; http:// is accepted from this machine only.",
            next="Use https:// or oci://.",
        )
    return url.rstrip("/")


def sources(text: str) -> dict[str, str]:
    """The sources in a setting such as `shop=https://charts.example.com; oci://registry.example.com/charts`, by name; a
    source without a name has its URL for one. Raises `InputError`.
    """
    out: dict[str, str] = {}
    for entry in (part.strip() for part in text.split(";")):
        if not entry:
            continue
        name, sign, url = entry.partition("=")
        url = check_source((url if sign else name).strip())
        if sign and not _ALIAS.fullmatch(name.strip()):
            raise InputError(
                f"{name[:60]!r} can't be the name of a source of charts.",
                why="A name has lower-case letters, digits and '-'.",
                next="Write it as shop=https://charts.example.com.",
            )
        out[name.strip() if sign else url] = url
    return out


def located(address: ChartAddress, known: Mapping[str, str], used: Iterable[str] = ()) -> ChartAddress:
    """The address with its source as URL, when it lies in one of the `known` sources or is one of the charts that are
    in use already (`used`: their addresses). Raises `RefusedError` for any other: a form must not decide whom this
    machine talks to.
    """
    if "://" not in address.source:
        if address.source not in known:
            raise RefusedError(
                f"There is no source of charts named {address.source}.",
                why=f"Known: {', '.join(known) or 'none'}.",
                next=f'Add it to CONDUCTOR_CHART_SOURCES: "{address.source}=https://charts.example.com".',
            )
        return ChartAddress(known[address.source], address.chart, address.version)
    own = f"{address.source}/{address.chart}"
    inside = any(address.source == url or address.source.startswith(f"{url}/") for url in known.values())
    if inside or any(own == f"{u.source}/{u.chart}" for u in map(parse, used)):
        return address
    raise RefusedError(
        f"Charts are not taken from {address.source}.",
        why=f"It is no source that this installation knows: {', '.join(known.values()) or 'none is set'}.",
        next=f'Add it to CONDUCTOR_CHART_SOURCES: "{address.source}".',
    )


def _bad(text: str, why: str) -> InputError:
    return InputError(f"{text[:120]!r} names no chart.", why=why, next=f"Write one of: {FORMS}.")
