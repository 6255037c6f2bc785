"""The read model of the record: which tables and views the SQL explorer has, and what each column means.

Every row says where it comes from: `sequence` is the event's place in the outbox, `ledger_index` its place in the
ledger (null until it is sealed), which `conductor ledger prove` takes. Times are in UTC, durations in seconds.
"""

from __future__ import annotations

from conductor_core.domain.audit_columns import ABOUT, NUMBER, PLACE, columns
from conductor_core.domain.audit_columns import Column as Column
from conductor_core.domain.audit_columns import Table as Table

VERSION = 6
"""Grows with every change of the tables below; a read model of another version is built anew."""
EVENTS = Table(
    "events",
    "Every recorded fact, as it was sealed.",
    columns(
        PLACE
        + NUMBER
        + """
id VARCHAR Id of the event.
type words:type conductor.<noun>.<fact>.v1
subject VARCHAR What it is about, mostly the id of a Change.
occurred_at TIMESTAMP When it happened.
actor words:person Who caused it: issuer|subject.
data JSON Everything else that it says.
"""
    ),
)
CHANGES = Table(
    "changes",
    "One row for each Change, as its latest event left it.",
    columns(
        PLACE
        + NUMBER
        + """
id VARCHAR Id of the Change.
title VARCHAR What it does, in words.
runbook words:runbook The runbook that it runs.
target words:target What it acts on.
tier words:tier Tier of the target: dev, staging, prod ...
release words:release The Helm release that it is about; empty when it is about none.
channel words:channel The channel of the release.
version words:version The version that the plan puts there.
git_commit VARCHAR The commit that the plan was rendered from.
state words:state Where it is: requested, awaiting_approval, approved, executing, succeeded, failed, denied ...
requester words:person Who asked for it: issuer|subject.
reason VARCHAR Why, in their words.
parameters JSON What it was asked with.
requested_at TIMESTAMP When it was asked for.
planned_at TIMESTAMP When its present plan was made.
approved_at TIMESTAMP When the last approval needed was given.
started_at TIMESTAMP When its execution started.
validated_at TIMESTAMP When its post-flight checks started.
finished_at TIMESTAMP When it ended.
updated_at TIMESTAMP When its latest event happened.
plan VARCHAR Digest of the present plan.
plans INTEGER How often it was planned.
denials INTEGER How many plans were denied by a gate.
approvals INTEGER How many approvals of the present plan were given.
operations INTEGER How many operations were dispatched for it.
checks_passed INTEGER Post-flight checks that passed.
checks_failed INTEGER Post-flight checks that failed.
outcome VARCHAR How it ended, in one sentence.
outcome_why VARCHAR Why it ended so.
notebook VARCHAR Digest of the executed notebook.
seal VARCHAR Digest of its sealed record.
"""
    ),
    key=("id",),
)
GATES = Table(
    "gates",
    "One row for each verdict of a gate on a plan.",
    columns(
        ABOUT
        + """
gate words:gate Name of the gate, such as policy/workload or server.
result words:result allow, warn or deny.
reasons INTEGER How many reasons it gave.
rules_run INTEGER How many rules were evaluated; zero is a denial.
plan VARCHAR Digest of the plan that was judged.
evidence VARCHAR Digest of what the gate saw.
"""
    ),
)
DECISIONS = Table(
    "decisions",
    "One row for each decision of a family of policy rules.",
    columns(
        ABOUT
        + """
family words:family Family of the rules.
result words:result allow, warn or deny.
denials INTEGER How many findings deny.
warnings INTEGER How many findings warn.
rules_run INTEGER How many rules were evaluated.
input VARCHAR Digest of the input document.
bundle VARCHAR Digest of the policy bundle.
engine words:engine Which engine decided.
microseconds BIGINT How long it took.
"""
    ),
)
FINDINGS = Table(
    "findings",
    "One row for each reason that a gate or policy gave.",
    columns(
        ABOUT
        + """
gate words:gate The gate that found it.
effect words:effect deny or warn.
rule words:rule The rule.
text VARCHAR What was found.
path VARCHAR Where.
clears_by VARCHAR The act that would clear it.
"""
    ),
)
APPROVALS = Table(
    "approvals",
    "One row for each approval that was given.",
    columns(
        ABOUT
        + """
actor words:person Who approved: issuer|subject.
plan VARCHAR Digest of the plan that was approved.
reason VARCHAR Their words.
waited_seconds DOUBLE How long the plan had waited for it.
"""
    ),
)
VOIDS = Table(
    "voids",
    "One row for each time that a changed plan voided the approvals of the plan before.",
    columns(
        ABOUT
        + """
plan VARCHAR Digest of the new plan.
changed JSON What was different in it.
"""
    ),
)
OPERATIONS = Table(
    "operations",
    "One row for each act on the world, as its latest event left it.",
    columns(
        ABOUT
        + """
name VARCHAR Name of the operation, once in its Change.
kind words:kind What kind of act it is, such as helm_upgrade or check:pods.
state words:state started, succeeded, failed or unknown.
dispatches INTEGER How often it was sent to the world.
started_at TIMESTAMP When it was first dispatched.
finished_at TIMESTAMP When it ended.
request VARCHAR Digest of what was asked.
result VARCHAR Digest of what came of it.
"""
    ),
    key=("change_id", "name"),
)
SMOKE_RESULTS = Table(
    "smoke_results",
    "One row for each post-flight check of a Change.",
    columns(
        ABOUT
        + """
name words:check Name of the check.
passed BOOLEAN Whether it passed.
detail VARCHAR What it saw.
"""
    ),
)
EVIDENCE = Table(
    "evidence",
    "One row for each piece of evidence that a plan names.",
    columns(
        ABOUT
        + """
plan VARCHAR Digest of the plan.
name VARCHAR Name of the piece.
media_type words:media_type Its media type.
digest VARCHAR Its digest, which is its place in the evidence store.
size BIGINT Bytes.
"""
    ),
)
ROLLOUT_STEPS = Table(
    "rollout_steps",
    "One row for each step of a progressive delivery.",
    columns(
        ABOUT
        + """
rollout VARCHAR The rollout: NAMESPACE/NAME.
version words:version The version that is rolled out.
step INTEGER Number of the step, from 0.
weight INTEGER Share of traffic, in per cent.
phase words:phase How it stood: healthy, progressing, paused, degraded or aborted.
"""
    ),
)
METRIC_SAMPLES = Table(
    "metric_samples",
    "One row for each measurement of an analysis.",
    columns(
        ABOUT
        + """
rollout VARCHAR The rollout: NAMESPACE/NAME.
metric words:metric Name of the metric.
value DOUBLE What was measured.
threshold DOUBLE What it was held against.
passed BOOLEAN Whether it held.
"""
    ),
)
RUNS = Table(
    "runs",
    "One row for each execution of a runbook.",
    columns(
        ABOUT
        + """
runbook words:runbook The runbook.
target words:target What it acted on.
state words:state State of its Change.
finished_at TIMESTAMP When it ended.
seconds DOUBLE How long it ran.
operations INTEGER How many operations it dispatched.
notebook VARCHAR Digest of the executed notebook.
"""
    ),
    stored=False,
)
RELEASES = Table(
    "releases",
    "One row for each deployment of a release: a Change that deploys or rolls back and has been executed.",
    columns(
        ABOUT
        + """
kind words:kind deploy or rollback.
version words:version The version that was put there.
git_commit VARCHAR The commit that it was rendered from.
reason VARCHAR Why, in the words of who asked for it.
state words:state State of its Change.
finished_at TIMESTAMP When it ended.
lead_seconds DOUBLE From the request to the end.
"""
    ),
    stored=False,
)
TABLES: tuple[Table, ...] = (
    CHANGES,
    RELEASES,
    GATES,
    FINDINGS,
    DECISIONS,
    APPROVALS,
    VOIDS,
    OPERATIONS,
    RUNS,
    SMOKE_RESULTS,
    EVIDENCE,
    ROLLOUT_STEPS,
    METRIC_SAMPLES,
    EVENTS,
)
"""Everything that can be asked, in the order in which it is shown."""
STORED: tuple[Table, ...] = tuple(table for table in TABLES if table.stored)
EXTRA: dict[str, tuple[Column, ...]] = {
    "changes": columns(
        """
lead_seconds DOUBLE From the request to the end.
wait_seconds DOUBLE From the plan to the last approval needed.
run_seconds DOUBLE From the start of the execution to the end.
"""
    ),
    "approvals": columns("void BOOLEAN Whether the plan became another one afterwards, which voids it for ever."),
    "operations": columns("seconds DOUBLE How long it took."),
}
"""Columns that a view computes beside those that its table stores."""
LEDGER_INDEX = Column(
    "ledger_index",
    "BIGINT",
    "Place of the event in the ledger; null until it is sealed. `conductor ledger prove` takes it.",
)


def shown(table: Table) -> tuple[Column, ...]:
    """The columns of the view that people ask: `ordinal` is shown as the ledger index."""
    stored = tuple(LEDGER_INDEX if column.name == "ordinal" else column for column in table.columns)
    return stored + EXTRA.get(table.name, ())
