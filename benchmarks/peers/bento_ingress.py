"""The peer of `ingress`: Bento verifies the signature, refuses what is wrong, and writes with acks=all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import ingress, webhooks
from benchmarks.load import wrk
from benchmarks.peers.bento import bento, running_bento
from benchmarks.processes import Process
from benchmarks.side import Measurement, Run

_CONFIG = """
http: {{ enabled: false }}
logger: {{ level: WARN }}
input:
  http_server:
    address: 127.0.0.1:{port}
    path: {path}
    allowed_verbs: [POST]
pipeline:
  processors:
    - mapping: |
        let signed = @."Webhook-Id" + "." + @."Webhook-Timestamp" + "." + content().string()
        let expected = "v1," + $signed.hash("hmac_sha256", "${{HOOK_KEY}}").encode("base64")
        root = if @."Webhook-Signature" != $expected {{ throw("wrong signature") }}
output:
  reject_errored:
    kafka_franz:
      seed_brokers: ["{brokers}"]
      topic: {topic}
      max_in_flight: 1024
      compression: lz4
      idempotent_write: true
"""


class BentoIngress:
    """Bento's `http_server`, `mapping` and `kafka_franz`."""

    def prepare(self, run: Run) -> None:  # noqa: ARG002  # nothing is loaded beforehand
        """Build Bento, and find the load generator."""
        bento()
        wrk()

    def run(self, run: Run) -> Measurement:
        """Load it once."""
        return ingress.measure(self, run)

    @contextmanager
    def serve(self, run: Run, port: int, topic: str, log: Path) -> Iterator[Process]:
        """Take webhooks while the context lasts."""
        brokers = run.endpoints.bootstrap_servers
        config = _CONFIG.format(port=port, path=ingress.PATH, brokers=brokers, topic=topic)
        with running_bento(config, log, run.scratch, {"HOOK_KEY": webhooks.KEY.decode()}) as process:
            yield process
