output "nodes" {
  description = "Names of the nodes by pool."
  value       = module.node_pools.nodes
}

output "namespaces" {
  description = "Full names of the namespaces, by the name that was asked for."
  value       = module.namespaces.names
}

output "networks" {
  description = "By zone: networks of nodes, services and pods."
  value       = module.network.zones
}
