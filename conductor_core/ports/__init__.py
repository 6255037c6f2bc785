"""What the services ask of the outside world: protocols whose docstrings state durability, retry and error duty."""
