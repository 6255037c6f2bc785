# A node pool as Node objects: kubelets of real machines would register the same ones, on the local control plane kwok
# plays them. Which slice of its zone's pod network a node gets is decided by the cluster.
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
  wanted = flatten([
    for name in sort(keys(var.pools)) : [
      for zone in sort(length(var.pools[name].zones) > 0 ? var.pools[name].zones : keys(var.zones)) : [
        for index in range(var.pools[name].nodes) : {
          name = "${var.environment}-${name}-${zone}-${index}"
          pool = name
          zone = zone
        }
      ]
    ]
  ])
  nodes = { for node in local.wanted : node.name => node }
  own   = var.dedicated ? [{ key = "conductor.summit/environment", value = var.environment, effect = "NoSchedule" }] : []
}

resource "kubectl_manifest" "node" {
  for_each = local.nodes

  # kwok and the controllers own the status, and what they add to annotations and taints
  ignore_fields = ["status", "metadata.annotations", "spec.taints"]

  yaml_body = yamlencode({
    apiVersion = "v1"
    kind       = "Node"
    metadata = {
      name = each.key
      labels = merge(var.pools[each.value.pool].labels, {
        "conductor.summit/environment"     = var.environment
        "conductor.summit/pool"            = each.value.pool
        "kubernetes.io/arch"               = "amd64"
        "kubernetes.io/os"                 = "linux"
        "kubernetes.io/hostname"           = each.key
        "node.kubernetes.io/instance-type" = "simulated-${var.pools[each.value.pool].cpu}x${var.pools[each.value.pool].memory}"
        # taints are ignored below, for controllers add their own: a changed label brings changed ones along
        "conductor.summit/taints"          = substr(sha256(jsonencode(concat(var.pools[each.value.pool].taints, local.own))), 0, 12)
        "topology.kubernetes.io/region"    = var.region
        "topology.kubernetes.io/zone"      = each.value.zone
        "type"                             = "kwok"
      })
      annotations = { "kwok.x-k8s.io/node" = "fake", "conductor.summit/kubernetes-version" = var.kubernetes_version, "conductor.summit/pod-network" = try(var.zones[each.value.zone].pods, "") }
    }
    spec = {
      taints = concat(var.pools[each.value.pool].taints, local.own)
    }
    status = {
      capacity    = { cpu = tostring(var.pools[each.value.pool].cpu), memory = var.pools[each.value.pool].memory, pods = "110" }
      allocatable = { cpu = tostring(var.pools[each.value.pool].cpu), memory = var.pools[each.value.pool].memory, pods = "110" }
    }
  })

  lifecycle {
    precondition {
      condition     = contains(keys(var.zones), each.value.zone)
      error_message = "Pool ${each.value.pool} names the zone ${each.value.zone}, which the environment does not have."
    }
  }
}
