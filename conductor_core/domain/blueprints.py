"""Blueprints: what `blueprint.yaml` says of an infrastructure module, and how its variables are shown and asked for.

Schema: data/schemas/blueprint.schema.json. Whatever a blueprint does not say is taken from `variables.tf`, so that a
bare module with a title is a blueprint too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from conductor_core.domain.variables import Variable
from conductor_core.errors import InputError, NotFoundError

NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
NAME_VARIABLE = "environment"
"""The variable that is the environment's name; it is asked for once, not as one of the parameters."""
KINDS = ("cidr", "node_pools", "kubernetes_version", "text", "secret")
OTHERS = "Other parameters"

_SHOWN_AS = {"kubernetes": "kubernetes_version", "nodes": "node_pools", "cpus": "node_pools"}
"""The kind of the parameter that a fact of the policy input comes from."""

_REFERENCE = re.compile(r"\$\{(environment|var|output)((?:\.[A-Za-z0-9_-]+)*)\}")


@dataclass(frozen=True)
class Group:
    """Parameters that stand together in the form."""

    title: str
    parameters: tuple[str, ...]
    help: str = ""


@dataclass(frozen=True)
class Hint:
    """What `blueprint.yaml` says of one parameter; `kind` is one of `KINDS` or ''."""

    kind: str = ""
    help: str = ""
    placeholder: str = ""


@dataclass(frozen=True)
class Addon:
    """A Helm release that belongs to the environment. `namespace`, `sets` and `when` may refer to `${environment}`,
    `${var.x}` and `${output.x.y}`; `chart` and `values` are paths from the root.
    """

    release: str
    chart: str
    namespace: str
    values: tuple[str, ...] = ()
    sets: Mapping[str, str] = field(default_factory=dict)
    when: str = "true"


@dataclass(frozen=True)
class Helmfile:
    """A helmfile that installs the add-ons together. `values` are state values; they, `environment` and `when` may hold
    references as those of an add-on. `selectors` choose releases by label, empty: all of them.
    """

    file: str
    environment: str
    values: Mapping[str, str] = field(default_factory=dict)
    selectors: tuple[str, ...] = ()
    when: str = "true"


@dataclass(frozen=True)
class Blueprint:
    """One blueprint. `folder` is its path from the root; `minutes`: how long an apply usually takes."""

    name: str
    title: str
    version: str
    tier: str
    folder: str
    variables: tuple[Variable, ...]
    purpose: str = ""
    owner: str = ""
    minutes: int = 5
    groups: tuple[Group, ...] = ()
    hints: Mapping[str, Hint] = field(default_factory=dict)
    addons: tuple[Addon, ...] = ()
    helmfile: Helmfile | None = None
    policies: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    limits: Mapping[str, int] = field(default_factory=dict)
    digest: str = ""
    declarations: str = ""
    """Its `variable` blocks as HCL text."""

    @property
    def parameters(self) -> tuple[Variable, ...]:
        """What a person is asked for: every variable but the environment's name."""
        return tuple(v for v in self.variables if v.name != NAME_VARIABLE)

    def kind(self, name: str) -> str:
        """How a parameter is shown: as `blueprint.yaml` says, else by its name."""
        said = self.hints[name].kind if name in self.hints else ""
        if said:
            return said
        if re.search(r"(^|_)cidrs?(_|$)", name):
            return "cidr"
        return name if name in ("node_pools", "kubernetes_version") else ""

    def about(self, path: str) -> str:
        """The variable that a policy's finding at that path is about; '' when it is about no single one."""
        section, _, place = path.partition("/")
        told = re.split(r"[/.\[]", place)[0] if section == "environment" else ""
        kind = _SHOWN_AS.get(told, "")
        if kind:
            return next((v.name for v in self.parameters if self.kind(v.name) == kind), "")
        if told == "name":
            return NAME_VARIABLE
        return told if any(v.name == told for v in self.parameters) else ""

    def grouped(self) -> tuple[Group, ...]:
        """Every parameter in a group: the declared ones, then what none of them names."""
        named = {name for group in self.groups for name in group.parameters}
        rest = tuple(v.name for v in self.parameters if v.name not in named)
        return (*self.groups, Group(OTHERS if self.groups else "Parameters", rest)) if rest else self.groups


@dataclass(frozen=True)
class BrokenBlueprint:
    """A blueprint that can't be used, and why; the others work."""

    folder: str
    problem: str


