"""The room of Git: the operations repository through the git program (port `Repository`)."""

from conductor_core.adapters.git.builds import GitBuilds
from conductor_core.adapters.git.repository import GitRepository

__all__ = ["GitBuilds", "GitRepository"]
