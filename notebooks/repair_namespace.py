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
# # Repair a namespace
# Applies what `infra/k8s` defines for it, as it was approved; twice changes nothing.

# %% tags=["parameters"]
namespace: str = ""  # Namespace that is missing or not as defined [required] [pattern: [a-z0-9]([-a-z0-9]*[a-z0-9])?]

# %%
from conductor_core.entrypoints.notebook import begin

run = begin({"namespace": namespace})
run.show_plan()

# %% [markdown]
# ## Apply
# The namespace first, then what lies in it.

# %%
run.perform("namespace_apply")

# %% [markdown]
# ## Validate
# It is Active, and everything in it is as approved.

# %%
run.check("namespace_whole")
