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
# # Restart a worker
# Replaces the pods of a worker whose queue is wedged; no Change may be mid-flight.

# %% tags=["parameters"]
namespace: str = "maestro-system"  # Namespace of the worker [pattern: [a-z0-9]([-a-z0-9]*[a-z0-9])?]
deployment: str = "maestro-worker"  # Deployment whose pods are replaced [pattern: [a-z0-9]([-a-z0-9.]*[a-z0-9])?]

# %%
from conductor_core.entrypoints.notebook import begin

run = begin({"namespace": namespace, "deployment": deployment})
run.show_plan()

# %% [markdown]
# ## Restart
# Once, and only while no task is mid-flight.

# %%
run.perform("worker_restart")

# %% [markdown]
# ## Validate
# Every pod is a fresh one, and available.

# %%
run.check("worker_rolled_out")
