"""Connectors: a streaming event router and connector runtime on Apache Kafka."""
