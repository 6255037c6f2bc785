"""One `authorize` for every surface: UI, CLI, REST, GraphQL and notebooks ask here (security rule 1)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from conductor_core.domain.actors import Actor, Role
from conductor_core.domain.runbooks import Runbook
from conductor_core.errors import AccessDeniedError


class Action(StrEnum):
    """Everything that an actor may ask for."""

    VIEW = "view"
    REQUEST = "change.request"
    REPLAN = "change.replan"
    APPROVE = "change.approve"
    REJECT = "change.reject"
    CANCEL = "change.cancel"
    SETTLE = "change.settle"
    BREAK_GLASS = "emergency.act"
    REVIEW = "emergency.review"
    ESCALATE = "support.escalate"


GRANTS: dict[Action, frozenset[Role]] = {
    Action.VIEW: frozenset(Role),
    Action.REQUEST: frozenset({Role.OPERATOR, Role.CAPTAIN}),
    Action.REPLAN: frozenset({Role.OPERATOR, Role.CAPTAIN}),
    Action.APPROVE: frozenset({Role.APPROVER, Role.CAPTAIN}),
    Action.REJECT: frozenset({Role.APPROVER, Role.CAPTAIN}),
    Action.CANCEL: frozenset({Role.OPERATOR, Role.CAPTAIN}),
    Action.SETTLE: frozenset({Role.CAPTAIN}),
    Action.BREAK_GLASS: frozenset({Role.BREAK_GLASS}),
    Action.REVIEW: frozenset({Role.APPROVER, Role.CAPTAIN}),
    Action.ESCALATE: frozenset({Role.OPERATOR, Role.APPROVER, Role.CAPTAIN, Role.BREAK_GLASS}),
}


@dataclass(frozen=True)
class Resource:
    """What is acted on. `owner` is the key of the actor who requested it, empty when nobody did."""

    kind: str
    name: str = ""
    owner: str = ""


def to_request(runbook: Runbook) -> Action:
    """What somebody must be allowed who requests that runbook, when it is requested and when it is dispatched."""
    return Action.BREAK_GLASS if runbook.emergency else Action.REQUEST


def authorize(actor: Actor, action: Action, resource: Resource) -> None:
    """Return when the actor may do that; raise `AccessDeniedError` that names the roles which may.

    The requester of a Change never approves it, whatever the roles; only its requester or a captain may cancel it.
    """
    if action in (Action.APPROVE, Action.REVIEW) and resource.owner == actor.key:
        raise AccessDeniedError(
            "The requester of a Change can't approve it.",
            why=f"{actor.name} requested {resource.name}; separation of duties asks for a second person.",
            next="Ask somebody else with the approver role.",
        )
    allowed = GRANTS[action]
    if not actor.roles & allowed:
        roles = " or ".join(sorted(role.value for role in allowed))
        raise AccessDeniedError(
            f"{actor.name} may not do {action.value} on {resource.kind} {resource.name}".rstrip() + ".",
            why=f"It takes the role {roles}; {actor.name} has {', '.join(sorted(actor.roles)) or 'none'}.",
            next="Act as somebody with that role, or ask them.",
        )
    if action is Action.CANCEL and resource.owner != actor.key and not actor.has(Role.CAPTAIN):
        raise AccessDeniedError(
            "Only its requester or a captain may cancel a Change.",
            why=f"{resource.name} was requested by {resource.owner or 'somebody else'}.",
            next="Ask one of them.",
        )
