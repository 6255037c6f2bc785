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
# # Put a version into quarantine
# Its deploys are refused, and automation of the channel is held, until somebody releases it.

# %% tags=["parameters"]
release: str = ""  # Release, as channels.yaml names it [required]
channel: str = ""  # Channel in which it went bad [required]
version: str = ""  # Version that goes into quarantine [required]

# %%
from conductor_core.entrypoints.notebook import begin

run = begin({"release": release, "channel": channel, "version": version})
run.show_plan()

# %%
run.perform("quarantine_version")
