"""The source that a command is about."""

from router.api import ConnectorError, Reason
from router.config.load import Loaded, LoadedSource


def fetching_source(loaded: Loaded, name: str) -> LoadedSource:
    """The source that fetches of this name. Raises ConnectorError (USAGE) if there is none."""
    if name in loaded.sources:
        return loaded.sources[name]
    known = ", ".join(loaded.sources) or "none"
    if name in loaded.receivers:
        message = f"The source {name!r} is pushed to: there is nothing to fetch from it."
    else:
        message = f"The configuration has no source {name!r}."
    raise ConnectorError(Reason.USAGE, message, fix=f"Sources that fetch: {known}.")
