"""Burn rates over pairs of windows."""

from __future__ import annotations

import math

from conductor_core.domain.burn_rate import WINDOWS, burns


def test_both_windows_must_burn() -> None:
    quiet = dict.fromkeys(WINDOWS, 0.0005)
    assert not any(b.alarming for b in burns(0.999, quiet))
    short_only = quiet | {"5m": 0.5}
    assert not any(b.alarming for b in burns(0.999, short_only))
    both = quiet | {"5m": 0.5, "1h": 0.02}
    (fast, *_) = burns(0.999, both)
    assert fast.alarming
    assert round(fast.long or 0, 6) == 20.0


def test_what_was_not_measured_is_not_known() -> None:
    found = burns(0.99, {"1h": None, "5m": math.nan})
    assert [(b.long, b.short, b.alarming) for b in found] == [(None, None, False)] * 3


def test_without_a_budget_any_error_is_too_much() -> None:
    assert burns(1.0, dict.fromkeys(WINDOWS, 0.001))[0].alarming
    assert burns(1.0, dict.fromkeys(WINDOWS, 0.0))[0].long == 0.0
