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
# # Roll back a Helm release
# Makes a new revision with the manifests and values of an earlier one, then waits until it is healthy.

# %% tags=["parameters"]
release: str = ""  # Release, as channels.yaml names it [required]
channel: str = ""  # Channel to roll back [required]
to_revision: int = 0  # Revision whose manifests and values to go back to [required]

# %%
from conductor_core.entrypoints.notebook import begin

run = begin({"release": release, "channel": channel, "to_revision": to_revision})
run.show_plan()

# %% [markdown]
# ## Roll back
# One `helm rollback` to the planned revision.

# %%
run.perform("helm_rollback")

# %% [markdown]
# ## Validate
# Workloads, pods and the API, as they answer now.

# %%
run.check("workloads", "pods", "api")
