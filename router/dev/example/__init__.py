"""The example that a newcomer sees first: real signed webhooks on their way, and a balance that closes."""
