"""What a plain scalar of YAML means to Kubernetes and Helm: which words are booleans, which texts are numbers, and
how a key that is no text becomes one.

Both read YAML by sigs.k8s.io/yaml, a fork of go-yaml v2: https://pkg.go.dev/sigs.k8s.io/yaml/goyaml.v2 (resolve.go).
The table in the tests was asked of the real helm and kubectl.
"""

from __future__ import annotations

import math
import re
import struct
from decimal import Decimal

BOOL = r"[yY]|yes|Yes|YES|true|True|TRUE|on|On|ON|[nN]|no|No|NO|false|False|FALSE|off|Off|OFF"
NULL = r"~|null|Null|NULL|"
NUMBER = r"[-+]?[0-9_.][0-9A-Za-z_.+-]*"
"""What may be a number: `number` decides."""
_TRUE = frozenset({"y", "yes", "true", "on"})
_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(?:0[bB](?P<two>[01]+)|0[oO]?(?P<eight>[0-7]+)|0[xX](?P<sixteen>[0-9a-fA-F]+)|(?P<ten>0|[1-9][0-9]*))"
)
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = {f"{sign}.{word}": float(f"{sign}inf") for sign in ("", "+", "-") for word in ("inf", "Inf", "INF")}
_NOT_FINITE |= dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan)
"""Numbers as keys; no JSON has them as values."""
_PLAIN = 6
"""Power of ten from which Go writes a key with an exponent."""
_BASES = {"two": 2, "eight": 8, "sixteen": 16, "ten": 10}
_INT64, _UINT64, _EXPONENT = 2**63, 2**64, 1e21


def boolean(text: str) -> bool:
    """The value of a word that `BOOL` matches."""
    return text.lower() in _TRUE


def number(text: str) -> int | float | str:
    """The number in the text, or the text itself when it is none; what 64 bits can't hold is a fraction, as in JSON
    that Kubernetes writes.
    """
    if text in _NOT_FINITE:
        return _NOT_FINITE[text]
    if text.startswith(("_", "._")):
        return text
    plain = text.replace("_", "")
    found = _INTEGER.fullmatch(plain)
    if found is not None:
        name = next(name for name in _BASES if found[name] is not None)
        value = int(found[name], _BASES[name]) * (-1 if found["sign"] == "-" else 1)
        if -_INT64 <= value < _INT64:
            return value
        if 0 <= value < _UINT64 and not found["sign"]:
            return _written(float(value))
    if _DECIMAL.fullmatch(plain):
        fraction = float(plain)
        return _written(fraction) if math.isfinite(fraction) else text
    return text


def _written(value: float) -> int | float:
    """As it comes back from JSON that Kubernetes wrote: the fewest digits, without an exponent below 10^21."""
    return int(Decimal(repr(value))) if value.is_integer() and 2**53 < abs(value) < _EXPONENT else value


def key(value: bool | int | float) -> str:
    """The text that a key which isn't text becomes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else _shortest(value)


def _shortest(value: float) -> str:
    """As Go's `FormatFloat(value, 'g', -1, 32)`: the fewest digits that single precision tells apart."""
    if math.isnan(value):
        return ".nan"
    single = _single(value)
    if math.isinf(single):
        return ".inf" if single > 0 else "-.inf"
    shown = next(s for digits in range(18) if _single(float(s := f"{single:.{digits}e}")) == single)
    digits, _, exponent = shown.partition("e")
    power = int(exponent)
    if -4 <= power < _PLAIN:
        return f"{single:.{max(0, len(digits.lstrip('-').replace('.', '')) - 1 - power)}f}"
    return f"{digits}e{power:+03d}"


def _single(value: float) -> float:
    out: float = struct.unpack("f", struct.pack("f", value))[0]
    return out
