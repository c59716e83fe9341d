"""Hands events to a Python coroutine of yours, at least once."""

from router.api import Guarantee, SinkConnector
from sinks.function.config import FunctionConfig
from sinks.function.sink import open_sink

connector = SinkConnector(
    name="function",
    version="1.0",
    summary="Calls a Python coroutine of yours for each event, at least once.",
    config=FunctionConfig,
    open=open_sink,
    hosts=lambda _config: (),
    guarantee=Guarantee.AT_LEAST_ONCE,
    max_batch_events=1,
    max_in_flight=lambda config: int(config.max_in_flight),
)
