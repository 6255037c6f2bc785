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
# # Mark a release as stable
# The version that everybody has is written into the channel's values as the stable one.

# %% tags=["parameters"]
release: str = ""  # Release, as channels.yaml names it [required]
channel: str = ""  # Channel that is in its steady state [required]

# %%
from conductor_core.entrypoints.notebook import begin

run = begin({"release": release, "channel": channel})
run.show_plan()

# %% [markdown]
# ## Commit
# One commit on the planned tip of the channel's branch.

# %%
run.perform("values_commit")
