# METADATA
# title: What runs
# description: Rules on rendered manifests, the live objects that they replace left aside.
package workload

import data.lib

# METADATA
# title: Images are pinned
# description: An image without tag or digest, or tagged latest, is a different program tomorrow.
# custom:
#   id: workload/image-pinned
#   severity: deny
#   clears_by: Set the image's tag to a version, or name its digest.
deny contains lib.finding("workload/image-pinned", entry.path, msg, clears) if {
	some entry in lib.images
	not lib.digested(entry.image)
	not pinned_tag(entry.image)
	msg := sprintf("The image %s is not pinned to a version.", [entry.image])
	clears := "Set the image's tag to a version, or name its digest."
}

rules contains "workload/image-pinned"

pinned_tag(image) if {
	tag := lib.tag(image)
	not tag in {"", "latest"}
}

# METADATA
# title: Images come from allowed registries
# description: The list is the setting allowed_registries; without it, the company's registry and this machine's.
# custom:
#   id: workload/image-registry
#   severity: deny
#   clears_by: Copy the image to an allowed registry, or have the registry allowed in the settings.
deny contains lib.finding("workload/image-registry", entry.path, msg, clears) if {
	some entry in lib.images
	not lib.registry_allowed(entry.image)
	msg := lib.say(["The image ", entry.image, " comes from ", lib.registry(entry.image), ", which is not allowed."])
	clears := "Copy the image to an allowed registry, or have the registry allowed in the settings."
}

rules contains "workload/image-registry"

# METADATA
# title: The version label tells the truth
# description: The label version of a pod that carries one equals the tag of at least one of its images.
# custom:
#   id: workload/version-label
#   severity: warn
#   clears_by: Derive the label and the tag from the same value.
warn contains lib.finding("workload/version-label", path, msg, clears) if {
	some entry in lib.pods
	label := entry.pod.metadata.labels.version
	is_string(label)
	tags := {lib.tag(container.image) | some container in entry.pod.spec.containers; is_string(container.image)}
	count(tags) > 0
	not label in tags
	path := concat("/", [entry.path, "metadata", "labels", "version"])
	msg := sprintf("The version label says %s, and no image of the pod has that tag.", [label])
	clears := "Derive the label and the tag from the same value."
}

rules contains "workload/version-label"
