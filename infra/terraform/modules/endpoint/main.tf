# The environment's one entrance: a load balancer, internal unless said otherwise.
terraform {
  required_version = ">= 1.8"

  required_providers {
    kubectl = {
      source  = "gavinbunney/kubectl"
      version = ">= 1.19.0, < 2.0.0"
    }
  }
}

locals {
  internal = {
    "service.beta.kubernetes.io/aws-load-balancer-scheme"         = "internal"
    "service.beta.kubernetes.io/azure-load-balancer-internal"     = "true"
    "networking.gke.io/load-balancer-type"                        = "Internal"
    "service.beta.kubernetes.io/openstack-internal-load-balancer" = "true"
  }
}

resource "kubectl_manifest" "entrance" {
  server_side_apply = true

  yaml_body = yamlencode({
    apiVersion = "v1"
    kind       = "Service"
    metadata = {
      name        = "entrance"
      namespace   = var.namespace
      labels      = { "app.kubernetes.io/part-of" = "summit", "conductor.summit/environment" = var.environment }
      annotations = var.private ? local.internal : {}
    }
    spec = merge(
      {
        type     = "LoadBalancer"
        selector = { "app.kubernetes.io/component" = "ingress" }
        ports    = [{ name = "https", port = 443, targetPort = 8443 }]
      },
      length(var.allowed) > 0 ? { loadBalancerSourceRanges = var.allowed } : {},
    )
  })
}
