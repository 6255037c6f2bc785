"""The room of Kubernetes: one cluster through the official client's configuration and connections (port `Cluster`).

The client library takes a second to import, so nothing here imports it before the first request.
"""

from conductor_core.adapters.kubernetes.cluster import KubernetesCluster

__all__ = ["KubernetesCluster"]
