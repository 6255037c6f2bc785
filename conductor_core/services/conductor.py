"""The services joined over their ports: what every door gets, whatever the adapters behind it are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from conductor_core import __version__
from conductor_core.domain.actors import Actor
from conductor_core.ports.argocd import ArgoCd
from conductor_core.ports.change_store import ChangeStore
from conductor_core.ports.heartbeats import Heartbeats
from conductor_core.ports.locks import Locks
from conductor_core.ports.notebooks import Notebooks
from conductor_core.ports.operation_store import OperationStore
from conductor_core.ports.policy import PolicyEngine
from conductor_core.ports.progress import BuildState
from conductor_core.ports.run_log import RunLog
from conductor_core.services import probes
from conductor_core.services.argo_sync import ArgoSync
from conductor_core.services.audit import AuditService
from conductor_core.services.audit_pack import AuditPacks
from conductor_core.services.audit_projector import AuditProjector, sealed_in
from conductor_core.services.changes import ChangeService
from conductor_core.services.checks import Patience, drivers
from conductor_core.services.compatibility import CompatibilityService
from conductor_core.services.delivery import DeliveryReader
from conductor_core.services.delivery_desk import DeliveryDesk, delivery_desk
from conductor_core.services.delivery_shelf import delivery_shelf
from conductor_core.services.doctor import Doctor
from conductor_core.services.emergencies import Emergencies
from conductor_core.services.environment_shelf import environment_shelf
from conductor_core.services.environments import EnvironmentService
from conductor_core.services.escalation import Escalation
from conductor_core.services.evidence import EvidenceService
from conductor_core.services.execution import ExecutionService
from conductor_core.services.fronts import Fronts
from conductor_core.services.gates import PolicyGate
from conductor_core.services.identity import IdentityService
from conductor_core.services.identity_record import IdentityRecord
from conductor_core.services.ledger import Ledger
from conductor_core.services.ledger_reader import LedgerReader
from conductor_core.services.notices import NoticeService
from conductor_core.services.operations import Driver, OperationService
from conductor_core.services.partial_rollback import PartialRollback
from conductor_core.services.parts import Parts
from conductor_core.services.planning import Gate, PlanningService, parameters_only
from conductor_core.services.quarantines import GATE, QuarantineGate, QuarantineService
from conductor_core.services.release_checks import ReleaseChecks
from conductor_core.services.release_history import ReleaseHistory
from conductor_core.services.release_shelf import release_reader, release_shelf
from conductor_core.services.release_stuck import ReleaseStuck
from conductor_core.services.release_values import ReleaseValues
from conductor_core.services.releases import ReleaseReader
from conductor_core.services.report_schedules import ReportSchedules
from conductor_core.services.reports import ReportService
from conductor_core.services.runbooks import RunbookService
from conductor_core.services.server_gate import ServerGate
from conductor_core.services.setting_rows import rows, secrets
from conductor_core.services.settings_record import SettingsRecord
from conductor_core.services.smoke import SmokeService
from conductor_core.services.smoke_shelf import smoke_shelf
from conductor_core.services.status import Probe, StatusService
from conductor_core.services.timelines import Timelines
from conductor_core.services.troubleshooting_shelf import troubleshooting_shelf
from conductor_core.services.ui_assets import UiAssets
from conductor_core.services.values_edits import ValuesEdits
from conductor_core.settings import Settings


@dataclass(frozen=True)
class Conductor:
    """Everything that a door may call. `local_progress`: how far the local control plane's build is, or None."""

    settings: Settings
    changes: ChangeService
    runbooks: RunbookService
    releases: ReleaseReader
    evidence: EvidenceService
    run_log: RunLog
    operations: OperationStore
    acts: OperationService
    notebooks: Notebooks
    policy: PolicyEngine
    status: StatusService
    ledger: Ledger
    store: ChangeStore
    locks: Locks
    execution: ExecutionService
    heartbeats: Heartbeats
    local_progress: Callable[[], BuildState | None]
    ledger_reader: LedgerReader
    audit_packs: AuditPacks
    audit: AuditService
    reports: ReportService
    report_schedules: ReportSchedules
    identity: IdentityService
    settings_record: SettingsRecord
    quarantines: QuarantineService
    release_history: ReleaseHistory
    stuck: ReleaseStuck
    release_values: ReleaseValues
    emergencies: Emergencies
    delivery: DeliveryReader
    timelines: Timelines
    values_edits: ValuesEdits
    partial: PartialRollback
    desk: DeliveryDesk
    argocd: ArgoCd
    environments: EnvironmentService
    notices: NoticeService
    smoke: SmokeService
    doctor: Doctor
    compatibility: CompatibilityService
    escalation: Escalation
    ui_assets: UiAssets

    def actor(self, name: str) -> Actor:
        """The local identity of that name; raises `AccessDeniedError` outside the local mode or for an unknown one."""
        return self.identity.local(name)


