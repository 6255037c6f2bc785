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
# # Emergency abort of a fleet
# Every Rollout of the group that is in progress gives everybody its stable version; those at rest are not touched.
#
# Nobody has approved this beforehand. Somebody else says afterwards whether it was right; until then it is listed.

# %% tags=["parameters"]
fleet: str = ""  # Name of the group, for the record [required] [pattern: [A-Za-z0-9][-A-Za-z0-9._ ]*]
members: list = []  # Its Rollouts, each as namespace/name, in other clusters context/namespace/name [required]
silent: list = []  # Contexts of clusters that did not answer when the members were listed

# %%
from conductor_core.entrypoints.notebook import begin

run = begin({"fleet": fleet, "members": members, "silent": silent})
run.show_plan()

# %% [markdown]
# ## Abort all, and read each back
# One that can't be aborted doesn't keep the others from it.

# %%
run.perform("fleet_abort")
