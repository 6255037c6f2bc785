"""How many examples of a law are tried: all of them, or a fifth while one works (`make check`)."""

from __future__ import annotations

from hypothesis import settings


def examples(many: int) -> int:
    """`many`, or a fifth of it under the profile `quick`; a number set by hand would outdo the profile."""
    return many // 5 if settings.get_current_profile_name() == "quick" else many
