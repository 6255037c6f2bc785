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
# # Emergency abort of a Rollout
# Nobody has approved this beforehand. Somebody else says afterwards whether it was right; until then it is listed.

# %% tags=["parameters"]
namespace: str = ""  # Namespace of the Rollout [required] [pattern: [a-z0-9]([-a-z0-9]*[a-z0-9])?]
rollout: str = ""  # Name of the Rollout [required] [pattern: [a-z0-9]([-a-z0-9.]*[a-z0-9])?]

# %%
from conductor_core.entrypoints.notebook import begin

run = begin({"namespace": namespace, "rollout": rollout})
run.show_plan()

# %% [markdown]
# ## Abort, and read back
# The weight of the new version must be 0 % and the stable version must serve everybody.

# %%
run.perform("rollout_act")
