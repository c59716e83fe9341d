"""The REST API: Kafka Connect's dialect, and what Connect lacks under `/v1`."""
