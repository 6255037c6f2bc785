"""The composition root: the only file that joins ports to adapters. Connections open at first use."""

from __future__ import annotations

import hmac
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from conductor_core.adapters import hcl
from conductor_core.adapters.argo_rollouts import ArgoRollouts
from conductor_core.adapters.argocd import HttpxArgoCd
from conductor_core.adapters.blob_files import BlobFiles
from conductor_core.adapters.blueprint_files import BlueprintFolders
from conductor_core.adapters.clock import SystemClock
from conductor_core.adapters.companion import Companion
from conductor_core.adapters.duckdb_audit.answer_files import AuditAnswerFiles
from conductor_core.adapters.duckdb_audit.question_files import QuestionFolder
from conductor_core.adapters.duckdb_audit.reader import DuckdbAuditDatabase
from conductor_core.adapters.file_locks import FileLocks
from conductor_core.adapters.git import GitRepository
from conductor_core.adapters.helm import HelmProgram
from conductor_core.adapters.k6 import K6Program
from conductor_core.adapters.kubernetes import KubernetesCluster, KubernetesPatches
from conductor_core.adapters.mask_key import mask_key
from conductor_core.adapters.metric_files import MetricFolder
from conductor_core.adapters.opa import OpaEngine
from conductor_core.adapters.papermill_runs import PapermillRuns
from conductor_core.adapters.policy_files import PolicyFiles
from conductor_core.adapters.postgres import embedded
from conductor_core.adapters.postgres.change_store import PostgresChangeStore
from conductor_core.adapters.postgres.drafts import PostgresDrafts
from conductor_core.adapters.postgres.engine import open_engine
from conductor_core.adapters.postgres.heartbeats import PostgresHeartbeats
from conductor_core.adapters.postgres.ledger_head import PostgresLedgerRows
from conductor_core.adapters.postgres.ledger_index import PostgresLedgerIndex
from conductor_core.adapters.postgres.operation_store import PostgresOperationStore
from conductor_core.adapters.postgres.quarantines import PostgresQuarantines
from conductor_core.adapters.postgres.run_log import PostgresRunLog
from conductor_core.adapters.postgres.seat import PostgresSeat
from conductor_core.adapters.postgres.smoke_runs import PostgresSmokeRuns
from conductor_core.adapters.prometheus import PrometheusApi
from conductor_core.adapters.registry_logins import RegistryLogins
from conductor_core.adapters.rego import RegoEngine
from conductor_core.adapters.report_files import ReportFiles
from conductor_core.adapters.report_pages import ReportPages
from conductor_core.adapters.runbook_files import RunbookFolder
from conductor_core.adapters.secret_files import SecretFiles
from conductor_core.adapters.signing import ed25519, open_keys, read_vkeys
from conductor_core.adapters.slack import Slack
from conductor_core.adapters.smoke_files import SmokeFolder
from conductor_core.adapters.system import SystemCommands
from conductor_core.adapters.tile_files import TileFiles
from conductor_core.adapters.tofu import Credentials, TofuProgram
from conductor_core.adapters.web import HttpxWeb
from conductor_core.adapters.witness import CosignedFile, read_witnesses
from conductor_core.adapters.yaml_documents import YamlDocuments
from conductor_core.localplane import progress
from conductor_core.localplane.reach import reach
from conductor_core.ports.argocd import ArgoCd
from conductor_core.ports.audit_database import AuditBuilder
from conductor_core.ports.cluster import Cluster
from conductor_core.ports.helm import Helm
from conductor_core.ports.identities import Identities
from conductor_core.ports.late import late
from conductor_core.ports.ledger_index import LedgerIndex
from conductor_core.ports.object_patches import ObjectPatches
from conductor_core.ports.policy import PolicyEngine
from conductor_core.ports.prometheus import Prometheus
from conductor_core.ports.repository import Repository
from conductor_core.ports.tofu import Tofu
from conductor_core.ports.web import Web
from conductor_core.ports.workflows import Workflows
from conductor_core.services.conductor import Conductor, Parts, join
from conductor_core.services.ledger_reader import LedgerReader
from conductor_core.services.report_verification import verify_report
from conductor_core.services.sealing import Sealing
from conductor_core.services.sequencing import Sequencer
from conductor_core.services.witnessing import Witnessing
from conductor_core.settings import PROJECT_ROOT, Settings

__all__ = [
    "Conductor",
    "check_report",
    "cookie_secret",
    "database_url",
    "open_log",
    "prepare_database",
    "projection",
    "sealing",
    "serve",
    "stop_database",
    "wire",
    "witnessing",
    "worker_name",
]
AUDIT = "audit"
"""The audit read model's folder in the data folder."""
LOG, KEY, VKEY, COSIGNED = "ledger", "ledger.key", "vkey", "checkpoint.cosigned"
"""The log's folder in the data folder, its private key beside that; its public keys and what witnesses signed in it."""


