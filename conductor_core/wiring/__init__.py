"""The composition root: the only room that joins ports to adapters. Connections open at first use."""

from __future__ import annotations

import time
from functools import partial

from conductor_core.adapters.argo_rollouts import ArgoRollouts
from conductor_core.adapters.blob_files import BlobFiles
from conductor_core.adapters.clock import SystemClock
from conductor_core.adapters.duckdb_audit.answer_files import AuditAnswerFiles
from conductor_core.adapters.duckdb_audit.question_files import QuestionFolder
from conductor_core.adapters.duckdb_audit.reader import DuckdbAuditDatabase
from conductor_core.adapters.file_locks import FileLocks
from conductor_core.adapters.k6 import K6Program
from conductor_core.adapters.log_files import LogFolder
from conductor_core.adapters.mask_key import mask_key
from conductor_core.adapters.metric_files import MetricFolder
from conductor_core.adapters.papermill_runs import PapermillRuns
from conductor_core.adapters.postgres.change_store import PostgresChangeStore
from conductor_core.adapters.postgres.drafts import PostgresDrafts
from conductor_core.adapters.postgres.engine import open_engine
from conductor_core.adapters.postgres.heartbeats import PostgresHeartbeats
from conductor_core.adapters.postgres.ledger_index import PostgresLedgerIndex
from conductor_core.adapters.postgres.operation_store import PostgresOperationStore
from conductor_core.adapters.postgres.quarantines import PostgresQuarantines
from conductor_core.adapters.postgres.run_log import PostgresRunLog
from conductor_core.adapters.postgres.smoke_runs import PostgresSmokeRuns
from conductor_core.adapters.registry_logins import RegistryLogins
from conductor_core.adapters.report_files import ReportFiles
from conductor_core.adapters.report_pages import ReportPages
from conductor_core.adapters.runbook_files import RunbookFolder
from conductor_core.adapters.secret_files import SecretFiles
from conductor_core.adapters.signing import ed25519, open_keys
from conductor_core.adapters.smoke_files import SmokeFolder
from conductor_core.adapters.system import SystemCommands
from conductor_core.adapters.web import HttpxWeb
from conductor_core.adapters.yaml_documents import YamlDocuments
from conductor_core.localplane import progress
from conductor_core.localplane.reach import reach
from conductor_core.ports.late import late
from conductor_core.services.conductor import Conductor, join
from conductor_core.services.parts import Parts
from conductor_core.settings import PROJECT_ROOT, Settings
from conductor_core.wiring import systems
from conductor_core.wiring.database import database_url, prepare_database, queue, stop_database
from conductor_core.wiring.record import (
    AUDIT,
    KEY,
    LOG,
    VKEY,
    audit_builder,
    check_report,
    open_log,
    own_log,
    projection,
    sealing,
    witnessing,
)
from conductor_core.wiring.serving import cookie_secret, serve, worker_name

__all__ = [
    "AUDIT",
    "KEY",
    "LOG",
    "VKEY",
    "Conductor",
    "check_report",
    "cookie_secret",
    "database_url",
    "open_log",
    "own_log",
    "prepare_database",
    "projection",
    "sealing",
    "serve",
    "stop_database",
    "wire",
    "witnessing",
    "worker_name",
]


def wire(settings: Settings) -> Conductor:
    """Join everything; nothing is contacted but PostgreSQL's address. Raises `ConfigurationError`."""
    clock, runner, documents, notebooks = SystemClock(), SystemCommands(), YamlDocuments(), PapermillRuns()
    web, url = HttpxWeb(), database_url(settings)
    engine = open_engine(url)

    now = partial(reach, settings)
    cluster, repository = systems.cluster(now), systems.repository(now, runner)
    patches = systems.patches(now)
    parts = Parts(
        settings=settings,
        now=now,
        clock=clock,
        store=PostgresChangeStore(engine),
        operations=PostgresOperationStore(engine, clock),
        run_log=PostgresRunLog(engine, clock),
        heartbeats=PostgresHeartbeats(engine),
        blobs=BlobFiles(settings.blob_dir),
        workflows=late(lambda: url, queue),
        notebooks=notebooks,
        files=RunbookFolder(PROJECT_ROOT / "runbooks", PROJECT_ROOT / "notebooks", notebooks.parameters),
        policy=systems.policy(settings),
        cluster=cluster,
        helm=systems.helm(now, runner, documents),
        helmfile=systems.helmfile(now, runner),
        repository=repository,
        builds=systems.builds(now, runner),
        documents=documents,
        web=web,
        locks=FileLocks(settings.run_dir / "locks"),
        mask_key=mask_key(settings.home),
        monotonic=time.monotonic,
        sleep=time.sleep,
        local_progress=lambda: None if settings.kube_context else progress.read(settings),
        ledger_reader=own_log(settings, index=PostgresLedgerIndex(engine)),
        audit_database=DuckdbAuditDatabase(settings.home / AUDIT),
        audit_builder=late(lambda: settings.home / AUDIT, audit_builder),
        questions=QuestionFolder(PROJECT_ROOT / "data" / "queries"),
        answer_files=AuditAnswerFiles(),
        report_pages=ReportPages(settings.home / "report_templates", PROJECT_ROOT / "data" / "report_templates"),
        report_store=ReportFiles(settings.home / "reports"),
        signer=lambda: open_keys(settings.home / KEY, settings.home / LOG / VKEY)[0],
        ed25519=ed25519,
        argocd=systems.argocd(now),
        rollouts=ArgoRollouts(cluster, patches),
        fleet_rollouts=systems.fleet_rollouts(settings, now),
        patches=patches,
        prometheus=systems.prometheus(now),
        identities=systems.identities(settings, web),
        quarantines=PostgresQuarantines(engine),
        metric_files=MetricFolder(PROJECT_ROOT / "data" / "queries"),
        blueprint_files=systems.blueprints(settings, repository, documents),
        tofu=systems.tofu(now, runner),
        secrets=SecretFiles(settings.home / "secrets"),
        drafts=PostgresDrafts(engine),
        messenger=systems.messenger(settings),
        commands=runner,
        logins=RegistryLogins(),
        smoke_suites=SmokeFolder(PROJECT_ROOT / "runbooks" / "smoke", documents),
        smoke_runs=PostgresSmokeRuns(engine),
        k6=K6Program(runner),
        log_files=LogFolder(settings.log_dir),
    )
    return join(parts)
