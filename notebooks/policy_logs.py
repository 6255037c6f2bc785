# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags,-all
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
# ---

# %% [markdown]
# # Read the policy logs
# The policy engine's log and the decisions of the record; changes nothing.

# %% tags=["parameters"]
namespace: str = "maestro-system"  # Namespace of the policy engine [pattern: [a-z0-9]([-a-z0-9]*[a-z0-9])?]
deployment: str = "policy-engine"  # Its Deployment [pattern: [a-z0-9]([-a-z0-9.]*[a-z0-9])?]
lines: int = 200  # How many lines and decisions, the newest ones, 1000 at most
denials_only: bool = False  # Whether only denials of the record are wanted

# %%
from conductor_core.entrypoints.notebook import begin

run = begin({"namespace": namespace, "deployment": deployment, "lines": lines, "denials_only": denials_only})
run.show_plan()

# %% [markdown]
# ## Read
# What the engine said, and what was decided with its reasons.

# %%
run.perform("policy_logs")
