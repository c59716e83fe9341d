"""The peer of `http_sink`: Bento signs and posts with 128 requests in flight."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import http_sink, webhooks
from benchmarks.peers.bento import bento, running_bento
from benchmarks.processes import Process
from benchmarks.receiver import nginx
from benchmarks.side import Measurement, Run
from benchmarks.topics import PARTITIONS, Entry, fill

_TOPIC = "peer-events.v1"
_CONFIG = """
http: {{ enabled: false }}
logger: {{ level: WARN }}
input:
  kafka_franz:
    seed_brokers: ["{brokers}"]
    topics: [{topic}]
    consumer_group: {group}
    start_from_oldest: true
pipeline:
  processors:
    - mapping: |
        let id = @kafka_key
        let time = timestamp_unix().string()
        let signed = $id + "." + $time + "." + content().string()
        meta webhook_id = $id
        meta webhook_timestamp = $time
        meta webhook_signature = "v1," + $signed.hash("hmac_sha256", "${{SIGN_KEY}}").encode("base64")
output:
  http_client:
    url: {url}
    verb: POST
    max_in_flight: {in_flight}
    headers:
      Content-Type: application/json
      webhook-id: ${{! @webhook_id }}
      webhook-timestamp: ${{! @webhook_timestamp }}
      webhook-signature: ${{! @webhook_signature }}
"""


class BentoHttp:
    """Bento's `kafka_franz`, `mapping` and `http_client`."""

    def prepare(self, run: Run) -> None:
        """Build Bento, find the receiver, and load the topic."""
        bento()
        nginx()
        entries = (
            Entry(number % PARTITIONS, webhooks.message_id(number).encode(), webhooks.body(number))
            for number in range(http_sink.EVENTS)
        )
        fill(run.endpoints.bootstrap_servers, _TOPIC, entries)

    def run(self, run: Run) -> Measurement:
        """Deliver the topic once."""
        return http_sink.measure(self, run)

    @contextmanager
    def send(self, run: Run, url: str, log: Path) -> Iterator[Process]:
        """Deliver while the context lasts."""
        config = _CONFIG.format(
            brokers=run.endpoints.bootstrap_servers,
            topic=_TOPIC,
            group=f"peer-{run.label}",
            url=url,
            in_flight=http_sink.IN_FLIGHT,
        )
        with running_bento(config, log, run.scratch, {"SIGN_KEY": webhooks.KEY.decode()}) as process:
            yield process
