"""The roles: what a process runs, put together from a configuration."""
