output "private" {
  description = "Whether the entrance has an address of the private network only."
  value       = var.private
}

output "service" {
  description = "Where the entrance's Service lies, as NAMESPACE/NAME."
  value       = "${var.namespace}/entrance"

  depends_on = [kubectl_manifest.entrance]
}
