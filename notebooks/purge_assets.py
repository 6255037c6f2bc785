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
# # Drop the UI's files from the cache
# For a UI that is stale after a rollout. If files are still missing afterwards, they were never uploaded: build the UI
# again (`pnpm -C client build`), upload it, and deploy the new asset tag.

# %% tags=["parameters"]
release: str = ""  # Release, as channels.yaml names it [required]
channel: str = ""  # Channel of the UI [required]

# %%
from conductor_core.entrypoints.notebook import begin

run = begin({"release": release, "channel": channel})
run.show_plan()

# %% [markdown]
# ## Purge
# The page and every file that it names.

# %%
run.perform("assets_purge")

# %% [markdown]
# ## Validate
# A browser gets every file.

# %%
run.check("assets")
