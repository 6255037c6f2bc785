"""What the benchmark asks the explorer and PostgreSQL, and the indexes that are made for it there.

Twelve of the saved questions as PostgreSQL is asked them, each in its best form: `ASOF JOIN`, `arg_max` and `median`
have no namesake there, so LATERAL with an index that answers it, and `percentile_cont`, stand for them. `{now}` is when
both are asked. And twelve sums with one text for both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_DEPLOYED = (
    "started_at IS NOT NULL AND release <> '' AND split_part(runbook, '_', 1) IN ('deploy', 'rollback', 'promote')"
)
_KIND = "CASE WHEN starts_with(runbook, 'rollback') THEN 'rollback' ELSE 'deploy' END"
_LEAD = "extract(epoch FROM finished_at - requested_at)"


@dataclass(frozen=True)
class Peer:
    """What PostgreSQL is asked for a saved question, which gets these `parameters`."""

    sql: str
    parameters: Mapping[str, int]


PEERS: dict[str, Peer] = {
    "prod_deployments": Peer(
        f"""SELECT started_at, release, version, {_KIND}, state, requester, reason, {_LEAD}, id, ordinal
        FROM changes WHERE tier = 'prod' AND started_at >= {{now}} - INTERVAL '7 days' AND {_DEPLOYED}
        ORDER BY started_at DESC, ordinal DESC""",
        {"days": 7},
    ),
    "lead_time": Peer(
        f"""SELECT release, count(*), round((percentile_cont(0.5) WITHIN GROUP (ORDER BY {_LEAD}) / 60)::numeric, 1),
          round((percentile_cont(0.95) WITHIN GROUP (ORDER BY {_LEAD}) / 60)::numeric, 1),
          count(*) FILTER (WHERE state = 'failed'),
          round(100.0 * count(*) FILTER (WHERE state = 'failed') / count(*), 1)
        FROM changes WHERE {_DEPLOYED} AND NOT starts_with(runbook, 'rollback') AND finished_at IS NOT NULL
          AND started_at >= {{now}} - INTERVAL '365 days' GROUP BY 1 ORDER BY 2 DESC, 1""",
        {"days": 365},
    ),
    "failed_changes": Peer(
        """SELECT f.finished_at, f.title, f.outcome, f.outcome_why, f.id, m.finished_at, m.title, m.id, f.ordinal
        FROM changes AS f LEFT JOIN LATERAL (
          SELECT finished_at, title, id FROM changes AS g
          WHERE g.target = f.target AND g.state = 'succeeded' AND g.finished_at > f.finished_at
          ORDER BY g.finished_at LIMIT 1) AS m ON true
        WHERE f.state = 'failed' AND f.finished_at >= {now} - INTERVAL '30 days'
        ORDER BY f.finished_at DESC, f.ordinal DESC""",
        {"days": 30},
    ),
    "denying_policies": Peer(
        """SELECT d.gate, d.rule, d.findings, d.changes, d.latest, c.clears_by FROM (
          SELECT gate, rule, count(*) AS findings, count(DISTINCT change_no) AS changes, max(occurred_at) AS latest
          FROM findings WHERE effect = 'deny' AND occurred_at >= {now} - INTERVAL '365 days' GROUP BY 1, 2) AS d
        CROSS JOIN LATERAL (SELECT clears_by FROM findings AS f WHERE f.effect = 'deny' AND f.gate = d.gate
          AND f.rule = d.rule ORDER BY occurred_at DESC LIMIT 1) AS c
        ORDER BY changes DESC, findings DESC, rule, gate""",
        {"days": 365},
    ),
    "slow_approvals": Peer(
        """SELECT c.title, c.tier, round((a.waited_seconds / 60)::numeric, 1), a.actor, a.occurred_at,
          EXISTS (SELECT 1 FROM voids AS v WHERE v.change_no = a.change_no AND v.sequence > a.sequence
            AND v.plan <> a.plan), a.change_id, a.ordinal
        FROM (SELECT * FROM approvals WHERE occurred_at >= {now} - INTERVAL '365 days'
          ORDER BY waited_seconds DESC, sequence LIMIT 50) AS a JOIN changes AS c ON c.change_no = a.change_no
        ORDER BY a.waited_seconds DESC, a.sequence""",
        {"days": 365},
    ),
    "slow_operations": Peer(
        """SELECT kind, count(*),
          round((percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - started_at)))::numeric, 1)
            AS median,
          round((percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - started_at)))::numeric,
            1),
          count(*) FILTER (WHERE state = 'failed'), count(*) FILTER (WHERE dispatches > 1)
        FROM operations WHERE started_at >= {now} - INTERVAL '365 days'
        GROUP BY kind ORDER BY median DESC NULLS LAST, kind""",
        {"days": 365},
    ),
    "deployments_per_day": Peer(
        f"""SELECT (started_at AT TIME ZONE 'UTC')::date, tier, count(*) FROM changes
        WHERE {_DEPLOYED} AND started_at >= {{now}} - INTERVAL '365 days' GROUP BY 1, 2 ORDER BY 1, 2""",
        {"days": 365},
    ),
    "dora": Peer(
        f"""WITH mended AS (
          SELECT f.change_no, m.finished_at - f.finished_at AS took FROM changes AS f CROSS JOIN LATERAL (
            SELECT finished_at FROM changes AS g WHERE g.release = f.release AND g.channel = f.channel
              AND g.state = 'succeeded' AND g.finished_at > f.finished_at AND {_DEPLOYED}
              AND g.started_at >= {{now}} - INTERVAL '371 days'
            ORDER BY g.finished_at LIMIT 1) AS m
          WHERE f.state = 'failed' AND {_DEPLOYED} AND f.started_at >= {{now}} - INTERVAL '371 days')
        SELECT date_trunc('week', d.finished_at)::date, count(*),
          round((percentile_cont(0.5) WITHIN GROUP (ORDER BY {_LEAD}) / 60)::numeric, 1),
          round(100.0 * count(*) FILTER (WHERE state = 'failed') / count(*), 1),
          round((extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY mended.took)) / 60)::numeric, 1)
        FROM changes AS d LEFT JOIN mended ON mended.change_no = d.change_no
        WHERE {_DEPLOYED} AND finished_at IS NOT NULL AND started_at >= {{now}} - INTERVAL '371 days'
        GROUP BY 1 ORDER BY 1""",
        {"weeks": 53},
    ),
    "executed_without_approval": Peer(
        """SELECT c.started_at, c.title, c.requester, c.state, c.plan, c.id, c.ordinal FROM changes AS c
        WHERE c.tier = 'prod' AND c.started_at IS NOT NULL AND NOT EXISTS (
          SELECT 1 FROM approvals AS a WHERE a.change_no = c.change_no AND a.plan = c.plan AND a.actor <> c.requester
            AND a.occurred_at <= c.started_at)
        ORDER BY c.started_at, c.ordinal""",
        {},
    ),
    "separation_of_duties": Peer(
        """SELECT a.occurred_at, a.actor, c.requester, c.title, a.change_id, a.ordinal
        FROM approvals AS a JOIN changes AS c ON c.change_no = a.change_no AND c.requester = a.actor
        ORDER BY a.occurred_at, a.ordinal""",
        {},
    ),
    "approver_load": Peer(
        """SELECT actor, count(*) AS n,
          round((percentile_cont(0.5) WITHIN GROUP (ORDER BY waited_seconds) / 60)::numeric, 1),
          count(*) FILTER (WHERE EXISTS (SELECT 1 FROM voids AS v WHERE v.change_no = a.change_no
            AND v.sequence > a.sequence AND v.plan <> a.plan))
        FROM approvals AS a WHERE occurred_at >= {now} - INTERVAL '365 days' GROUP BY actor ORDER BY n DESC, actor""",
        {"days": 365},
    ),
    "smoke_failures": Peer(
        """SELECT s.release, s.channel, s.name, s.ran, s.failed, s.latest, d.detail FROM (
          SELECT release, channel, name, count(*) AS ran, count(*) FILTER (WHERE NOT passed) AS failed,
            max(occurred_at) FILTER (WHERE NOT passed) AS latest
          FROM smoke_results WHERE occurred_at >= {now} - INTERVAL '365 days' GROUP BY 1, 2, 3) AS s
        LEFT JOIN LATERAL (SELECT detail FROM smoke_results AS r WHERE NOT r.passed AND r.release = s.release
          AND r.channel = s.channel AND r.name = s.name ORDER BY occurred_at DESC LIMIT 1) AS d ON true
        ORDER BY failed DESC, ran DESC, release, channel, name""",
        {"days": 365},
    ),
}
"""The saved questions that go over many rows; a list of rows is asked for its usual days, a sum for a year."""

SUMS: dict[str, str] = {
    "deployments by release and end": """
        SELECT release, state, count(*) AS n FROM changes WHERE started_at IS NOT NULL GROUP BY release, state
        ORDER BY release, state""",
    "lead time by release": """
        SELECT release,
          percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - requested_at)) AS median
        FROM changes WHERE finished_at IS NOT NULL GROUP BY release ORDER BY release""",
    "failure rate by week": """
        SELECT date_trunc('week', finished_at) AS week, count(*) AS n,
          count(*) FILTER (WHERE state = 'failed') AS failed
        FROM changes WHERE finished_at IS NOT NULL GROUP BY 1 ORDER BY 1""",
    "who deployed to prod in a week": """
        SELECT requester, release, count(*) AS n FROM changes
        WHERE tier = 'prod' AND started_at >= TIMESTAMP '2026-01-01'
          AND started_at < TIMESTAMP '2026-01-08' GROUP BY 1, 2 ORDER BY 1, 2""",
    "longest approvals": """
        SELECT c.tier, a.actor, max(a.waited_seconds) AS longest, avg(a.waited_seconds) AS mean
        FROM approvals AS a JOIN changes AS c ON c.change_no = a.change_no GROUP BY 1, 2 ORDER BY 1, 2""",
    "which rule denies most": """
        SELECT gate, rule, count(*) AS n, count(DISTINCT change_no) AS changes FROM findings WHERE effect = 'deny'
        GROUP BY 1, 2 ORDER BY n DESC, gate, rule LIMIT 20""",
    "events by type and day": """
        SELECT type, date_trunc('day', occurred_at) AS day, count(*) AS n FROM events GROUP BY 1, 2
        ORDER BY n DESC, 1, 2 LIMIT 50""",
    "most active people": """
        SELECT actor, count(*) AS n, count(DISTINCT change_no) AS changes FROM events GROUP BY 1
        ORDER BY n DESC, 1 LIMIT 20""",
    "slowest operations": """
        SELECT kind, count(*) AS n, avg(extract(epoch FROM finished_at - started_at)) AS mean FROM operations
        GROUP BY 1 ORDER BY 1""",
    "verdicts by gate and month": """
        SELECT gate, result, date_trunc('month', occurred_at) AS month, count(*) AS n FROM gates GROUP BY 1, 2, 3
        ORDER BY 1, 2, 3""",
    "failed and later mended": """
        SELECT f.release, count(*) AS failed, count(m.target) AS mended FROM changes AS f
        LEFT JOIN (SELECT target, max(finished_at) AS latest FROM changes WHERE state = 'succeeded' GROUP BY 1) AS m
          ON m.target = f.target AND m.latest > f.finished_at
        WHERE f.state = 'failed' GROUP BY 1 ORDER BY 1""",
    "search in reasons": """
        SELECT count(*) AS n, min(requested_at) AS first FROM changes WHERE reason LIKE '%ticket 4_7%'""",
}
"""Sums over the whole record; the same text for both."""

INDEXES = (
    "CREATE UNIQUE INDEX ON changes (change_no) INCLUDE (requester, title, tier)",
    "CREATE INDEX ON changes (tier, started_at)",
    "CREATE INDEX ON changes (started_at) INCLUDE (release, runbook, tier, state, requested_at, finished_at)",
    "CREATE INDEX ON changes (release, state) INCLUDE (runbook, started_at, requested_at, finished_at)",
    "CREATE INDEX ON changes (target, finished_at) WHERE state = 'succeeded'",
    "CREATE INDEX ON changes (finished_at) WHERE state = 'failed'",
    "CREATE INDEX ON changes (release, channel, finished_at) INCLUDE (runbook, started_at) WHERE state = 'succeeded'",
    "CREATE INDEX ON changes (release, channel) INCLUDE (change_no, finished_at, runbook, started_at)"
    " WHERE state = 'failed'",
    "CREATE INDEX ON findings (effect, gate, rule, change_no) INCLUDE (occurred_at)",
    "CREATE INDEX ON findings (effect, gate, rule, occurred_at)",
    "CREATE INDEX ON approvals (waited_seconds DESC, sequence)",
    "CREATE INDEX ON approvals (actor, change_no) INCLUDE (occurred_at, waited_seconds, sequence, plan)",
    "CREATE INDEX ON approvals (change_no) INCLUDE (actor, plan, occurred_at)",
    "CREATE INDEX ON voids (change_no) INCLUDE (sequence, plan)",
    "CREATE INDEX ON operations (kind) INCLUDE (started_at, finished_at, state, dispatches)",
    "CREATE INDEX ON smoke_results (release, channel, name) INCLUDE (occurred_at, passed)",
    "CREATE INDEX ON smoke_results (release, channel, name, occurred_at) WHERE NOT passed",
    "CREATE UNIQUE INDEX ON changes (id)",
    "CREATE INDEX ON changes (release, state) INCLUDE (started_at)",
    "CREATE INDEX ON changes (tier, started_at) INCLUDE (requester, release)",
    "CREATE INDEX ON changes (finished_at) INCLUDE (state)",
    "CREATE INDEX ON changes (state, release, target, finished_at)",
    "CREATE UNIQUE INDEX ON changes (change_no) INCLUDE (tier)",
    "CREATE INDEX ON events (subject)",
    "CREATE INDEX ON events (type, occurred_at)",
    "CREATE INDEX ON events (actor, change_no)",
    "CREATE INDEX ON approvals (change_no) INCLUDE (actor, waited_seconds)",
    "CREATE INDEX ON findings (effect, gate, rule, change_no)",
    "CREATE INDEX ON operations (kind) INCLUDE (started_at, finished_at)",
    "CREATE INDEX ON gates (gate, result, occurred_at)",
)
