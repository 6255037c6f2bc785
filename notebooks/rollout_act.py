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
# # Act on a Rollout
# One act, sent once, then read back: weight and replicas are compared with what the act promises.

# %% tags=["parameters"]
namespace: str = ""  # Namespace of the Rollout [required] [pattern: [a-z0-9]([-a-z0-9]*[a-z0-9])?]
rollout: str = ""  # Name of the Rollout [required] [pattern: [a-z0-9]([-a-z0-9.]*[a-z0-9])?]
act: str = ""  # What to do [required] [one of: promote, promote-full, skip, pause, resume, abort, retry, restart, undo]
to_revision: int = 0  # Revision that an undo goes back to; 0: the one before

# %%
from conductor_core.entrypoints.notebook import begin

run = begin({"namespace": namespace, "rollout": rollout, "act": act, "to_revision": to_revision})
run.show_plan()

# %% [markdown]
# ## Act, and read back
# An act without an effect is refused here; what is seen afterwards is part of the record.

# %%
run.perform("rollout_act")
