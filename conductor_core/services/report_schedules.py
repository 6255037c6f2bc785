"""Reports that are made by themselves: for each schedule, the one about its last whole period, once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from conductor_core.domain.actors import SYSTEM
from conductor_core.domain.report_schedules import Schedule, parse
from conductor_core.errors import NotFoundError
from conductor_core.ports.clock import Clock
from conductor_core.services.reports import Report, ReportService, Wanted


@dataclass(frozen=True)
class Due:
    """A schedule, its last whole period (UTC, `end` not in it), and the report about that, once it is made."""

    schedule: Schedule
    start: datetime
    end: datetime
    report: Report | None


class ReportSchedules:
    """Reads the setting `report_schedules`, and makes what is due."""

    def __init__(self, text: str, reports: ReportService, clock: Clock) -> None:
        self._text, self._reports, self._clock = text, reports, clock

    def all(self) -> list[Due]:
        """Every schedule in the setting's order; raises `ConfigurationError` when the setting can't be read."""
        schedules = parse(self._text)
        if not schedules:
            return []
        now = self._clock.now()
        periods = [(schedule, *schedule.period(now)) for schedule in schedules]
        since = min(end for *_, end in periods)  # a report about a period is made when that is over
        made = {(report.schedule, report.start): report for report in self._reports.all(since)}
        return [Due(schedule, start, end, made.get((schedule.text, start))) for schedule, start, end in periods]

    def make(self) -> list[Report]:
        """Make those that are due and not made yet; a period in which nothing happened has no report."""
        made = []
        for due in self.all():
            if due.report is None:
                try:
                    made.append(self._reports.create(SYSTEM, _wanted(due)))
                except NotFoundError:
                    continue
        return made


def _wanted(due: Due) -> Wanted:
    about = due.schedule
    return Wanted(
        about.kind,
        release=about.release,
        channel=about.channel,
        environment=about.environment,
        start=due.start,
        end=due.end,
        schedule=about.text,
    )
