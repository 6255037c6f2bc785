"""When reports are due: the last whole day, week (from Monday, ISO 8601) or month before a moment, in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

from conductor_core.errors import ConfigurationError

Every = Literal["day", "week", "month"]
ABOUT = ("release", "channel", "environment")


@dataclass(frozen=True)
class Schedule:
    """A report that is made by itself; about everything unless a release (and a channel of it) or a tier is named."""

    every: Every
    release: str = ""
    channel: str = ""
    environment: str = ""

    @property
    def text(self) -> str:
        """As it is written in the setting, such as `week release=intelgraph channel=prod`; equal for equal ones."""
        given = ((name, getattr(self, name)) for name in ABOUT)
        return " ".join([self.every, *(f"{name}={value}" for name, value in given if value)])

    @property
    def kind(self) -> str:
        """Which kind of report it makes."""
        return "release" if self.release else "environment" if self.environment else "period"

    def period(self, now: datetime) -> tuple[datetime, datetime]:
        """The last whole period before `now`: its start, and the moment after its end."""
        end = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        if self.every == "day":
            return end - timedelta(days=1), end
        if self.every == "week":
            end -= timedelta(days=end.weekday())
            return end - timedelta(days=7), end
        end = end.replace(day=1)
        return (end - timedelta(days=1)).replace(day=1), end


def parse(text: str) -> tuple[Schedule, ...]:
    """The schedules of a setting, `;` between; each once. Raises `ConfigurationError` for what can't be read."""
    parts = (part.split() for part in text.split(";"))
    return tuple(dict.fromkeys(_one(words) for words in parts if words))


def _one(words: list[str]) -> Schedule:
    every, *rest = words
    pairs = [word.partition("=") for word in rest]
    given = {name: value for name, _, value in pairs}
    wrong = [name for name, _, value in pairs if name not in ABOUT or not value]
    if every not in get_args(Every):
        raise _unread(words, f"{every!r} is none of {', '.join(get_args(Every))}.")
    if wrong or len(given) < len(pairs):
        raise _unread(words, f"After that come {', '.join(f'{name}=NAME' for name in ABOUT)}, each once at most.")
    if given.get("channel") and not given.get("release"):
        raise _unread(words, "A channel is one of a release, and none is named.")
    if given.get("release") and given.get("environment"):
        raise _unread(words, "It is about a release or about an environment, not both.")
    return Schedule(every, **given)  # type: ignore[arg-type]  # one of the three, as was just checked


def _unread(words: list[str], why: str) -> ConfigurationError:
    return ConfigurationError(
        f"The report schedule {' '.join(words)!r} can't be read.",
        why=why,
        next="Write CONDUCTOR_REPORT_SCHEDULES as `month; week release=intelgraph channel=prod; day environment=prod`.",
    )
