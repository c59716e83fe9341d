"""Vault as a store of secrets; the only package that knows its client."""
