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
# # Validate an environment
# Asks whether what an apply has left is well; changes nothing.

# %% tags=["parameters"]
environment: str = ""  # Name of the environment [required] [pattern: [a-z][a-z0-9-]{1,30}[a-z0-9]]

# %%
from conductor_core.entrypoints.notebook import begin

run = begin({"environment": environment})
run.show_plan()

# %% [markdown]
# ## Validate
# Nodes by pool, namespaces, pods, the API, and a plan that finds nothing to do.

# %%
run.check(
    "environment_nodes",
    "environment_namespaces",
    "environment_pods",
    "environment_api",
    "environment_drift",
)
