"""The room of Argo Rollouts: its objects read, and its acts done as its own command line does them."""

from conductor_core.adapters.argo_rollouts.rollouts import ArgoRollouts

__all__ = ["ArgoRollouts"]
