"""Networks in CIDR notation: how many addresses they hold, and their bounds in a form that texts compare by.

Rule: RFC 4632. Rego has no arithmetic on addresses in every engine, so the bounds are given as hexadecimal texts of one
width: two networks overlap when each begins no later than the other ends.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from conductor_core.errors import InputError


@dataclass(frozen=True)
class Network:
    """A network: `first` and `last` address in 32 hexadecimal digits (IPv4 as IPv4-mapped), `addresses` in all."""

    cidr: str
    first: str
    last: str
    addresses: int
    private: bool

    def overlaps(self, other: Network) -> bool:
        """Whether the two share an address."""
        return self.first <= other.last and other.first <= self.last


def parse(text: str) -> Network:
    """The network that `text` names; raises `InputError` for no network, or bits behind the prefix."""
    try:
        found = ipaddress.ip_network(text.strip())
    except ValueError as bad:
        raise InputError(
            f"{text[:60]!r} is no network.",
            why=_why(text),
            next="Write it as 10.40.0.0/16: an address with nothing behind the prefix.",
        ) from bad
    base = 0xFFFF << 32 if found.version == 4 else 0
    return Network(
        str(found),
        f"{base + int(found.network_address):032x}",
        f"{base + int(found.broadcast_address):032x}",
        found.num_addresses,
        found.is_private,
    )


def _why(text: str) -> str:
    try:
        return f"The network would be {ipaddress.ip_network(text.strip(), strict=False)}."
    except ValueError:
        return "It has no address, a slash and a prefix length."


def found_in(value: object, path: str) -> Iterator[tuple[str, Network]]:
    """Every network in a value (texts in lists and maps too), with the place where it stands."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from found_in(item, f"{path}.{key}")
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from found_in(item, f"{path}[{at}]")
    elif isinstance(value, str) and "/" in value:
        try:
            yield path, parse(value)
        except InputError:
            return
