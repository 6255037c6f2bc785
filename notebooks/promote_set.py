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
# # Promote a set
# The versions that run and passed in one channel become those of the next, in Git. What stays behind has its cause.

# %% tags=["parameters"]
source: str = ""  # Channel whose versions are taken [required]
to: str = ""  # Channel that gets them [required]
releases: list = []  # Releases to promote; none: every one that has both channels
left_out: list = []  # Services to leave where they are

# %%
from conductor_core.entrypoints.notebook import begin

run = begin({"source": source, "to": to, "releases": releases, "left_out": left_out})
run.show_plan()

# %% [markdown]
# ## Commit
# One commit on the planned tip of each branch.

# %%
run.perform("set_commit")
