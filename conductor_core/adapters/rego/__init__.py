"""The room of embedded Rego (port `PolicyEngine`): an engine whose native part lives in a child process."""

from conductor_core.adapters.rego.engine import RegoEngine

__all__ = ["RegoEngine"]
