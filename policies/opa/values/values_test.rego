package values_test

import data.values

good := {
	"replicaCount": 2,
	"image": {"repository": "a/api", "tag": "1.2.3"},
	"secrets": {"existingSecret": "api", "keys": {"SESSION_KEY": "session-key"}},
	"rollout": {
		"analysis": {"enabled": true},
		"steps": [{"weight": 10}, {"pause": {}}, {"analysis": {"templates": ["a"]}}, {"weight": 100}],
	},
}

patched(path, value) := json.patch(good, [{"op": "add", "path": path, "value": value}])

denied(document, tier) := rules if rules := {finding.rule | some finding in values.deny} with input as {"change": {"tier": tier}, "values": document}

warned(document, tier) := rules if rules := {finding.rule | some finding in values.warn} with input as {"change": {"tier": tier}, "values": document}

test_good_values_pass if {
	denied(good, "prod") == set()
	warned(good, "prod") == set()
	denied({}, "prod") == set()
	denied({"port": 80, "list": [1, {"a": null}]}, "prod") == set()
}

test_every_rule_is_counted if {
	count(values.rules) == 6
}

test_no_secret if {
	every key in ["password", "DB_PASSWORD", "apiKey", "token", "githubToken", "clientSecret", "secret", "privateKey"] {
		denied(patched("/config", {key: "hunter2"}), "dev") == {"values/no-secret"}
		denied(patched("/config", {key: "secret://vault/db"}), "dev") == set()
		denied(patched("/config", {key: ""}), "dev") == set()
		denied(patched("/config", {key: true}), "dev") == set()
	}
	denied(patched("/secrets/keys", {"API_TOKEN": "api-token"}), "dev") == set()
	every key in ["existingSecret", "passwordSecretName", "tokenRef", "tlsSecretName", "passwordFile", "tokenSecretKey"] {
		denied(patched("/config", {key: "somewhere"}), "dev") == set()
	}
	finding := {entry.path | some entry in values.deny} with input as {"change": {"tier": "dev"}, "values": {"a": [{"password": "x"}]}}
	finding == {"values/a/0/password"}
}

test_replica_count if {
	denied(patched("/replicaCount", 1), "prod") == {"values/replica-count"}
	denied(patched("/ui", {"replicaCount": 1}), "prod") == {"values/replica-count"}
	denied(patched("/ui", {"replicaCount": 1}), "staging") == set()
	denied(patched("/ui", {"replicaCount": 1, "autoscaling": {"enabled": true}}), "prod") == set()
	denied(patched("/ui", {"replicaCount": 1, "autoscaling": {"enabled": false}}), "prod") == {"values/replica-count"}
}

test_tag_pinned if {
	every tag in ["latest", "", "main", "1.2", 1.2, null] {
		denied(patched("/image/tag", tag), "prod") == {"values/tag-pinned"}
	}
	every tag in ["1.2.3", "v1.2.3", "1.2.3-rc.1", "1.2.3+build.5"] {
		denied(patched("/image/tag", tag), "prod") == set()
	}
	denied(patched("/image/tag", "main"), "dev") == set()
	denied(patched("/image/tag", "latest"), "dev") == {"values/tag-pinned"}
	digest := "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	denied(patched("/image", {"repository": "a", "tag": "main", "digest": digest}), "prod") == set()
	denied(patched("/note", {"tag": "main"}), "prod") == set()
}

test_analysis_on if {
	denied(patched("/rollout/analysis/enabled", false), "prod") == {"values/analysis-on"}
	denied(patched("/rollout/analysis/enabled", false), "dev") == set()
	denied(patched("/rollout/steps", [{"weight": 10}, {"pause": {}}]), "prod") == {"values/analysis-on"}
}

test_weights_grow if {
	warned(patched("/rollout/steps", [{"weight": 50}, {"pause": {}}, {"weight": 10}]), "dev") == {"values/weights-grow"}
	warned(patched("/rollout/steps", [{"weight": 10}, {"pause": {}}, {"weight": 10}]), "dev") == set()
}

test_rollout_holds if {
	warned(patched("/rollout/steps", [{"weight": 50}, {"weight": 100}]), "dev") == {"values/rollout-holds"}
	every step in [{"pause": {}}, {"analysis": {"templates": ["a"]}}, {"experiment": {"duration": "1m"}}] {
		warned(patched("/rollout/steps", [{"weight": 50}, step, {"weight": 100}]), "dev") == set()
	}
}
