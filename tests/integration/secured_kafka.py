"""A broker that asks who is there: TLS, SASL and access-control lists."""

import datetime as dt
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # not in its list of names
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from rich.console import Console

from router.dev.downloads import Downloads
from router.dev.guard import Guard
from router.dev.kafka import Kafka
from router.dev.places import default_cache
from router.dev.progress import progress_on
from router.dev.server import Launch, Server
from router.dev.stack import Ports

PLAIN_PASSWORD = "plain-p4ssword"
SCRAM_PASSWORD = "scram-p4ssword"
_SECONDS = 20

_LISTENERS = """
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},SASL_SSL://127.0.0.1:{sasl},SSL://127.0.0.1:{tls}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SASL_SSL://localhost:{sasl},SSL://localhost:{tls}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL
inter.broker.listener.name=PLAINTEXT
ssl.keystore.type=PEM
ssl.keystore.location={home}/both.pem
ssl.truststore.type=PEM
ssl.truststore.location={home}/own.pem
listener.name.ssl.ssl.client.auth=required
listener.name.sasl_ssl.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
user_alice="{password}" user_bob="{password}";
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
"""


class _Recipe(Kafka):
    """The stack's broker with more listeners."""

    def __init__(self, home: Path, ports: Ports) -> None:
        progress = progress_on(Console(stderr=True))
        super().__init__(home, ports, Downloads(default_cache(), progress, threading.Event()))
        self._more = {"port": ports.kafka, "controller": ports.kafka_controller}
        self._more |= {"sasl": ports.registry, "tls": ports.postgres}
        self._home = home

    def prepare(self) -> Launch:
        launch = super().prepare()
        with Path(launch.command[-1]).open("a") as settings:
            settings.write(_LISTENERS.format(**self._more, home=self._home, password=PLAIN_PASSWORD))
        return launch


class SecuredKafka:
    """The broker's addresses and files. plain: a listener where everybody is the super user, for the tests."""

    def __init__(self, home: Path, ports: Ports) -> None:
        self.home = home
        self.plain = f"127.0.0.1:{ports.kafka}"
        self.sasl = f"localhost:{ports.registry}"
        self.tls = f"localhost:{ports.postgres}"
        self.ca = home / "own.pem"
        self.key = ""
        self._admin = AdminClient({"bootstrap.servers": self.plain, "log_level": 0})

    def issue(self) -> None:
        """One certificate that vouches for itself, of the broker and of its clients."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        now = dt.datetime.now(dt.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM)
        )
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self.key = key.private_bytes(*form).decode()
        self.ca.write_bytes(certificate)
        (self.home / "both.pem").write_bytes(self.key.encode() + certificate)

    def add_users(self) -> None:
        """alice may log in by SCRAM, too."""
        for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
            added = UserScramCredentialUpsertion(
                "alice", ScramCredentialInfo(mechanism, 4096), SCRAM_PASSWORD.encode(), b"salt-of-sixteen!"
            )
            for future in self._admin.alter_user_scram_credentials([added]).values():
                future.result(_SECONDS)

    def grant(self, principal: str, kind: ResourceType, name: str, operations: Sequence[AclOperation]) -> None:
        """Let somebody do these things with what begins with the name."""
        allowed = [
            AclBinding(kind, name, ResourcePatternType.PREFIXED, principal, "*", operation, AclPermissionType.ALLOW)
            for operation in operations
        ]
        for future in self._admin.create_acls(allowed).values():
            future.result(_SECONDS)

    def settings(self, topic: str, **changes: Any) -> dict[str, Any]:
        return {"bootstrap_servers": self.sasl, "topic": topic, "tls": {"ca": str(self.ca)}} | changes


@contextmanager
def secured_kafka(home: Path, ports: Ports) -> Iterator[SecuredKafka]:
    """The broker while the context lasts."""
    made = SecuredKafka(home, ports)
    made.issue()
    server = Server(_Recipe(home, ports), home, threading.Event())
    guard = Guard()
    server.guarded_by(guard)
    try:
        server.start()
        made.add_users()
        yield made
    finally:
        server.stop()
        guard.dismiss()
