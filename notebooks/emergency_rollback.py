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
# # Emergency rollback of a Helm release
# Nobody has approved this beforehand. Somebody else says afterwards whether it was right; until then it is listed.

# %% tags=["parameters"]
release: str = ""  # Release, as channels.yaml names it [required]
channel: str = ""  # Channel to roll back [required]
to_revision: int = 0  # Revision whose manifests and values to go back to [required]
quarantine: bool = True  # Put the version that is left into quarantine, and hold automation
revert_git: bool = True  # Give the branch the same content back, in one commit

# %%
from conductor_core.entrypoints.notebook import begin

run = begin(
    {
        "release": release,
        "channel": channel,
        "to_revision": to_revision,
        "quarantine": quarantine,
        "revert_git": revert_git,
    }
)
run.show_plan()

# %% [markdown]
# ## Roll back
# First of all, since users wait for it: one `helm rollback` to the planned revision.

# %%
run.perform("helm_rollback")

# %% [markdown]
# ## Quarantine
# So that nothing deploys the bad version again.

# %%
run.perform("quarantine_version")

# %% [markdown]
# ## Revert Git
# One commit on the channel's branch, with the reason and the id of this Change.

# %%
run.perform("git_revert")

# %% [markdown]
# ## Validate
# Workloads, pods, the API and the files of the UI, as they answer now.

# %%
run.check("workloads", "pods", "api", "assets")
