package lib

manifests := [entry | some entry in input.manifests; is_object(entry)]

templated_kinds := {"DaemonSet", "Deployment", "Job", "ReplicaSet", "Rollout", "StatefulSet"}

scaled_kinds := {"Deployment", "Rollout", "StatefulSet"}

name(entry) := entry.metadata.name if is_string(entry.metadata.name)

name(entry) := "unnamed" if not is_string(entry.metadata.name)

# "Kind/namespace/name", or "Kind/name" where the manifest names no namespace.
where(entry) := concat("/", [entry.kind, entry.metadata.namespace, name(entry)]) if {
	is_string(entry.metadata.namespace)
}

where(entry) := concat("/", [entry.kind, name(entry)]) if not is_string(entry.metadata.namespace)

namespace(entry) := entry.metadata.namespace if is_string(entry.metadata.namespace)

namespace(entry) := "" if not is_string(entry.metadata.namespace)

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
		"path": sprintf("%s/spec/%s/%d", [template.path, field, index]),
	}
}

# Every image that the manifests would run, with the place that names it.
images contains {"image": entry.container.image, "path": concat("/", [entry.path, "image"])} if {
	some entry in containers
	is_string(entry.container.image)
}
