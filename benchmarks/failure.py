"""Why a benchmark could not give a figure."""


class BenchmarkError(Exception):
    """A run ended without a figure that could be trusted."""


class MissingProgramError(BenchmarkError):
    """A program is missing on this machine, and could not be installed; the message says how to get it."""
