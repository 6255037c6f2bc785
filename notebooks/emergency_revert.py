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
# # Emergency revert of a release that Argo CD owns
# Nobody has approved this beforehand. Somebody else says afterwards whether it was right; until then it is listed.

# %% tags=["parameters"]
release: str = ""  # Release, as channels.yaml names it [required]
channel: str = ""  # Channel to revert [required]
to_commit: str = ""  # Commit whose content to go back to; empty: the newest good one that was synced before
quarantine: bool = True  # Put the version that is left into quarantine, and hold automation

# %%
from conductor_core.entrypoints.notebook import begin

run = begin({"release": release, "channel": channel, "to_commit": to_commit, "quarantine": quarantine})
run.show_plan()

# %% [markdown]
# ## Revert Git
# First of all, since users wait for it: one commit on the channel's branch, with the reason and the id of this Change.

# %%
run.perform("git_revert")

# %% [markdown]
# ## Sync
# The Application is synced to that commit; what heals itself heals towards it.

# %%
run.perform("argo_sync")

# %% [markdown]
# ## Quarantine
# So that nothing deploys the bad version again.

# %%
run.perform("quarantine_version")

# %% [markdown]
# ## Validate
# Workloads, pods, the API and the files of the UI, as they answer now.

# %%
run.check("workloads", "pods", "api", "assets")
