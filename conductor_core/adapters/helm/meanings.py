"""What helm's failures mean: the words it prints, the error they become, and the act that mends it (words of helm
3.14 to 3.19).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from conductor_core.errors import (
    ConductorError,
    ConfigurationError,
    ConflictError,
    InputError,
    NotFoundError,
    RefusedError,
    StorageError,
    ToolError,
    UnreachableError,
)
from conductor_core.ports.commands import CommandResult

_SCHEMA = re.compile(r"- (?:at '(?P<path>[^']*)': )?(?P<what>.+)")
_NO_LOGIN = re.compile(r"\bstatus(?: code)?:? 40[13]\b|\b40[13] |\bunauthorized\b|\bdenied\b(?![/:]\w)", re.IGNORECASE)
"""Whole words: a port or a chart's name in the address may hold the same characters."""
_SILENT = ("connection refused", "i/o timeout", "no such host", "TLS handshake", "x509:", "context deadline exceeded")
_HINT = re.compile(r"\n*Use --debug flag to render out invalid YAML\s*\Z")

# (sign in helm's words, error, what happened, what to do next); the first that matches counts.
_MEANINGS: tuple[tuple[str, type[ConductorError], str, str], ...] = (
    ("error while running post render", ToolError, "The post-renderer of {name} failed.",
     "Read what it says; it is given the manifests on stdin, and prints them changed."),
    ("don't meet the specifications of the schema", ToolError, "The values of {name} don't fit the chart's schema.",
     "Correct the value at the path that is named, in the channel's value files or in --set."),
    ("requires kubeVersion", ToolError, "The chart of {name} doesn't support this Kubernetes version.",
     "Use a version of the chart that supports it, or upgrade the cluster."),
    ("can't get a valid version for", ToolError, "A dependency of {name}'s chart has no version that fits.",
     "Change the version constraint in Chart.yaml, or publish a version that fits it."),
    ("Could not locate a version matching", ToolError, "A dependency of {name}'s chart has no version that fits.",
     "Change the version constraint in Chart.yaml, or publish a version that fits it."),
    ("improper constraint", ToolError, "{name} has a version constraint that can't be read.",
     "Write it as 1.2.3, ~1.2, ^1.2 or '>=1.2 <2' in Chart.yaml (https://helm.sh/docs/chart_best_practices/dependencies/)."),
    ("has an invalid version/constraint format", ToolError, "{name} has a version constraint that can't be read.",
     "Write it as 1.2.3, ~1.2, ^1.2 or '>=1.2 <2' in Chart.yaml (https://helm.sh/docs/chart_best_practices/dependencies/)."),
    ("FetchReference", NotFoundError, "The registry has no {name}.",
     "Check the path and the version; `helm show chart` of the address says what is there."),
    ("is not a valid chart repository or cannot be reached", UnreachableError,
     "The repository of {name} did not answer.", "Check the address: index.yaml must be below it; then retry."),
    ("not found in http", NotFoundError, "The repository has no {name}.",
     "`helm search repo --versions` lists what it has; correct the chart's name or version."),
    ("out of sync with the dependencies", ToolError, "Chart.lock of {name} doesn't agree with Chart.yaml.",
     "Run `helm dependency update` in the chart and commit Chart.lock."),
    ("missing in charts/ directory", ToolError, "A dependency of {name}'s chart is missing.",
     "Correct the dependency's name, or run `helm dependency update` and commit Chart.lock."),
    ("invalid kube version", InputError, "The Kubernetes version to render {name} for can't be read.",
     "Give it as v1.34.0."),
    ("context \"", ConfigurationError, "The kubeconfig has no such context.",
     "Set CONDUCTOR_KUBE_CONTEXT to a context of the kubeconfig (`kubectl config get-contexts`)."),
    ("You must be logged in", ConfigurationError, "The cluster doesn't accept the kubeconfig's credential.",
     "Log in to the cluster again, then retry."),
    ("Unauthorized", ConfigurationError, "The cluster doesn't accept the kubeconfig's credential.",
     "Log in to the cluster again, then retry."),
    ("cluster unreachable", UnreachableError, "The cluster did not answer Helm.",
     "Check that the cluster runs and that the kubeconfig context points to it; then retry."),
    ("connection refused", UnreachableError, "The cluster did not answer Helm.",
     "Check that the cluster runs and that the kubeconfig context points to it; then retry."),
    ("i/o timeout", UnreachableError, "The cluster did not answer Helm in time.", "Check the network, then retry."),
    ("another operation (install/upgrade/rollback) is in progress", ConflictError,
     "Another act on {name} is under way, or died in the middle.",
     "Wait for it. If nothing is running, roll back to the last good revision to clear it."),
    ("release: already exists", ConflictError, "The revision of {name} was written by somebody else first.",
     "Look at the release's history, then ask again."),
    ("release: not found", NotFoundError, "There is no release {name} in this namespace.",
     "Check the name and the namespace; `conductor release list` shows what there is."),
    ("release has no ", NotFoundError, "The release {name} has no such revision.",
     "Choose one from the release's history."),
    ("cannot be imported into the current release", RefusedError,
     "An object of {name} exists already and belongs to somebody else.",
     "Delete or rename that object, or let its owner hand it over."),
    ("is forbidden", RefusedError, "The cluster forbids Helm to do this.",
     "Give the credential of the kubeconfig context the missing permission."),
    ("BackoffLimitExceeded", ToolError, "A hook of {name} failed.",
     "Read the log of the hook's pod, mend it, deploy again."),
    ("hooks failed", ToolError, "A hook of {name} failed.",
     "Read the log of the hook's pod, mend it, deploy again."),
    ("timed out waiting for the condition", ToolError, "A hook of {name} did not finish in time.",
     "Read the log of the hook's pod; a longer time can be given."),
    ("has no deployed releases", ToolError, "{name} was never installed with success, so it can't be upgraded.",
     "Uninstall the failed release, then deploy again."),
    ("no matches for kind", ToolError, "{name} has an object of a kind that the cluster doesn't know.",
     "Install the CustomResourceDefinition first, or correct apiVersion and kind."),
    ("no such file or directory", NotFoundError, "A file that Helm needs for {name} is missing.",
     "Commit the file, or correct its path in the channels file."),
    ("path \"", NotFoundError, "The chart of {name} is missing.", "Correct the chart's path in the channels file."),
    ("Chart.yaml file is missing", NotFoundError, "The chart of {name} has no Chart.yaml.",
     "Correct the chart's path in the channels file."),
    ("No space left on device", StorageError, "The disk is full.", "Free some space, then retry."),
    ("nil pointer evaluating", ToolError, "A template of {name} uses a value that isn't set.",
     "Set the value, or give it a default in values.yaml."),
    ("execution error at", ToolError, "A template of {name} refuses the values.", "Set the value that it asks for."),
    ("parse error at", ToolError, "A template of {name} can't be parsed.",
     "Correct the template at the line that is named."),
    ("YAML parse error", ToolError, "A template of {name} prints text that is no YAML.",
     "Correct the template that is named."),
    ("error calling", ToolError, "A template of {name} fails.", "Correct the template at the line that is named."),
    ("cannot patch", ToolError, "The API server refuses a change of {name}.", "Correct the object that is named."),
    ("is invalid:", ToolError, "The API server finds an object of {name} invalid.", "Correct the field that is named."),
)  # fmt: skip


