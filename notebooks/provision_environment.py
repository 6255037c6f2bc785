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
# # Provision an environment
# Applies the saved plan that was approved, installs the add-ons of the blueprint, and validates what is there.

# %% tags=["parameters"]
environment: str = ""  # Name of the environment [required] [pattern: [a-z][a-z0-9-]{1,30}[a-z0-9]]
blueprint: str = ""  # Blueprint that it is made from [required]
tier: str = ""  # Tier of the environment [required] [one of: dev, staging, prod]
variables: dict = {}  # Values of the blueprint's variables; secrets as secret://NAME
allow_destroy: bool = False  # Whether the plan may delete or replace what is there
replace: list = []  # Addresses of resources that are made anew though nothing of them has changed

# %%
from conductor_core.entrypoints.notebook import begin

run = begin(
    {
        "environment": environment,
        "blueprint": blueprint,
        "tier": tier,
        "variables": variables,
        "allow_destroy": allow_destroy,
        "replace": replace,
    }
)
run.show_plan()

# %% [markdown]
# ## Apply
# The saved plan, byte for byte as approved; tofu tells what it does.

# %%
run.perform("tofu_apply")

# %% [markdown]
# ## Add-ons
# Helm releases of the blueprint, with what the outputs say.

# %%
run.perform("addons_apply")

# %% [markdown]
# ## Helmfile
# The releases of the blueprint's helmfile, with state values out of the outputs; nothing when it has none.

# %%
run.perform("helmfile_sync")

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
