"""The only package that talks to the Kafka client."""