@dataclass(frozen=True)
class BlueprintCatalogue:
    """Every blueprint that works, by name, and every folder that doesn't."""

    blueprints: Mapping[str, Blueprint]
    broken: tuple[BrokenBlueprint, ...] = ()

    def get(self, name: str) -> Blueprint:
        """The blueprint; raises `NotFoundError` that lists the known ones, `InputError` when its folder is broken."""
        if name in self.blueprints:
            return self.blueprints[name]
        for broken in self.broken:
            if broken.folder.rsplit("/", 1)[-1] == name:
                raise InputError(
                    f"The blueprint {name} can't be used.", why=broken.problem, next=f"Correct {broken.folder}."
                )
        raise NotFoundError(
            f"There is no blueprint {name[:80]!r}.",
            why=f"Known: {', '.join(sorted(self.blueprints)) or 'none'}.",
            next="Run `conductor env blueprints`.",
        )


def from_document(name: str, folder: str, fields: Mapping[str, Any], variables: Iterable[Variable]) -> Blueprint:
    """The blueprint of a valid `blueprint.yaml`; raises `InputError` for a parameter that no variable declares."""
    known = tuple(variables)
    names = {v.name for v in known}
    if NAME_VARIABLE not in names:
        raise InputError(
            f"The blueprint has no variable {NAME_VARIABLE!r}.",
            why="An environment's name is given to the module by it.",
            next=f'Declare variable "{NAME_VARIABLE}" {{ type = string }} in variables.tf.',
        )
    groups = tuple(Group(g["title"], tuple(g["parameters"]), g.get("help", "")) for g in fields.get("groups", ()))
    hints = {k: Hint(h.get("kind", ""), h.get("help", ""), h.get("placeholder", "")) for k, h in _hints(fields)}
    named = [n for group in groups for n in group.parameters] + list(hints)
    strange = next((n for n in named if n not in names or n == NAME_VARIABLE), None)
    if strange is not None:
        raise InputError(
            f"blueprint.yaml names the parameter {strange!r}.",
            why=f"variables.tf declares: {', '.join(sorted(names - {NAME_VARIABLE})) or 'none'}.",
            next="Correct its name, or declare it.",
        )
    twice = next((n for g in groups for n in g.parameters if sum(n in o.parameters for o in groups) > 1), None)
    if twice:
        raise InputError(f"The parameter {twice} is in two groups.", why="In blueprint.yaml.", next="Keep one.")
    file = fields.get("helmfile")
    return Blueprint(
        name=name,
        title=fields["title"],
        version=str(fields["version"]),
        tier=fields["tier"],
        folder=folder,
        variables=known,
        purpose=fields.get("purpose", ""),
        owner=fields.get("owner", ""),
        minutes=fields.get("minutes", 5),
        groups=groups,
        hints=hints,
        addons=tuple(_addon(a) for a in fields.get("addons", ())),
        helmfile=_helmfile(file) if file else None,
        policies=tuple(fields.get("policies", ())),
        checks=tuple(fields.get("checks", ("nodes", "namespaces", "pods", "drift"))),
        namespaces=tuple(fields.get("namespaces", ())),
        limits=dict(fields.get("limits", {})),
    )


def _hints(fields: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, str]]]:
    found: Mapping[str, Mapping[str, str]] = fields.get("parameters", {})
    return found.items()


def _addon(found: Mapping[str, Any]) -> Addon:
    return Addon(
        found["release"],
        found["chart"],
        found["namespace"],
        tuple(found.get("values", ())),
        _texts(found.get("set")),
        str(found.get("when", "true")),
    )


def _helmfile(found: Mapping[str, Any]) -> Helmfile:
    return Helmfile(
        found["file"],
        found["environment"],
        _texts(found.get("values")),
        tuple(found.get("selectors", ())),
        _text(found.get("when", "true")),
    )


def _texts(found: Mapping[str, Any] | None) -> dict[str, str]:
    return {k: _text(v) for k, v in (found or {}).items()}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def filled(text: str, environment: str, variables: Mapping[str, Any], outputs: Mapping[str, Any]) -> str | None:
    """`text` with its references replaced; None when one of them is not known yet.

    Raises `InputError` for a reference to nothing, or to something that is no single text, number or truth.
    """
    unknown = False

    def one(found: re.Match[str]) -> str:
        nonlocal unknown
        steps = found[2].split(".")[1:]
        if found[1] == "environment" and not steps:
            return environment
        value: Any = variables if found[1] == "var" else outputs
        for step in steps:
            if isinstance(value, Mapping) and step in value:
                value = value[step]
            elif found[1] == "output" and (value is None or value is outputs):
                unknown = True
                return ""
            else:
                raise _refusal(found[0], f"There is no {step!r} in it.")
        if value is None:
            unknown = True
            return ""
        if not isinstance(value, str | int | float | bool):
            raise _refusal(found[0], "It is no single text, number or truth.")
        return _text(value)

    done = _REFERENCE.sub(one, text)
    return None if unknown else done


def _refusal(reference: str, why: str) -> InputError:
    return InputError(f"{reference} stands for nothing.", why=why, next="Correct it in blueprint.yaml.")
