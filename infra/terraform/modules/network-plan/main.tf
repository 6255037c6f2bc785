# Pure arithmetic: a quarter of the addresses for each zone, of which one half is for pods and one eighth for nodes.
terraform {
  required_version = ">= 1.8"
}

locals {
  prefix    = tonumber(split("/", var.cidr)[1])
  node_bits = 32 - floor(log(var.node_addresses, 2) + 0.5)
  quarters  = { for index, zone in var.zones : zone => cidrsubnet(var.cidr, 2, index) }
  pods      = { for zone, quarter in local.quarters : zone => cidrsubnet(quarter, 1, 1) }
  nodes     = { for zone, quarter in local.quarters : zone => cidrsubnet(quarter, 3, 0) }
  services  = { for zone, quarter in local.quarters : zone => cidrsubnet(quarter, 3, 1) }
}
