"""The whole system: a table to a table and an API to an endpoint, with every server and process killed meanwhile."""
