"""Sources that fetch: their tasks, transactions, checkpoints, schedules and backfills."""