def failure(name: str, act: str, result: CommandResult, secrets: Sequence[str] = ()) -> ConductorError:
    """The error that helm's stderr means; `name` is the release, `act` the subcommand, `secrets` are not repeated."""
    words = _HINT.sub("", without(result.stderr.strip(), secrets))
    words = words[words.rfind("Error: ") :] if "Error: " in words else words
    words = words[-3000:]
    if act == "pull" and _NO_LOGIN.search(words):
        why, act_next = words, "Log in: helm registry login HOST, as the user that Conductor runs as; then retry."
        return ConfigurationError(f"The registry of {name} wants a login.", why=why, next=act_next)
    if act == "pull" and any(sign in words for sign in _SILENT):
        return UnreachableError(f"Where {name} comes from did not answer.", why=words, next="Check the address; retry.")
    for sign, kind, what, act_next in _MEANINGS:
        if sign in words:
            why = _schema(words) if "specifications of the schema" in sign else words
            return kind(what.format(name=name), why=why, next=act_next)
    return ToolError(
        f"helm {act} of {name} failed with exit code {result.code}.",
        why=words or "It printed nothing.",
        next="Read what helm says; the same command run by hand with --debug says more.",
    )


def without(text: str, secrets: Sequence[str]) -> str:
    """`text` with `••••` for each secret of four characters or more."""
    for secret in sorted((s for s in secrets if len(s) >= 4), key=len, reverse=True):
        text = text.replace(secret, "••••")
    return text


def _schema(words: str) -> str:
    """Each violation with the path of the value, as a person writes it in --set."""
    found = [_SCHEMA.fullmatch(line.strip()) for line in words.splitlines()]
    told = [
        f"{(m['path'] or '').strip('/').replace('/', '.') or '(root)'}: {m['what']}" for m in found if m is not None
    ]
    return "; ".join(told) or words
