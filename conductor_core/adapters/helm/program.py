"""The port `Helm` by the helm program: argument lists only, an explicit context, a clean environment, no retry."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from conductor_core.adapters.helm import charts, post_renders, streams
from conductor_core.adapters.helm.meanings import failure, without
from conductor_core.adapters.helm.packages import Packages
from conductor_core.adapters.helm.renders import KeptRenders, KnownVersion, looks_up
from conductor_core.domain import masking, names
from conductor_core.domain.chart_addresses import ChartAddress
from conductor_core.domain.releases import description_for, operation_label
from conductor_core.errors import InputError, NotFoundError, RefusedError, ToolError
from conductor_core.ports.commands import CommandResult, CommandRunner
from conductor_core.ports.documents import Documents
from conductor_core.ports.helm import ChartRequest, HelmOutcome, Rendered

LEAST = (3, 14)
HISTORY_MAX = 200
_LIST = re.compile(r"\{[^{}]*\}")
_KUBE_VERSION = re.compile(r"v?\d+\.\d+(\.\d+)?([-+][0-9A-Za-z.+-]+)?")
_API_VERSION = re.compile(r"[A-Za-z0-9.-]+(/[A-Za-z0-9.-]+){0,2}")
_FOREIGN = ("HELM_KUBE", "HELM_NAMESPACE", "HELM_DRIVER", "HELM_DEBUG", "HELM_PLUGINS", "HELM_MAX_HISTORY")


class HelmProgram:
    """`program`: path or name of helm. `kubeconfig` and `context`: the cluster to act on, never the current one by
    accident. `work`: folder for charts with built dependencies and for renders.
    """

    def __init__(
        self,
        runner: CommandRunner,
        documents: Documents,
        program: str,
        kubeconfig: Path | None,
        context: str,
        work: Path,
    ) -> None:
        self._runner, self._documents, self._program = runner, documents, program
        self._kubeconfig, self._context, self._work = kubeconfig, context, work.absolute()
        self._version = ""
        self._packages = Packages(self._run, self._work)
        self._kept = KeptRenders(self._work / "renders")
        self._known = KnownVersion(self._work / "helm-version.json")

    def version(self) -> str:
        """See `Helm.version`."""
        result = self._run("version", "--template", "{{.Version}}", timeout=20.0)
        found = re.fullmatch(r"v?(\d+)\.(\d+)(\.\S+)?", result.stdout.strip())
        if result.code != 0 or not found:
            raise ToolError(
                f"{self._program} doesn't say which Helm it is.",
                why=(result.stderr or result.stdout).strip()[-500:] or f"Exit code {result.code}.",
                next="Install Helm 3.14 or newer (https://helm.sh), or set CONDUCTOR_HELM to it.",
            )
        number = (int(found[1]), int(found[2]))
        if number < LEAST or number[0] != 3:
            raise ToolError(
                f"Helm {result.stdout.strip()} can't be used.",
                why="Helm 3.14 or newer is needed, and Helm 4 isn't supported.",
                next="Install a Helm between 3.14 and 3.x (https://helm.sh), or set CONDUCTOR_HELM to one.",
            )
        self._version = result.stdout.strip().removeprefix("v")
        return self._version

    def render(self, request: ChartRequest) -> Rendered:
        """See `Helm.render`."""
        chart = self._chart(request)
        name = self._kept.name(self._runner.which(self._program), chart, request)
        kept = self._kept.get(name)
        if kept is not None:
            return kept
        self._usable()
        about, _ = charts.info(self._documents, chart)
        argv = ["template", "--skip-tests", *self._flags(request)]
        argv += ["--include-crds"] if request.post is None else []  # a post-renderer would be given them too
        if request.kube_version:
            argv += [f"--kube-version={_matched(_KUBE_VERSION, request.kube_version, 'Kubernetes version')}"]
        argv += [f"--api-versions={_matched(_API_VERSION, a, 'API version')}" for a in request.api_versions]
        with post_renders.ready(request.post, self._runner, self._work) as post:
            operands = ("--", request.release, str(chart))
            result = self._run(*argv, *post.flags, *operands, timeout=120.0, cwd=post.folder)
        if result.code != 0:
            raise failure(request.release, "template", result, self._secrets(request))
        if result.truncated:
            raise RefusedError(
                f"{request.release} renders to more than can be read.",
                why="Its manifests passed the cap of 64 MB.",
                next="Split the chart.",
            )
        texts, parsed = streams.split(self._documents, result.raw.decode("utf-8", "replace"), request.release)
        made = Rendered(about, *texts, parsed=parsed, looks_up=looks_up(chart))
        if request.post is not None:
            made = replace(made, crds=self._crds(request, chart), parsed=())
        self._kept.put(name, made)
        return made

    def pull(self, address: ChartAddress) -> Path:
        """See `Helm.pull`."""
        self._usable()
        return self._packages.chart(address)

    def upgrade(
        self,
        request: ChartRequest,
        operation_id: str,
        *,
        create_namespace: bool = False,
        timeout: float = 300.0,
        inherit_fds: Sequence[int] = (),
        dry_run: bool = False,
    ) -> HelmOutcome:
        """See `Helm.upgrade`."""
        self._usable()
        names.operation_id(operation_id)
        chart = self._chart(request)
        argv = ["upgrade", "--install", "--output=json", f"--timeout={max(1, round(timeout))}s"]
        argv += [f"--description={description_for(operation_id)}", f"--history-max={HISTORY_MAX}"]
        argv += [f"--labels={operation_label(operation_id)}", "--reset-values"]
        argv += ["--create-namespace"] if create_namespace else []
        argv += ["--dry-run=server", "--hide-secret"] if dry_run else []
        with post_renders.ready(request.post, self._runner, self._work) as post:
            result = self._run(
                *argv, *self._cluster(), *self._flags(request), *post.flags, "--", request.release, str(chart),
                timeout=timeout + 60.0, inherit_fds=inherit_fds, cwd=post.folder,
            )  # fmt: skip
        secrets = self._secrets(request)
        if result.code != 0:
            raise failure(request.release, "upgrade", result, secrets)
        return _outcome(request.release, request.namespace, result, secrets)

    def rollback(
        self,
        release: str,
        namespace: str,
        revision: int,
        operation_id: str,
        *,
        timeout: float = 300.0,
        inherit_fds: Sequence[int] = (),
    ) -> HelmOutcome:
        """See `Helm.rollback`."""
        self._usable()
        names.operation_id(operation_id)
        if isinstance(revision, bool) or revision < 1:
            raise InputError(
                f"{revision!r} is no revision.", why="Revisions count from 1.", next="Choose one from history."
            )
        where = [*self._cluster(), f"--namespace={names.namespace(namespace)}"]
        argv = ["rollback", f"--timeout={max(1, round(timeout))}s", f"--history-max={HISTORY_MAX}", *where]
        operands = ("--", names.release_name(release), str(revision))
        result = self._run(*argv, *operands, timeout=timeout + 60.0, inherit_fds=inherit_fds)
        if result.code != 0:
            raise failure(release, "rollback", result)
        status = self._run("status", "--output=json", *where, "--", release, timeout=60.0)
        if status.code != 0:
            raise failure(release, "status", status)
        return _outcome(release, namespace, status)

    def uninstall(
        self,
        release: str,
        namespace: str,
        operation_id: str,
        *,
        timeout: float = 300.0,
        inherit_fds: Sequence[int] = (),
    ) -> None:
        """See `Helm.uninstall`."""
        self._usable()
        argv = ["uninstall", "--keep-history", f"--timeout={max(1, round(timeout))}s"]
        argv += [f"--description={description_for(names.operation_id(operation_id))}", *self._cluster()]
        argv += [f"--namespace={names.namespace(namespace)}", "--", names.release_name(release)]
        result = self._run(*argv, timeout=timeout + 60.0, inherit_fds=inherit_fds)
        if result.code != 0:
            raise failure(release, "uninstall", result)

    def _usable(self) -> None:
        if not self._version:
            program = self._runner.which(self._program)
            self._version = self._known.of(program)
            if not self._version:
                self._known.keep(program, self.version())

    def _chart(self, request: ChartRequest) -> Path:
        names.release_name(request.release)
        names.namespace(request.namespace)
        for file in request.values:
            if not file.is_file():
                raise NotFoundError(
                    f"The values file {file.name} of {request.release} is missing.",
                    why="There is no such file at the commit.",
                    next="Commit it, or remove it from the channel's `values` in the channels file.",
                )
        return charts.ready(self._documents, self._run, request.chart, self._work).absolute()

    def _flags(self, request: ChartRequest) -> list[str]:
        sets = [f"--set={names.set_key(key)}={_value(text)}" for key, text in sorted(request.sets.items())]
        return [f"--namespace={request.namespace}", *(f"--values={_csv(p.absolute())}" for p in request.values), *sets]

    def _cluster(self) -> list[str]:
        if not self._context or self._context.startswith("-"):
            raise InputError(
                "No cluster is chosen.",
                why="The kubeconfig context is empty.",
                next="Set CONDUCTOR_KUBE_CONTEXT, or start the local control plane with `conductor local up`.",
            )
        chosen = [f"--kubeconfig={self._kubeconfig.absolute()}"] if self._kubeconfig is not None else []
        return [*chosen, f"--kube-context={self._context}"]

    def _secrets(self, request: ChartRequest) -> list[str]:
        """What no message may repeat: values of the files and of --set whose key looks secret."""
        out = {text for key, text in request.sets.items() if masking.looks_secret(key)}
        for file in (request.chart / "values.yaml", *request.values):
            if file.is_file():
                out |= _secrets_of(self._documents.load_all(file.read_text("utf-8", "replace"), file.name))
        return sorted(out - {request.release, request.namespace, request.chart.name})

    def _crds(self, request: ChartRequest, chart: Path) -> str:
        result = self._run("show", "crds", "--", str(chart), timeout=60.0)
        if result.code != 0:
            raise failure(request.release, "show crds", result)
        return result.stdout

    def _run(
        self, *arguments: str, timeout: float, inherit_fds: Sequence[int] = (), cwd: Path | None = None
    ) -> CommandResult:
        env = {k: v for k, v in os.environ.items() if k != "KUBECONFIG" and not k.startswith(_FOREIGN)}
        if self._kubeconfig is None and "KUBECONFIG" in os.environ:
            env["KUBECONFIG"] = os.environ["KUBECONFIG"]
        env |= {"HELM_DRIVER": "secret", "HELM_NO_PLUGINS": "1", "KUBECACHEDIR": str(self._work / "discovery")}
        program = str(self._runner.which(self._program) or self._program) if cwd is not None else self._program
        return self._runner.run([program, *arguments], env=env, timeout=timeout, inherit_fds=inherit_fds, cwd=cwd)


def _secrets_of(documents: tuple[object, ...]) -> set[str]:
    return set().union(*(masking.secrets_in_values(d) for d in documents))


def _value(text: str) -> str:
    """A value for --set: commas belong to it, but for a list written as {a,b}."""
    return text if _LIST.fullmatch(text) else text.replace("\\", "\\\\").replace(",", "\\,")


def _csv(path: Path) -> str:
    """helm reads --values as CSV: a path with a comma or a quote is quoted."""
    text = str(path)
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\n') else text


def _matched(pattern: re.Pattern[str], value: str, what: str) -> str:
    if not pattern.fullmatch(value):
        raise InputError(f"{value[:80]!r} is no {what}.", why="Its form is wrong.", next=f"Give a valid {what}.")
    return value


def _outcome(release: str, namespace: str, result: CommandResult, secrets: Sequence[str] = ()) -> HelmOutcome:
    try:
        data = json.loads(result.stdout)
        told = data.get("info") or {}
        notes = without(str(told.get("notes") or ""), secrets)
        return HelmOutcome(release, namespace, int(data["version"]), str(told["status"]), notes)
    except (ValueError, KeyError, TypeError, AttributeError) as bad:
        raise ToolError(
            f"Helm changed {release}, but what it printed can't be read.",
            why=f"{type(bad).__name__}: its output isn't the JSON of a release.",
            next="Look at the release's history before anything else.",
        ) from bad
