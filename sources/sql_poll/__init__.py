"""Reads new and changed rows of any database that SQLAlchemy knows, by a column that grows."""

from router.api import SourceConnector
from sources.sql_poll.config import SqlPollConfig, datasets, hosts
from sources.sql_poll.inspection import check, discover
from sources.sql_poll.source import open_source

connector = SourceConnector(
    name="sql_poll",
    version="1.0",
    summary="Reads new and changed rows of a database, by a number or a time that grows.",
    config=SqlPollConfig,
    open=open_source,
    hosts=hosts,
    check=check,
    discover=discover,
    datasets=datasets,
)
