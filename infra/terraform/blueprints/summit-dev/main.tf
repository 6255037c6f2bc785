# A small environment in one zone, for teams that try things out together.
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
  zones  = [var.zone]
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
  tier        = "staging"
  owner       = var.owner
  namespaces  = var.namespaces
}
