package values

import data.lib

# METADATA
# title: Analysis stays on in prod
# description: A chart with rollout.analysis keeps it enabled, and a step of the rollout uses it.
# custom:
#   id: values/analysis-on
#   severity: deny
#   clears_by: Set rollout.analysis.enabled to true and keep an analysis step in rollout.steps.
deny contains lib.finding("values/analysis-on", "values/rollout/analysis/enabled", msg, clears) if {
	lib.strict
	analysis := input.values.rollout.analysis
	not analysis.enabled == true
	msg := "The rollout's analysis is switched off in prod."
	clears := "Set rollout.analysis.enabled to true and keep an analysis step in rollout.steps."
}

deny contains lib.finding("values/analysis-on", "values/rollout/steps", msg, clears) if {
	lib.strict
	input.values.rollout.analysis.enabled == true
	not analysed
	msg := "No step of the rollout is an analysis."
	clears := "Set rollout.analysis.enabled to true and keep an analysis step in rollout.steps."
}

rules contains "values/analysis-on"

analysed if {
	some step in input.values.rollout.steps
	step.analysis
}

weighted_steps contains at if {
	some at, step in input.values.rollout.steps
	is_number(step.weight)
}

# Where the steps with a weight stand, in their order.
weighted := sort(weighted_steps)

weight(index) := input.values.rollout.steps[weighted[index]].weight

# METADATA
# title: Weights grow
# description: A step that lowers the weight sends users back to the old version in the middle of a rollout.
# custom:
#   id: values/weights-grow
#   severity: warn
#   clears_by: Order the steps of the rollout by weight.
warn contains lib.finding("values/weights-grow", path, msg, clears) if {
	some index, at in weighted
	index > 0
	before := weight(index - 1)
	weight(index) < before
	path := lib.at(["values/rollout/steps", at, "weight"])
	msg := sprintf("The weight falls from %v to %v.", [before, weight(index)])
	clears := "Order the steps of the rollout by weight."
}

rules contains "values/weights-grow"

# METADATA
# title: Something holds the rollout
# description: Between the first weight and the full one there is a pause, an analysis or an experiment.
# custom:
#   id: values/rollout-holds
#   severity: warn
#   clears_by: Put a pause, an analysis or an experiment before the step with the full weight.
warn contains lib.finding("values/rollout-holds", "values/rollout/steps", msg, clears) if {
	count(weighted) > 0
	not holds
	msg := "Nothing holds the rollout before it is full."
	clears := "Put a pause, an analysis or an experiment before the step with the full weight."
}

rules contains "values/rollout-holds"

holds if {
	some step in input.values.rollout.steps
	some field in ["pause", "analysis", "experiment"]
	is_object(step[field])
}
