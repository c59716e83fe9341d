"""The embedded stack: Kafka, a schema registry and PostgreSQL from nothing but Python packages."""
