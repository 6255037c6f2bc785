# What infra/k8s has for the shared namespaces, for those of one environment: Pod Security, quota, limits, roles, and a
# network that is closed but for DNS, the namespace itself and those that `ingress_from` names.
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
  names  = { for name in keys(var.namespaces) : name => "${var.environment}-${name}" }
  labels = { for name, space in var.namespaces : name => { "app.kubernetes.io/part-of" = space.part_of, "conductor.summit/environment" = var.environment } }
  bindings = {
    viewers-viewer     = { group = "${var.owner}-viewers", role = "summit-viewer" }
    operators-viewer   = { group = "${var.owner}-operators", role = "summit-viewer" }
    operators-operator = { group = "${var.owner}-operators", role = "summit-operator" }
  }
  bound = merge([
    for name in keys(var.namespaces) : { for key, binding in local.bindings : "${name}/${key}" => merge(binding, { space = name, key = key }) }
  ]...)
}

resource "kubectl_manifest" "namespace" {
  for_each = var.namespaces

  server_side_apply = true
  wait              = true

  yaml_body = yamlencode({
    apiVersion = "v1"
    kind       = "Namespace"
    metadata = {
      name = local.names[each.key]
      labels = merge(local.labels[each.key], {
        "summit.example/owner"                       = var.owner
        "summit.example/tier"                        = var.tier
        "pod-security.kubernetes.io/enforce"         = "restricted"
        "pod-security.kubernetes.io/enforce-version" = "latest"
        "pod-security.kubernetes.io/warn"            = "restricted"
        "pod-security.kubernetes.io/audit"           = "restricted"
      })
    }
  })
}

resource "kubectl_manifest" "quota" {
  for_each = var.namespaces

  server_side_apply = true

  yaml_body = yamlencode({
    apiVersion = "v1"
    kind       = "ResourceQuota"
    metadata   = { name = "compute", namespace = local.names[each.key], labels = local.labels[each.key] }
    spec = {
      hard = {
        "requests.cpu"           = each.value.cpu
        "requests.memory"        = each.value.memory
        "pods"                   = tostring(each.value.pods)
        "services.loadbalancers" = tostring(each.value.load_balancers)
        "services.nodeports"     = "0"
      }
    }
  })

  depends_on = [kubectl_manifest.namespace]
}

resource "kubectl_manifest" "limits" {
  for_each = var.namespaces

  server_side_apply = true

  yaml_body = yamlencode({
    apiVersion = "v1"
    kind       = "LimitRange"
    metadata   = { name = "containers", namespace = local.names[each.key], labels = local.labels[each.key] }
    spec = {
      limits = [{
        type           = "Container"
        defaultRequest = { cpu = "50m", memory = "64Mi" }
        default        = { cpu = "500m", memory = "256Mi" }
        max            = { cpu = "4", memory = "8Gi" }
      }]
    }
  })

  depends_on = [kubectl_manifest.namespace]
}

resource "kubectl_manifest" "network" {
  for_each = var.namespaces

  server_side_apply = true

  yaml_body = yamlencode({
    apiVersion = "networking.k8s.io/v1"
    kind       = "NetworkPolicy"
    metadata   = { name = "closed", namespace = local.names[each.key], labels = local.labels[each.key] }
    spec = {
      podSelector = {}
      policyTypes = ["Ingress", "Egress"]
      ingress = [{
        from = concat(
          [{ podSelector = {} }],
          [for space in each.value.ingress_from : { namespaceSelector = { matchLabels = { "kubernetes.io/metadata.name" = space } } }],
        )
      }]
      egress = [
        { to = [{ podSelector = {} }] },
        {
          to    = [{ namespaceSelector = { matchLabels = { "kubernetes.io/metadata.name" = "kube-system" } } }]
          ports = [{ protocol = "UDP", port = 53 }, { protocol = "TCP", port = 53 }]
        },
      ]
    }
  })

  depends_on = [kubectl_manifest.namespace]
}

resource "kubectl_manifest" "binding" {
  for_each = local.bound

  server_side_apply = true

  yaml_body = yamlencode({
    apiVersion = "rbac.authorization.k8s.io/v1"
    kind       = "RoleBinding"
    metadata   = { name = each.value.key, namespace = local.names[each.value.space], labels = local.labels[each.value.space] }
    roleRef    = { apiGroup = "rbac.authorization.k8s.io", kind = "ClusterRole", name = each.value.role }
    subjects   = [{ apiGroup = "rbac.authorization.k8s.io", kind = "Group", name = each.value.group }]
  })

  depends_on = [kubectl_manifest.namespace]
}
