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
# # Destroy an environment
# Uninstalls its add-ons, then destroys everything that its state knows, as approved.

# %% tags=["parameters"]
environment: str = ""  # Name of the environment [required] [pattern: [a-z][a-z0-9-]{1,30}[a-z0-9]]
confirm: str = ""  # The name once more: nothing is destroyed by a slip [required]

# %%
from conductor_core.entrypoints.notebook import begin

run = begin({"environment": environment, "confirm": confirm})
run.show_plan()

# %% [markdown]
# ## Add-ons
# Helm releases of the blueprint go first.

# %%
run.perform("addons_remove")

# %% [markdown]
# ## Destroy
# The saved plan, byte for byte as approved.

# %%
run.perform("tofu_apply")
