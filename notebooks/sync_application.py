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
# # Sync an Application
# Argo CD brings the cluster to what Git says; what would be removed is named in the plan.

# %% tags=["parameters"]
application: str = ""  # Name of the Application [required] [pattern: [a-z0-9]([-a-z0-9.]*[a-z0-9])?]
namespace: str = ""  # Where it lies, when not in Argo CD's own namespace [pattern: [-a-z0-9]*]

# %%
from conductor_core.entrypoints.notebook import begin

run = begin({"application": application, "namespace": namespace})
run.show_plan()

# %% [markdown]
# ## Sync
# One sync, with the Change's id on it.

# %%
run.perform("application_sync")
