"""The room of Kubernetes: one cluster through the official client's configuration and connections (ports `Cluster` and
`ObjectPatches`).

The client library takes a second to import, so nothing here imports it before the first request.
"""

from conductor_core.adapters.kubernetes.cluster import KubernetesCluster
from conductor_core.adapters.kubernetes.patches import KubernetesPatches

__all__ = ["KubernetesCluster", "KubernetesPatches"]
