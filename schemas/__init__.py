"""The Avro schemas of everything that the runtime writes to Kafka."""
