"""A configuration: its models, its files, its secrets, and everything that can be wrong with it."""
