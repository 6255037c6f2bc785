"""The local control plane of the crash tests is the one of the real-system tests."""

from tests.real.conftest import plane

__all__ = ["plane"]
