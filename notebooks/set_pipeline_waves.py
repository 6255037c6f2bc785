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
# # Set the waves of a pipeline
# Writes the steps of its progressive sync into the file that declares the ApplicationSet, and applies them.

# %% tags=["parameters"]
pipeline: str = ""  # ApplicationSet, as Argo CD names it [required]
steps: list = []  # Steps as spec.strategy.rollingSync has them; empty: all Applications at once
branch: str = "main"  # Branch of the operations repository that declares it [required]

# %%
from conductor_core.entrypoints.notebook import begin

run = begin({"pipeline": pipeline, "steps": steps, "branch": branch})
run.show_plan()

# %% [markdown]
# ## Commit, apply, read back
# One commit on the planned tip; then the live set is patched, unless Argo CD applies it from Git itself.

# %%
run.perform("pipeline_waves")
