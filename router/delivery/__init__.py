"""The delivery core: from a consumer group to a sink, in order per key, with nothing lost."""
