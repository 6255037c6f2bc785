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
# # Mend a release that is stuck
# Its newest revision is pending and nothing works on it any more: back to the newest revision that ran as a whole.

# %% tags=["parameters"]
release: str = ""  # Release, as channels.yaml names it [required]
channel: str = ""  # Channel where it is stuck [required]

# %%
from conductor_core.entrypoints.notebook import begin

run = begin({"release": release, "channel": channel})
run.show_plan()

# %% [markdown]
# ## Mend
# One `helm rollback`, or `helm uninstall` when nothing of it ever ran.

# %%
run.perform("helm_mend")

# %% [markdown]
# ## Validate
# Workloads and pods, as they are now.

# %%
run.check("workloads", "pods")
