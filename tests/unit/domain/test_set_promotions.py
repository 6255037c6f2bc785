"""Which services of a set are promoted: each cause keeps one back, and what is left works together."""

from __future__ import annotations

import pytest

from conductor_core.domain.compatibility import Component, Matrix, Need
from conductor_core.domain.set_promotions import Cause, Seen, Service, decide, services
from conductor_core.errors import InputError

API, UI = Service("api", "shop"), Service("ui", "shop", "ui.image.tag")
MATRIX = Matrix(
    (Component("api", "shop", "image.tag"), Component("ui", "shop", "ui.image.tag")),
    (Need("ui", ">=2.3.0", (("api", ">=1.4.0"),), "It asks for a field of 1.4."),),
)


def test_components_are_services_and_a_release_without_any_is_one() -> None:
    found = services(MATRIX, ["shop", "search"])
    assert found == (API, UI, Service("search", "search"))
    assert found[1].path == ("ui", "image", "tag")


def test_what_is_newer_in_the_source_is_promoted() -> None:
    found = decide([Seen(API, "1.4.3", "1.4.2"), Seen(UI, "2.3.0", "2.3.0")], MATRIX)
    assert [s.cause for s in found] == [None, Cause.SAME]
    assert found[0].as_json() == {
        "service": "api",
        "release": "shop",
        "from": "1.4.3",
        "to": "1.4.2",
        "skipped": "",
        "why": "",
    }


def test_an_older_version_is_no_promotion_and_versions_without_an_order_are_taken() -> None:
    found = decide([Seen(API, "1.4.2", "1.4.3"), Seen(UI, "nightly-7", "nightly-9")], MATRIX)
    assert [s.cause for s in found] == [Cause.OLDER, None]


def test_what_was_found_to_keep_a_service_back_stays_and_a_request_may_leave_one_out() -> None:
    found = decide([Seen(API, "1.5.0", "1.4.0", Cause.WAVE_RUNS), Seen(UI, "2.2.0", "2.1.0")], MATRIX, ["ui"])
    assert [s.cause for s in found] == [Cause.WAVE_RUNS, Cause.LEFT_OUT]
    with pytest.raises(InputError, match="no service 'db'"):
        decide(found, MATRIX, ["db"])


def test_a_service_that_would_break_with_what_stays_is_kept_back_with_the_reason() -> None:
    found = decide([Seen(API, "1.4.0", "1.3.0"), Seen(UI, "2.3.0", "2.2.0")], MATRIX, ["api"])
    assert [s.cause for s in found] == [Cause.LEFT_OUT, Cause.INCOMPATIBLE]
    assert "needs api >=1.4.0, and it is 1.3.0" in found[1].why
    together = decide([Seen(API, "1.4.0", "1.3.0"), Seen(UI, "2.3.0", "2.2.0")], MATRIX)
    assert all(s.moves for s in together)
