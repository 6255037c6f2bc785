output "zones" {
  description = "By zone: `nodes`, `services` and `pods`, each a network inside `cidr`."
  value = {
    for zone in var.zones : zone => {
      nodes    = local.nodes[zone]
      services = local.services[zone]
      pods     = local.pods[zone]
    }
  }
}

output "nodes_per_zone" {
  description = "How many nodes' pods fit into one zone."
  value       = pow(2, max(0, local.node_bits - (local.prefix + 3)))
}
