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
# # Set the waves of a release
# Writes the steps of its rollout into the channel's values and commits them; the next deploy walks them.

# %% tags=["parameters"]
release: str = ""  # Release, as channels.yaml names it [required]
channel: str = ""  # Channel whose values are changed [required]
steps: list = []  # The steps, each with wave and one of weight, pause, analysis, experiment [required]

# %%
from conductor_core.entrypoints.notebook import begin

run = begin({"release": release, "channel": channel, "steps": steps})
run.show_plan()

# %% [markdown]
# ## Commit
# One commit on the planned tip of the channel's branch.

# %%
run.perform("values_commit")
