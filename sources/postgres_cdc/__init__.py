"""Reads a Postgres database's tables and every change of them, in order and exactly once."""

from router.api import SourceConnector
from sources.postgres_cdc.config import PostgresCdcConfig
from sources.postgres_cdc.inspection import check, discover
from sources.postgres_cdc.source import open_source

connector = SourceConnector(
    name="postgres_cdc",
    version="1.0",
    summary="Reads the rows of Postgres tables, then every change of them from the log, exactly once.",
    config=PostgresCdcConfig,
    open=open_source,
    hosts=lambda config: (config.address,),
    check=check,
    discover=discover,
    streams_on=True,
    datasets=lambda config: config.datasets(),
)
