"""The room of Helm: charts rendered and releases changed by the helm program (port `Helm`)."""

from conductor_core.adapters.helm.program import HelmProgram

__all__ = ["HelmProgram"]
