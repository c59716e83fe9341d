"""Each figure of performance, measured beside its peer on the same machine in the same run."""
