# An environment on the cluster that Conductor works on: pools of nodes, closed namespaces, IntelGraph on request.
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
  zones  = ["local-a"]
}

module "node_pools" {
  source             = "../../modules/node-pools"
  environment        = var.environment
  zones              = { for zone, networks in module.network.zones : zone => { pods = networks.pods } }
  pools              = var.node_pools
  kubernetes_version = var.kubernetes_version
}

module "namespaces" {
  source      = "../../modules/namespaces"
  environment = var.environment
  tier        = "dev"
  owner       = var.owner
  namespaces  = var.namespaces
}
