"""The room of DuckDB: builds the audit read model, and asks it in a child process that can do nothing else."""
