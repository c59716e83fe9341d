"""Envelopes: their schema, their encoding, and the registry that knows both."""
