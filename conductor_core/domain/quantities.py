"""Kubernetes quantities that are written differently and mean the same: 0.5 and 500m, 1024Mi and 1Gi.

Rule: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/.
"""

from __future__ import annotations

import re
from decimal import Decimal

_QUANTITY = re.compile(r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(?:([eE][+-]?[0-9]{1,3})|(m|k|[MGTPE]|[KMGTPE]i|u|n)?)")
_UNITS: dict[str | None, Decimal] = {
    None: Decimal(1),
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "k": Decimal(1000),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("MGTPE", 2)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)},
}


def parse(text: object) -> Decimal | None:
    """The number that a quantity means, or None when it isn't one."""
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        return None
    found = _QUANTITY.fullmatch(str(text))
    if not found:
        return None
    number, exponent, unit = found.groups()
    return Decimal(number + exponent) if exponent else Decimal(number) * _UNITS[unit]


def equal(one: object, other: object) -> bool:
    """Whether both are quantities of the same amount."""
    left = parse(one)
    return left is not None and left == parse(other)
