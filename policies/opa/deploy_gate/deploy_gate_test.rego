package deploy_gate_test

import data.deploy_gate

change := {
	"runbook": "deploy_release",
	"target": "release/staging/intelgraph",
	"parameters": {"release": "intelgraph", "channel": "staging"},
	"tier": "staging",
	"requester": "local:requester",
	"reason": "new search",
}

live := {
	"channels": [
		{"name": "dev", "version": "1.1.0", "healthy": true},
		{"name": "staging", "version": "1.0.0", "healthy": true},
		{"name": "prod", "version": "1.0.0", "healthy": true},
	],
	"freezes": [],
	"quarantined": [],
}

image := "registry.summit.example/a/api:1.1.0"

pod := {"kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"image": image}]}}

scan := {"kind": "vulnerabilities", "image": image, "tool": "trivy", "counts": {"critical": 0, "high": 3}}

signature := {"kind": "signature", "image": image, "tool": "cosign", "verified": true}

good := {
	"change": change,
	"manifests": [pod],
	"values": {"image": {"tag": "1.1.0"}},
	"live": live,
	"scans": [scan, signature],
	"settings": {},
	"now": "2026-11-24T10:00:00Z",
}

patched(patches) := json.patch(good, patches)

set_to(path, value) := {"op": "add", "path": path, "value": value}

denied(document) := rules if rules := {finding.rule | some finding in deploy_gate.deny} with input as document

warned(document) := rules if rules := {finding.rule | some finding in deploy_gate.warn} with input as document

in_prod := [set_to("/change/tier", "prod"), set_to("/change/parameters/channel", "prod"), set_to("/live/channels/1/version", "1.1.0")]

test_good_change_passes if {
	denied(good) == set()
	warned(good) == set()
	denied(patched(in_prod)) == set()
	warned(patched(in_prod)) == set()
}

test_every_rule_is_counted if {
	count(deploy_gate.rules) == 9
}

test_reason if {
	every reason in ["", "  ", "\n", 5, null] {
		denied(patched([set_to("/change/reason", reason)])) == {"deploy_gate/reason"}
	}
	denied(json.remove(good, ["/change/reason"])) == {"deploy_gate/reason"}
}

test_time if {
	denied(json.remove(good, ["/now"])) == {"deploy_gate/time"}
	denied(patched([set_to("/now", "2026-11-24T10:00:00+01:00")])) == {"deploy_gate/time"}
	freeze := {"target": "x", "from": "yesterday", "until": "2026-11-25T00:00:00Z"}
	denied(patched([set_to("/live/freezes", [freeze])])) == {"deploy_gate/time"}
}

freeze(target, from, until) := set_to("/live/freezes", [{"target": target, "from": from, "until": until, "reason": "audit"}])

test_freeze if {
	every target in ["release/staging/intelgraph", "release/staging/*", "*"] {
		denied(patched([freeze(target, "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z")])) == {"deploy_gate/freeze"}
	}
	denied(patched([freeze("release/prod/*", "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z")])) == set()
	denied(patched([freeze("*", "2026-11-20T00:00:00Z", "2026-11-24T10:00:00Z")])) == set()
	denied(patched([freeze("*", "2026-11-24T10:00:00Z", "2026-11-24T10:00:01Z")])) == {"deploy_gate/freeze"}
	denied(patched([freeze("*", "2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z")])) == set()
}

test_a_freeze_without_a_reason_is_one if {
	bare := set_to("/live/freezes", [{"target": "*", "from": "2026-11-24T00:00:00Z", "until": "2026-11-25T00:00:00Z"}])
	messages := {finding.msg | some finding in deploy_gate.deny} with input as patched([bare])
	messages == {"release/staging/intelgraph is frozen until 2026-11-25T00:00:00Z."}
}

test_freeze_is_overridden_by_role_with_a_reason if {
	frozen := freeze("*", "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z")
	override := {"kind": "freeze", "by": "local:captain", "role": "captain", "reason": "incident"}
	allowed := patched([frozen, set_to("/change/overrides", [override])])
	denied(allowed) == set()
	warned(allowed) == {"deploy_gate/freeze"}
	every change in [{"role": "requester"}, {"reason": " "}, {"kind": "scan"}] {
		denied(patched([frozen, set_to("/change/overrides", [object.union(override, change)])])) == {"deploy_gate/freeze"}
	}
}

test_quarantine if {
	entry := {"release": "intelgraph", "version": "1.1.0", "reason": "errors"}
	denied(patched([set_to("/live/quarantined", [entry])])) == {"deploy_gate/quarantine"}
	denied(patched([set_to("/live/quarantined", [object.union(entry, {"version": "1.0.9"})])])) == set()
	denied(patched([set_to("/live/quarantined", [object.union(entry, {"release": "conductor"})])])) == set()
}

test_channel_order if {
	rule := {"deploy_gate/channel-order"}
	late := set_to("/live/channels/0/version", "1.0.0")
	warned(patched([late])) == rule
	denied(patched([late])) == set()
	sick := set_to("/live/channels/1/healthy", false)
	denied(patched(array.concat(in_prod, [sick]))) == rule
	skipped := set_to("/live/channels/1/version", "1.0.0")
	denied(patched(array.concat(in_prod, [skipped]))) == rule
	mild := patched(array.concat(in_prod, [skipped, set_to("/settings/channel_order", "warn")]))
	denied(mild) == set()
	warned(mild) == rule
	backwards := ["rollback_release", "revert_release", "emergency_rollback", "emergency_revert"]
	kept_back := {runbook |
		some runbook in backwards
		denied(patched(array.concat(in_prod, [skipped, set_to("/change/runbook", runbook)]))) != set()
	}
	kept_back == set()
	first := patched([set_to("/change/parameters/channel", "dev"), set_to("/change/tier", "dev"), set_to("/change/parameters/version", "9.0.0")])
	warned(first) == set()
	empty := json.remove(patched(in_prod), ["/live/channels/1/version"])
	denied(empty) == rule
}

test_scan_threshold if {
	rule := {"deploy_gate/scan-threshold"}
	bad := set_to("/scans/0/counts/critical", 1)
	denied(patched([bad])) == rule
	warned(patched([bad, set_to("/change/tier", "dev")])) == rule
	denied(patched([set_to("/scans/0/counts/high", 11)])) == rule
	denied(patched([set_to("/scans/0/counts/high", "none")])) == rule
	denied(patched([set_to("/scans/0/counts/high", 10)])) == set()
	denied(patched([bad, set_to("/settings/scan_thresholds", {"critical": 1})])) == set()
}

test_scan_attached if {
	rule := {"deploy_gate/scan-attached"}
	none := set_to("/scans", [signature])
	warned(patched([none])) == rule
	warned(patched(array.concat(in_prod, [none]))) == rule
	required := set_to("/settings/require_scans", true)
	denied(patched(array.concat(in_prod, [none, required]))) == rule
	warned(patched(array.concat(in_prod, [none, required]))) == set()
	denied(patched([none, required])) == set()
}

test_reports_can_name_the_digest if {
	digest := "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	by_digest := patched([
		set_to("/manifests/0/spec/containers/0/image", concat("@", [image, digest])),
		set_to("/scans/0/digest", digest),
		set_to("/scans/1/digest", digest),
	])
	warned(by_digest) == set()
}

test_signature if {
	every verified in [false, "true", null] {
		denied(patched([set_to("/scans/1/verified", verified)])) == {"deploy_gate/signature"}
	}
}

test_signature_attached if {
	rule := {"deploy_gate/signature-attached"}
	none := set_to("/scans", [scan])
	warned(patched([none])) == rule
	required := array.concat(in_prod, [none, set_to("/settings/require_signatures", true)])
	denied(patched(required)) == rule
	warned(patched(required)) == set()
}