def wire(settings: Settings) -> Conductor:
    """Join everything; nothing is contacted but PostgreSQL's address. Raises `ConfigurationError`."""
    clock, runner, documents, notebooks = SystemClock(), SystemCommands(), YamlDocuments(), PapermillRuns()
    web, url = HttpxWeb(), database_url(settings)
    engine = open_engine(url)

    def now() -> Settings:
        return reach(settings)

    def of_helm(s: Settings) -> Helm:
        return HelmProgram(runner, documents, s.helm or "helm", s.kubeconfig, s.kube_context, settings.home / "charts")

    def of_tofu(s: Settings) -> Tofu:
        applying = Credentials(s.kubeconfig, s.kube_context, s.tofu_apply_env)
        reading, context = s.plan_kubeconfig or s.kubeconfig, s.plan_kube_context or s.kube_context
        planning = Credentials(reading, context, s.tofu_plan_env)
        backend = s.tofu_backend.read_text(encoding="utf-8") if s.tofu_backend else ""
        program = s.tofu or "tofu"
        return TofuProgram(
            runner, program, s.home, config=s.tofu_config, backend=backend, planning=planning, applying=applying
        )

    fetched = [float("-inf")]

    def blueprints() -> Path:
        if settings.infra or not settings.ops_repo:
            return settings.infra or PROJECT_ROOT
        if time.monotonic() > fetched[0] + 15.0:  # seconds; what is applied are approved bytes in any case
            repository.fetch()
            fetched[0] = time.monotonic()
        return repository.export(repository.resolve("HEAD"), ".")

    cluster: Cluster = late(now, lambda s: KubernetesCluster(s.kubeconfig, s.kube_context))
    patches: ObjectPatches = late(now, lambda s: KubernetesPatches(s.kubeconfig, s.kube_context))
    argocd: ArgoCd = late(now, lambda s: HttpxArgoCd(s.argocd_url, s.argocd_token.get_secret_value()))
    prometheus: Prometheus = late(now, lambda s: PrometheusApi(s.prometheus_url))
    helm: Helm = late(now, of_helm)
    repository: Repository = late(now, lambda s: GitRepository(runner, s.ops_repo, settings.home))
    bundle = PolicyFiles(PROJECT_ROOT / (settings.policy_bundle or "policies/opa"))
    policy: PolicyEngine = OpaEngine(settings.opa_url, bundle) if settings.opa_url else RegoEngine(bundle)
    slack = Slack(
        settings.slack_webhook.get_secret_value(), settings.slack_token.get_secret_value(), settings.slack_channel
    )
    parts = Parts(
        settings=settings,
        now=now,
        clock=clock,
        store=PostgresChangeStore(engine),
        operations=PostgresOperationStore(engine, clock),
        run_log=PostgresRunLog(engine, clock),
        heartbeats=PostgresHeartbeats(engine),
        blobs=BlobFiles(settings.blob_dir),
        workflows=late(lambda: url, _queue),
        notebooks=notebooks,
        files=RunbookFolder(PROJECT_ROOT / "runbooks", PROJECT_ROOT / "notebooks", notebooks.parameters),
        policy=policy,
        cluster=cluster,
        helm=helm,
        repository=repository,
        documents=documents,
        web=web,
        locks=FileLocks(settings.run_dir / "locks"),
        mask_key=mask_key(settings.home),
        monotonic=time.monotonic,
        sleep=time.sleep,
        local_progress=lambda: None if settings.kube_context else progress.read(settings),
        ledger_reader=open_log(settings.home / LOG, index=PostgresLedgerIndex(engine), witnesses=settings.witnesses),
        audit_database=DuckdbAuditDatabase(settings.home / AUDIT),
        audit_builder=late(lambda: settings.home / AUDIT, _audit_builder),
        questions=QuestionFolder(PROJECT_ROOT / "data" / "queries"),
        answer_files=AuditAnswerFiles(),
        report_pages=ReportPages(settings.home / "report_templates", PROJECT_ROOT / "data" / "report_templates"),
        report_store=ReportFiles(settings.home / "reports"),
        signer=lambda: open_keys(settings.home / KEY, settings.home / LOG / VKEY)[0],
        ed25519=ed25519,
        argocd=argocd,
        rollouts=ArgoRollouts(cluster, patches),
        prometheus=prometheus,
        identities=late(lambda: web, lambda w: _single_sign_on(settings, w)),
        quarantines=PostgresQuarantines(engine),
        metric_files=MetricFolder(PROJECT_ROOT / "data" / "queries"),
        blueprint_files=BlueprintFolders(
            blueprints, documents, hcl.blocks, hcl.attributes, hcl.variable_lines, hcl.variable_texts
        ),
        tofu=late(now, of_tofu),
        secrets=SecretFiles(settings.home / "secrets"),
        drafts=PostgresDrafts(engine),
        messenger=slack if slack.configured else None,
        commands=runner,
        logins=RegistryLogins(),
        smoke_suites=SmokeFolder(PROJECT_ROOT / "runbooks" / "smoke", documents),
        smoke_runs=PostgresSmokeRuns(engine),
        k6=K6Program(runner),
    )
    return join(parts)


