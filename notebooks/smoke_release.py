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
# # Run a smoke suite
# Checks an API with expectations and thresholds, says how it stands while it runs, and keeps the result.

# %% tags=["parameters"]
suite: str = ""  # Suite, a file in runbooks/smoke [required]
release: str = ""  # Release, as channels.yaml names it [required]
channel: str = ""  # Channel to run it against [required]

# %%
from conductor_core.entrypoints.notebook import begin

run = begin({"suite": suite, "release": release, "channel": channel})
run.show_plan()

# %%
run.check("smoke")
