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
# # Build the UI again
# For files of the UI that were never uploaded: they are missing after a purge too. The source at the version that the
# channel runs is built and uploaded by the program of `CONDUCTOR_UI_BUILD`, then a browser's files are looked at.

# %% tags=["parameters"]
release: str = ""  # Release, as channels.yaml names it [required]
channel: str = ""  # Channel of the UI [required]
ref: str = ""  # Branch, tag or commit of the UI's source; empty: CONDUCTOR_UI_REF

# %%
from conductor_core.entrypoints.notebook import begin

run = begin({"release": release, "channel": channel, "ref": ref})
run.show_plan()

# %% [markdown]
# ## Build
# In a fresh copy of the commit that was approved.

# %%
run.perform("ui_build")

# %% [markdown]
# ## Validate
# A browser gets every file. One that stays away though it was uploaded is kept by a cache: `purge_assets`.

# %%
run.check("assets")
