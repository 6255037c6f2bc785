"""Scalars that YAML readers disagree on, and what kubectl 1.34 and helm 3.19 make of them (`tests/real` asks both)."""

from __future__ import annotations

WORDS: dict[str, object] = {
    "y": True, "Y": True, "n": False, "N": False, "yes": True, "No": False, "on": True, "OFF": False, "tRue": "tRue",
    "~": None, "null": None, "nULL": "nULL", "0777": 511, "0o17": 15, "0O17": 15, "08": 8, "007": 7, "-017": -15,
    "1_000": 1000, "1_": 1, "_1": "_1", "-_1": -1, "+_1": 1, "._1": "._1", "1_000.5": 1000.5, "0x1F": 31, "0X1f": 31,
    "0x_1": 1, "0b101": 5, "0B1": 1, "-0b11": -3, "0x": "0x", "0b2": "0b2", "1e3": 1000, "1e1_0": 10_000_000_000,
    "1.": 1, ".5e1": 5, ".": ".", "1.5.2": "1.5.2", "1:30": "1:30", "190:20:30": "190:20:30", "1e400": "1e400",
    "2001-01-01": "2001-01-01", "1e": "1e", "1+1": "1+1", "-0": 0, "9223372036854775807": 9223372036854775807,
    "18446744073709551615": 18446744073709552000, "123456789012345678901234567890": 123456789012345678901234567890.0,
    "0xFFFFFFFFFFFFFFFFF": "0xFFFFFFFFFFFFFFFFF", "inf": "inf", "'yes'": "yes", ".iNF": ".iNF", "+.nan": "+.nan",
    "-inf": "-inf", "!!str .inf": ".inf", "!!str 1": "1", "!!binary aGk=": "hi",
}  # fmt: skip

KEYS = {
    "on": "true", "n": "false", "'on'": "on", "0777": "511", "1_000": "1000", "1.0": "1", "1.50": "1.5", "1e3": "1000",
    "1e30": "1e+30", "1.5e-7": "1.5e-07", "1000000.0": "1e+06", "123456.0": "123456", "16777217.0": "1.6777216e+07",
    "2001-01-01": "2001-01-01", "!!str on": "on", "1e39": ".inf", "+.Inf": ".inf", "-.inf": "-.inf", ".NaN": ".nan",
}  # fmt: skip

REFUSED = (".inf", ".Inf", ".INF", "+.inf", "-.Inf", ".nan", ".NaN", ".NAN", "!!float .inf")
"""Values that neither reads: JSON has none for them."""
