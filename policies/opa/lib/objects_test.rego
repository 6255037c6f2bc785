package lib_test

import data.lib

cron := {
	"kind": "CronJob",
	"metadata": {"name": "nightly", "namespace": "a"},
	"spec": {"jobTemplate": {"spec": {"template": {"spec": {"initContainers": [{"image": "x:1"}]}}}}},
}

bare := {"kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"image": "y:1"}, {"image": "z:1"}]}}

test_containers_are_found_wherever_they_are if {
	paths := {entry.path | some entry in lib.containers} with input as {"manifests": [cron, bare, {"kind": "ConfigMap"}, "no object"]}
	paths == {
		"CronJob/a/nightly#/spec/jobTemplate/spec/template/spec/initContainers/0",
		"Pod/p#/spec/containers/0",
		"Pod/p#/spec/containers/1",
	}
}

test_images_need_a_text if {
	found := lib.images with input as {"manifests": [{"kind": "Pod", "spec": {"containers": [{"image": 5}, {}]}}]}
	count(found) == 0
}

test_where_without_names if {
	lib.where({"kind": "Role"}) == "Role/unnamed"
	lib.where({"kind": 5, "metadata": {"name": 5, "namespace": 5}}) == "/unnamed"
	lib.namespace({"kind": "Role"}) == ""
}
