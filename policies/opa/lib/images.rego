package lib

# The reference without its digest: "registry/name:tag".
undigested(image) := split(image, "@")[0]

last_part(image) := parts[count(parts) - 1] if parts := split(undigested(image), "/")

tag(image) := pieces[1] if {
	pieces := split(last_part(image), ":")
	count(pieces) == 2
}

digested(image) if regex.match(`^[^@]+@sha256:[0-9a-f]{64}$`, image)

# What stands before the first slash, when it can be a host; images without one come from docker.io.
registry(image) := head if {
	parts := split(undigested(image), "/")
	count(parts) > 1
	head := parts[0]
	host(head)
} else := "docker.io"

host(head) if contains(head, ".")

host(head) if contains(head, ":")

host("localhost")

default_registries := {"registry.summit.example", "localhost", "127.0.0.1"}

allowed_registries := {entry | some entry in setting("allowed_registries", default_registries)}

# A host is allowed with every port, unless the list names one.
registry_allowed(image) if registry(image) in allowed_registries

registry_allowed(image) if split(registry(image), ":")[0] in allowed_registries
