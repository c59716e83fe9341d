"""The monitor: how much flows through each connector, how fresh it is, and what goes wrong."""
