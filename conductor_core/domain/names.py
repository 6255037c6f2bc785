"""Strict patterns for every name that reaches a program's command line or a path; rule: security, untrusted input.

Kubernetes names: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/. Git references:
git-check-ref-format(1).
"""

from __future__ import annotations

import re

from conductor_core.errors import InputError

_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_DNS_SUBDOMAIN = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_RELEASE = re.compile(r"(?=.{1,53}\Z)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_CHANNEL = re.compile(r"[a-z0-9]([-a-z0-9_.]{0,61}[a-z0-9])?")
_BRANCH = re.compile(r"(?=.{1,200}\Z)[A-Za-z0-9_][A-Za-z0-9_.+@-]*(/[A-Za-z0-9_][A-Za-z0-9_.+@-]*)*")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_SET_KEY = re.compile(r"(?=.{1,400}\Z)[A-Za-z0-9_][A-Za-z0-9_.\-\[\]/\\]*")
_OPERATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")


def _matched(pattern: re.Pattern[str], value: str, what: str, rule: str) -> str:
    if not pattern.fullmatch(value):
        raise InputError(f"{value[:80]!r} can't be the name of a {what}.", why=rule, next=f"Give a valid {what} name.")
    return value


def release_name(value: str) -> str:
    """`value`, when Helm accepts it as the name of a release; raises `InputError`."""
    rule = "A release name has 1 to 53 lower-case letters, digits, '-' and '.', with a letter or digit at both ends."
    return _matched(_RELEASE, value, "release", rule)


def namespace(value: str) -> str:
    """`value`, when Kubernetes accepts it as the name of a namespace; raises `InputError`."""
    rule = "A namespace has 1 to 63 lower-case letters, digits and '-', with a letter or digit at both ends."
    return _matched(_DNS_LABEL, value, "namespace", rule)


def object_name(value: str) -> str:
    """`value`, when it is a DNS subdomain, as most Kubernetes objects ask; raises `InputError`."""
    rule = "It has 1 to 253 lower-case letters, digits, '-' and '.', with a letter or digit at both ends."
    return _matched(_DNS_SUBDOMAIN, value, "Kubernetes object", rule)


def channel(value: str) -> str:
    """`value`, when it can name a channel; raises `InputError`."""
    rule = "A channel has 1 to 63 lower-case letters, digits, '-', '_' and '.', with a letter or digit at both ends."
    return _matched(_CHANNEL, value, "channel", rule)


def branch(value: str) -> str:
    """`value`, when it can name a Git branch or tag and can't be read as an option; raises `InputError`."""
    rule = "A branch has letters, digits and '_ . + @ - /', no part starts with '.' or '-', and none holds '..'."
    if ".." in value or "@{" in value or value.endswith((".lock", ".")) or ".lock/" in value:
        raise InputError(f"{value[:80]!r} can't be the name of a branch.", why=rule, next="Give a valid branch name.")
    return _matched(_BRANCH, value, "branch", rule)


def commit(value: str) -> str:
    """`value`, when it looks like a commit digest of 7 to 64 hex digits; raises `InputError`."""
    return _matched(_COMMIT, value, "commit", "A commit is written with 7 to 64 lower-case hexadecimal digits.")


def set_key(value: str) -> str:
    """`value`, when it can stand left of '=' in `--set`; raises `InputError`."""
    rule = "A key of --set has letters, digits and '_ . - [ ] / \\', for example image.tag or containers[0].image."
    return _matched(_SET_KEY, value, "chart value", rule)


def operation_id(value: str) -> str:
    """`value`, when it can be carried in a release's description; raises `InputError`."""
    rule = "An operation id has 1 to 128 letters, digits and '_ . : -'."
    return _matched(_OPERATION, value, "operation", rule)


def inner_path(value: str) -> str:
    """A relative POSIX path without '.', '..', '.git' or empty parts; '.' alone is the root. Raises `InputError`."""
    clean = value.strip("/") if value not in ("", ".", "/") else "."
    if clean == ".":
        return clean
    parts = clean.split("/")
    bad = [p for p in parts if p in ("", ".", "..") or p.lower() == ".git" or any(ord(c) < 32 or c in "\\:" for c in p)]
    if bad or value.startswith("/"):
        raise InputError(
            f"{value[:120]!r} can't be a path inside the repository.",
            why="A path is relative, with '/' between its parts, and none of them is '', '.', '..' or '.git'.",
            next="Give the path as it is written from the root of the repository.",
        )
    return clean
