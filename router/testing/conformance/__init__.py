"""The conformance suite: what a connector declares, proven against the connector itself.

A test file gives the connector and a place for it (`sink`, `source` or `receiver`), and inherits the claims.
"""
