package lib

manifests := [entry | some entry in input.manifests; is_object(entry)]

templated_kinds := {"DaemonSet", "Deployment", "Job", "ReplicaSet", "Rollout", "StatefulSet"}

scaled_kinds := {"Deployment", "Rollout", "StatefulSet"}

# An undefined argument under `not` means one thing to OPA and another to rego-cpp: hence object.get and else.
name(entry) := value if {
	value := object.get(entry, ["metadata", "name"], "unnamed")
	is_string(value)
} else := "unnamed"

namespace(entry) := value if {
	value := object.get(entry, ["metadata", "namespace"], "")
	is_string(value)
} else := ""

kind(entry) := value if {
	value := object.get(entry, ["kind"], "")
	is_string(value)
} else := ""

# "Kind/namespace/name", or "Kind/name" where the manifest names no namespace.
where(entry) := concat("/", [kind(entry), name(entry)]) if namespace(entry) == ""

where(entry) := concat("/", [kind(entry), namespace(entry), name(entry)]) if namespace(entry) != ""

pod_pointer(entry) := "/spec/template" if entry.kind in templated_kinds

pod_pointer(entry) := "/spec/jobTemplate/spec/template" if entry.kind == "CronJob"

pod_pointer(entry) := "" if entry.kind == "Pod"

pod(entry) := entry.spec.template if entry.kind in templated_kinds

pod(entry) := entry.spec.jobTemplate.spec.template if entry.kind == "CronJob"

pod(entry) := entry if entry.kind == "Pod"

# Every pod template among the manifests: {object, pod, path}, path as "Kind/namespace/name#/json/pointer".
pods contains entry if {
	some manifest in manifests
	template := pod(manifest)
	entry := {"object": manifest, "pod": template, "path": concat("#", [where(manifest), pod_pointer(manifest)])}
}

container_fields := ["containers", "initContainers", "ephemeralContainers"]

# Every container of every pod template: {pod, container, path}.
containers contains entry if {
	some template in pods
	some field in container_fields
	some index, container in template.pod.spec[field]
	is_object(container)
	entry := {
		"pod": template.pod,
		"container": container,
		"path": at([template.path, "spec", field, index]),
	}
}

# Every image that the manifests would run, with the place that names it.
images contains {"image": entry.container.image, "path": concat("/", [entry.path, "image"])} if {
	some entry in containers
	is_string(entry.container.image)
}
