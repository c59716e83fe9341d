"""The fault harness: kills, pauses and poisons the real product, and counts what was lost, doubled or reordered."""
