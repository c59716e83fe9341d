"""OpenLineage: which connector reads and writes which data, told to whoever keeps a map of it."""
