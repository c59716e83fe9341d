"""Ours, run as a user runs it: the `router` command with a configuration file."""