def open_log(folder: Path, vkeys: str = "", index: LedgerIndex | None = None, witnesses: str = "") -> LedgerReader:
    """The log in a folder, checked with these keys (one a line; empty: the ones in its folder) and those of these
    witnesses (as in the setting); opens nothing else."""
    files, file = TileFiles(folder), folder / VKEY
    keys = lambda: read_vkeys(vkeys or (file.read_text(encoding="utf-8") if file.is_file() else ""))  # noqa: E731  # read when asked: a key may be replaced
    cosigned, theirs = CosignedFile(folder / COSIGNED), [w.key for w in read_witnesses(witnesses)]
    return LedgerReader(files, keys, ed25519, index, files.widths, cosigned.kept, theirs)


def witnessing(settings: Settings) -> Witnessing | None:
    """What has the ledger cosigned; None: no witness is configured. Raises `ConfigurationError`."""
    found, folder = read_witnesses(settings.witnesses), settings.home / LOG
    reader = open_log(folder, witnesses=settings.witnesses)
    return Witnessing(reader, found, CosignedFile(folder / COSIGNED), ed25519) if found else None


def check_report(files: Mapping[str, bytes], vkeys: str, settings: Settings) -> list[str]:
    """What holds of a report's files, checked with these keys (empty: this installation's own); opens nothing else."""
    file = settings.home / LOG / VKEY
    text = vkeys or (file.read_text(encoding="utf-8") if file.is_file() else "")
    return verify_report(files, read_vkeys(text), ed25519)


def sealing(settings: Settings) -> Sealing:
    """A worker's claim on writing the ledger; a new key is made at the first start. Raises `ConfigurationError`."""
    signer, earlier = open_keys(settings.home / KEY, settings.home / LOG / VKEY)
    engine = open_engine(database_url(settings), pool_size=2)
    rows = PostgresLedgerRows(engine)
    files = TileFiles(settings.home / LOG)
    return Sealing(Sequencer(files, rows, rows, signer, ed25519, trusted=earlier), PostgresSeat(engine))


def _single_sign_on(settings: Settings, web: Web) -> Identities:
    from conductor_core.adapters.oidc import OidcIdentities

    audience = settings.oidc_audience or settings.oidc_client_id
    return OidcIdentities(web, settings.oidc_issuer, audience, time.time, time.monotonic)


def projection() -> Companion:
    """The process that keeps the audit read model up to date, for a worker to run beside itself."""
    return Companion("conductor_core.entrypoints.projector")


def _audit_builder(folder: Path) -> AuditBuilder:
    from conductor_core.adapters.duckdb_audit.writer import DuckdbAuditBuilder  # a tenth of a second for its library

    return DuckdbAuditBuilder(folder)


def _queue(url: str) -> Workflows:
    from conductor_core.adapters.dbos_workflows import DbosWorkflows  # half of what a command's start-up would cost

    return DbosWorkflows(url)


def cookie_secret(settings: Settings) -> str:
    """What signs the workbench's cookies: the configured one, else one of this installation's own."""
    given = settings.cookie_secret.get_secret_value()
    return given or hmac.digest(mask_key(settings.home), b"maestro-conductor cookies", "sha256").hex()


def database_url(settings: Settings) -> str:
    """The URL of PostgreSQL: the configured one, else that of the embedded server, which is started if need be."""
    return settings.database_url.get_secret_value() or embedded.start(settings.home)


def prepare_database(settings: Settings) -> None:
    """Start the embedded server if it's the one to use, and bring the tables up to date."""
    from conductor_core.adapters.dbos_workflows import migrate as migrate_queue
    from conductor_core.adapters.postgres.engine import migrate

    migrate(database_url(settings))
    migrate_queue(database_url(settings))


def stop_database(settings: Settings) -> bool:
    """Stop the embedded server; True when it ran."""
    if settings.database_url.get_secret_value() or not embedded.running(settings.home):
        return False
    embedded.stop(settings.home)
    return True


def worker_name() -> str:
    """A worker's name, the same after a restart, so that it finds the work that it was killed in."""
    return os.environ.get("CONDUCTOR_WORKER_NAME") or socket.gethostname()


@contextmanager
def serve(conductor: Conductor) -> Iterator[None]:
    """Work on the queue, as a worker, until the block ends."""
    from conductor_core.adapters import dbos_workflows

    plan, execute, url = conductor.execution.plan, conductor.execution.execute, database_url(conductor.settings)
    with dbos_workflows.serve(url, plan, execute, executor_id=worker_name(), concurrency=4):
        yield
