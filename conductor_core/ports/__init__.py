"""What the services ask of the outside world: small protocols whose docstrings state durability, retry and error duty."""
