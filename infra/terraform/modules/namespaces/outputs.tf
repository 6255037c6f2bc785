output "names" {
  description = "Full names of the namespaces, by the name that was asked for."
  value       = local.names

  depends_on = [kubectl_manifest.namespace]
}
