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
# # Validate a Helm release
# Asks whether everything that the release's present revision, or its last synced commit, holds is healthy.
# Changes nothing.

# %% tags=["parameters"]
release: str = ""  # Release, as channels.yaml names it [required]
channel: str = ""  # Channel to validate [required]

# %%
from conductor_core.entrypoints.notebook import begin

run = begin({"release": release, "channel": channel})
run.show_plan()

# %% [markdown]
# ## Validate
# Workloads, pods, the API and the files of the UI, as they answer now.

# %%
run.check("workloads", "pods", "api", "assets")