def join(parts: Parts) -> Conductor:
    """The services over these parts."""
    ledger, evidence = Ledger(parts.store, parts.clock), EvidenceService(parts.blobs)
    runbooks = RunbookService(parts.files)
    notices = NoticeService(parts.store, parts.messenger, lambda: parts.settings.address)
    changes = ChangeService(parts.store, runbooks, parts.workflows, ledger, parts.clock, notices.tell)
    quarantines = QuarantineService(parts.quarantines, ledger, parts.clock)
    releases = release_reader(parts, quarantines)
    policy_gate = PolicyGate(parts.policy, ledger, parts.clock.now)
    delivering = delivery_shelf(parts, releases, changes, quarantines)
    tested = smoke_shelf(parts, releases, ledger)
    mending = troubleshooting_shelf(parts, evidence, releases)
    gates: dict[str, Gate] = {
        **delivering.gates,
        "policy": policy_gate,
        "server": ServerGate(parts.cluster),
        GATE: QuarantineGate(quarantines),
        **tested.gates,
        **mending.gates,
    }
    shelf = release_shelf(
        releases,
        quarantines,
        repository=parts.repository,
        helm=parts.helm,
        documents=parts.documents,
        store=parts.store,
        mask_key=parts.mask_key,
        cluster=parts.cluster,
        clock=parts.clock,
        argo=ArgoSync(parts.argocd, parts.monotonic, parts.sleep),
    )
    estate = environment_shelf(parts, evidence, changes, policy_gate.document)
    shelved = (shelf.plans, estate.plans, delivering.plans, tested.plans, mending.plans)
    functions = {"parameters_only": parameters_only} | {k: v for plans in shelved for k, v in plans.items()}
    always = lambda: {"policy": parts.policy.bundle_digest()}  # noqa: E731  # a fact read at each plan
    planning = PlanningService(runbooks, functions, gates, evidence, always)
    looks = ReleaseChecks(releases, parts.cluster, parts.web, lambda: parts.now().intelgraph_url)
    kinds: dict[str, Driver] = {
        **shelf.drivers,
        **estate.drivers,
        **delivering.drivers,
        **mending.drivers,
        **drivers(
            looks.probes() | estate.probes | tested.probes | dict(mending.probes),
            Patience(parts.monotonic, parts.sleep),
        ),
    }
    acts = OperationService(parts.operations, kinds, parts.clock)
    emergencies = Emergencies(parts.store, runbooks, ledger)
    execution = ExecutionService(
        changes,
        planning,
        runbooks,
        acts,
        parts.notebooks,
        parts.run_log,
        parts.blobs,
        parts.settings.kernel_variables,
        emergencies.overtaking,
        parts.sleep,
    )
    projector = AuditProjector(parts.store, parts.audit_builder, parts.locks, sealed_in(parts.ledger_reader))
    asked = [
        *probes.core(parts.store, parts.blobs, parts.policy, parts.heartbeats.latest),
        Probe("ledger", parts.ledger_reader.health),
        *probes.outside(parts.now, parts.cluster, parts.helm, releases, parts.web),
        *Fronts(parts.now, parts.web, parts.cluster, releases).probes(),
    ]
    status = StatusService(asked, lambda: parts.workflows.depth())  # a name alone would load its library
    doctor = Doctor(parts.now, parts.commands, parts.cluster, releases, parts.logins, status.connections)
    packs = AuditPacks(parts.ledger_reader, parts.store, parts.operations, parts.blobs)
    reports = ReportService(
        parts.store,
        parts.operations,
        parts.ledger_reader,
        ledger,
        parts.report_pages,
        parts.report_store,
        parts.signer,
        parts.ed25519,
        parts.clock,
        parts.mask_key,
    )
    escalation = Escalation(
        changes,
        releases,
        parts.cluster,
        parts.argocd,
        tested.smoke,
        doctor.look,
        reports.told,
        packs.of_change,
        evidence,
        parts.log_files,
        lambda: rows(parts.now()),
        lambda: secrets(parts.now()),
        ledger,
        parts.clock,
        __version__,
        parts.mask_key,
    )
    return Conductor(
        settings=parts.settings,
        changes=changes,
        runbooks=runbooks,
        releases=releases,
        evidence=evidence,
        run_log=parts.run_log,
        operations=parts.operations,
        acts=acts,
        notebooks=parts.notebooks,
        policy=parts.policy,
        status=status,
        ledger=ledger,
        store=parts.store,
        locks=parts.locks,
        execution=execution,
        heartbeats=parts.heartbeats,
        local_progress=parts.local_progress,
        ledger_reader=parts.ledger_reader,
        audit=AuditService(parts.audit_database, parts.questions, parts.answer_files, projector),
        reports=reports,
        report_schedules=ReportSchedules(parts.settings.report_schedules, reports, parts.clock),
        identity=IdentityService(parts.settings, parts.identities, IdentityRecord(parts.store, ledger).meet),
        settings_record=SettingsRecord(parts.settings, parts.store, ledger, parts.mask_key, __version__),
        quarantines=quarantines,
        release_history=shelf.history,
        stuck=shelf.stuck,
        smoke=tested.smoke,
        doctor=doctor,
        compatibility=tested.compatibility,
        release_values=ReleaseValues(releases, parts.documents, parts.mask_key),
        emergencies=emergencies,
        delivery=delivering.reader,
        timelines=delivering.timelines,
        values_edits=delivering.edits,
        partial=delivering.partial,
        desk=delivery_desk(parts, delivering, shelf, changes, ledger),
        argocd=parts.argocd,
        environments=estate.service,
        notices=notices,
        audit_packs=packs,
        escalation=escalation,
        ui_assets=mending.ui_assets,
    )
