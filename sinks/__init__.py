"""Sinks: each package is a connector, found by its entry point."""
