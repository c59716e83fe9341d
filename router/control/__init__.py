"""The control plane: connectors as records in Kafka, and the workers that run them."""
