# METADATA
# title: What every family knows of the Change
# description: The tier decides how strict a rule is; an unknown tier counts as prod.
package lib

default tier := "prod"

tier := input.change.tier if input.change.tier in {"dev", "staging", "prod"}

# The tier's word for "this must be mended": rules that are strict in prod and mild elsewhere ask it.
strict if tier == "prod"

setting(name, fallback) := object.get(input, ["settings", name], fallback)

# A parameter of the runbook, or the empty text.
parameter(name) := object.get(input, ["change", "parameters", name], "")

# The version that the Change would bring: a parameter, or the tag of the chart's main image.
version := object.get(input, ["values", "image", "tag"], "") if parameter("version") == ""

version := parameter("version") if parameter("version") != ""

finding(rule, path, msg, clears_by) := {
	"rule": rule,
	"path": path,
	"msg": msg,
	"clears_by": clears_by,
}

# rego-cpp's sprintf puts quotes around texts that another function made, unless the format is nothing but that text. So
# sentences with such texts, and paths, are joined from parts.
say(parts) := concat("", [sprintf("%v", [part]) | some part in parts])

at(steps) := concat("/", [sprintf("%v", [step]) | some step in steps])

# RFC 3339 in UTC with whole seconds: such times sort as texts do, so no engine has to read them.
utc(time) if {
	is_string(time)
	regex.match(`^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]Z$`, time)
}
