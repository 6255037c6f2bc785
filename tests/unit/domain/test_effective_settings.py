"""A process's settings are told once, and again when something in them differs."""

from __future__ import annotations

from conductor_core.domain.effective_settings import applied, subject_of

NOW = {"CONDUCTOR_HOST": "127.0.0.1", "CONDUCTOR_OPA_URL": ""}


def test_the_first_time_everything_is_told_and_nothing_has_changed() -> None:
    fact = applied("api", "1.0", NOW, None)
    assert fact is not None
    assert fact.data["settings"] == NOW
    assert fact.data["changed"] == []
    assert subject_of("api") == "settings/api"


def test_the_same_is_not_told_again() -> None:
    first = applied("api", "1.0", NOW, None)
    assert first is not None
    assert applied("api", "1.0", dict(reversed(NOW.items())), first.data) is None


def test_what_differs_is_named() -> None:
    first = applied("api", "1.0", NOW | {"CONDUCTOR_OLD": "x"}, None)
    assert first is not None
    fact = applied("api", "1.1", NOW | {"CONDUCTOR_OPA_URL": "http://opa"}, first.data)
    assert fact is not None
    assert fact.data["changed"] == [
        {"name": "version", "before": "1.0", "after": "1.1"},
        {"name": "CONDUCTOR_OPA_URL", "before": "", "after": "http://opa"},
        {"name": "CONDUCTOR_OLD", "before": "x", "after": ""},
    ]


def test_a_damaged_earlier_fact_is_no_reason_to_stay_silent() -> None:
    fact = applied("api", "1.0", NOW, {"settings": "?"})
    assert fact is not None
    assert {"name": "CONDUCTOR_HOST", "before": "", "after": "127.0.0.1"} in list(fact.data["changed"])  # type: ignore[call-overload]  # a list
