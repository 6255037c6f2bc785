"""What the composition of services stands on: a filled port for each system outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from conductor_core.domain.notes import Ed25519, NoteSigner
from conductor_core.ports.argocd import ArgoCd
from conductor_core.ports.audit_database import AnswerFiles, AuditBuilder, AuditDatabase, QuestionFiles
from conductor_core.ports.blobs import Blobs
from conductor_core.ports.blueprint_files import BlueprintFiles
from conductor_core.ports.builds import SourceBuilds
from conductor_core.ports.change_store import ChangeStore
from conductor_core.ports.clock import Clock
from conductor_core.ports.cluster import Cluster
from conductor_core.ports.commands import CommandRunner
from conductor_core.ports.documents import Documents
from conductor_core.ports.drafts import Drafts
from conductor_core.ports.heartbeats import Heartbeats
from conductor_core.ports.helm import Helm
from conductor_core.ports.helmfile import Helmfile
from conductor_core.ports.identities import Identities
from conductor_core.ports.locks import Locks
from conductor_core.ports.log_files import LogFiles
from conductor_core.ports.logins import Logins
from conductor_core.ports.metric_files import MetricFiles
from conductor_core.ports.notebooks import Notebooks
from conductor_core.ports.notices import Messenger
from conductor_core.ports.object_patches import ObjectPatches
from conductor_core.ports.operation_store import OperationStore
from conductor_core.ports.policy import PolicyEngine
from conductor_core.ports.progress import BuildState
from conductor_core.ports.prometheus import Prometheus
from conductor_core.ports.quarantines import Quarantines
from conductor_core.ports.reports import ReportRenderer, ReportStore
from conductor_core.ports.repository import Repository
from conductor_core.ports.rollouts import Rollouts
from conductor_core.ports.run_log import RunLog
from conductor_core.ports.runbook_files import RunbookFiles
from conductor_core.ports.secrets import Secrets
from conductor_core.ports.smoke import LoadProgram, SmokeRuns, SmokeSuites
from conductor_core.ports.tofu import Tofu
from conductor_core.ports.web import Web
from conductor_core.ports.workflows import Workflows
from conductor_core.services.ledger_reader import LedgerReader
from conductor_core.settings import Settings


@dataclass(frozen=True)
class Parts:
    """The ports that the composition root has filled; `now` gives the settings with what the local plane offers."""

    settings: Settings
    now: Callable[[], Settings]
    clock: Clock
    store: ChangeStore
    operations: OperationStore
    run_log: RunLog
    heartbeats: Heartbeats
    blobs: Blobs
    workflows: Workflows
    notebooks: Notebooks
    files: RunbookFiles
    policy: PolicyEngine
    cluster: Cluster
    helm: Helm
    helmfile: Helmfile
    repository: Repository
    builds: SourceBuilds
    documents: Documents
    web: Web
    locks: Locks
    mask_key: bytes
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    local_progress: Callable[[], BuildState | None]
    ledger_reader: LedgerReader
    audit_database: AuditDatabase
    audit_builder: AuditBuilder
    questions: QuestionFiles
    answer_files: AnswerFiles
    report_pages: ReportRenderer
    report_store: ReportStore
    signer: Callable[[], NoteSigner]
    ed25519: Ed25519
    argocd: ArgoCd
    rollouts: Rollouts
    fleet_rollouts: Mapping[str, Rollouts]
    patches: ObjectPatches
    prometheus: Prometheus
    identities: Identities
    quarantines: Quarantines
    metric_files: MetricFiles
    blueprint_files: BlueprintFiles
    tofu: Tofu
    secrets: Secrets
    drafts: Drafts
    messenger: Messenger | None
    commands: CommandRunner
    logins: Logins
    smoke_suites: SmokeSuites
    smoke_runs: SmokeRuns
    k6: LoadProgram
    log_files: LogFiles
