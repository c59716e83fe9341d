"""Posts events to an HTTP endpoint, signed, at least once."""

from router.api import Guarantee, SinkConnector, http_dataset
from sinks.http.config import HttpConfig
from sinks.http.sink import open_sink

connector = SinkConnector(
    name="http",
    version="1.0",
    summary="Posts each event to an HTTP endpoint, signed by Standard Webhooks, at least once.",
    config=HttpConfig,
    open=open_sink,
    hosts=lambda config: tuple(config.addresses),
    guarantee=Guarantee.AT_LEAST_ONCE,
    max_batch_events=1,
    max_in_flight=lambda config: int(config.max_in_flight),
    datasets=lambda config: (http_dataset(config.url),),
)
