"""Reads a JSON API page by page, as its configuration describes it, and goes on where it left off."""

from router.api import SourceConnector
from sources.http_poll.config import HttpPollConfig, datasets, hosts
from sources.http_poll.inspection import check, discover
from sources.http_poll.source import open_source

connector = SourceConnector(
    name="http_poll",
    version="1.0",
    summary="Reads the records of a JSON API, page by page, and what is new at every run.",
    config=HttpPollConfig,
    open=open_source,
    hosts=hosts,
    check=check,
    discover=discover,
    datasets=datasets,
)
