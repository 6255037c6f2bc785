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
# # Release a version from quarantine
# It may be deployed again, and automation goes on.

# %% tags=["parameters"]
release: str = ""  # Release, as channels.yaml names it [required]
version: str = ""  # Version that is released from quarantine [required]

# %%
from conductor_core.entrypoints.notebook import begin

run = begin({"release": release, "version": version})
run.show_plan()

# %%
run.perform("lift_quarantine")
