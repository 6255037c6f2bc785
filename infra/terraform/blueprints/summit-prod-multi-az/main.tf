# Production over several zones: a network plan by zone, pools in every zone, a private entrance.
terraform {
  required_version = ">= 1.8"

  required_providers {
    kubectl = {
      source  = "gavinbunney/kubectl"
      version = ">= 1.19.0, < 2.0.0"
    }
  }
}

module "network" {
  source = "../../modules/network-plan"
  cidr   = var.network_cidr
  zones  = var.zones
}

module "node_pools" {
  source             = "../../modules/node-pools"
  environment        = var.environment
  zones              = { for zone, networks in module.network.zones : zone => { pods = networks.pods } }
  pools              = var.node_pools
  kubernetes_version = var.kubernetes_version
  region             = var.region
}

module "namespaces" {
  source      = "../../modules/namespaces"
  environment = var.environment
  tier        = "prod"
  owner       = var.owner
  namespaces  = var.namespaces
}

module "endpoint" {
  source      = "../../modules/endpoint"
  environment = var.environment
  namespace   = module.namespaces.names["system"]
  private     = var.endpoint.private
  allowed     = var.endpoint.allowed
}

resource "kubectl_manifest" "alerts" {
  count = nonsensitive(var.alert_webhook) == "" ? 0 : 1

  sensitive_fields = ["stringData"]

  yaml_body = yamlencode({
    apiVersion = "v1"
    kind       = "Secret"
    metadata   = { name = "alerts", namespace = module.namespaces.names["system"] }
    stringData = { webhook = var.alert_webhook }
  })
}
