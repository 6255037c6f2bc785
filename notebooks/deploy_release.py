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
# # Deploy a Helm release
# Installs or upgrades the release with the chart and values of its channel's branch, then waits until it is healthy.

# %% tags=["parameters"]
release: str = ""  # Release, as channels.yaml names it [required]
channel: str = ""  # Channel to deploy to [required]
sets: dict = {}  # Values that override the overlays: dotted path to text

# %%
from conductor_core.entrypoints.notebook import begin

run = begin({"release": release, "channel": channel, "sets": sets})
run.show_plan()

# %% [markdown]
# ## Upgrade
# One `helm upgrade --install` of the planned commit.

# %%
run.perform("helm_upgrade")

# %% [markdown]
# ## Validate
# Workloads, pods and the API, as they answer now; then the smoke suites of the release and the files of its UI.

# %%
run.check("workloads", "pods", "api", "smoke", "assets")
