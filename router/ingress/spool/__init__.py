"""The durable spool: where accepted events wait on the local disk while the brokers are away."""
