output "nodes" {
  description = "Names of the nodes by pool."
  value       = { for name in keys(var.pools) : name => sort([for node in local.nodes : node.name if node.pool == name]) }

  depends_on = [kubectl_manifest.node]
}

output "cpus" {
  description = "Processors of all nodes together."
  value       = sum(concat([0], [for node in local.nodes : var.pools[node.pool].cpu]))
}
