"""The settings of the Kafka sink."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from router.api import ConnectorConfig, Dataset, Secret, UserName

_SERVER = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,252}|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")
_HIGHEST_PORT = 65_535

File = Annotated[str, StringConstraints(pattern=r"^/[^\x00-\x1f]{1,4095}$")]


def _servers(text: str) -> str:
    for server in text.split(","):
        match = _SERVER.fullmatch(server)
        if match is None or not 0 < int(match["port"]) <= _HIGHEST_PORT:
            message = "must be `host:port`, or several of them with commas and no spaces between"
            raise ValueError(message)
    return text


def _topic(name: str) -> str:
    if name in (".", "..") or name.startswith("__"):
        message = "must not be `.`, `..` or one of Kafka's own topics, which begin with `__`"
        raise ValueError(message)
    return name


class Sasl(ConnectorConfig):
    """How to log in."""

    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        description="The mechanism; PLAIN sends the password as it is, so it needs `tls`."
    )
    username: UserName = Field(description="The user; a reference where Vault makes it with the password.")
    password: Secret = Field(description="The user's password.")


class Tls(ConnectorConfig):
    """How the connection is encrypted; the brokers' names are always verified."""

    ca: File | None = Field(None, description="The file of certificates to trust (PEM); without it, the system's.")
    certificate: File | None = Field(None, description="The file of our own certificate and its chain (PEM).")
    key: Secret | None = Field(None, description="The certificate's private key (PEM, PKCS #8, not encrypted).")

    @model_validator(mode="after")
    def _certificate_has_its_key(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            message = "certificate and key: needed both, or neither"
            raise ValueError(message)
        return self


class KafkaConfig(ConnectorConfig):
    """Which topic of which cluster is written, and how events become records of it."""

    bootstrap_servers: Annotated[str, AfterValidator(_servers)] = Field(
        max_length=4096, description="The brokers to begin with, `host:port`, with commas between."
    )
    topic: Annotated[str, AfterValidator(_topic)] = Field(
        pattern=r"^[a-zA-Z0-9._-]{1,249}$", description="The topic to write to. It must exist."
    )
    format: Literal["envelope", "data"] = Field(
        "data",
        description="data: the event's data, its attributes in headers (CloudEvents' binary mode). "
        "envelope: a CloudEvent in JSON (structured mode).",
    )
    sasl: Sasl | None = Field(None, description="How to log in; without it, nobody logs in.")
    tls: Tls | None = Field(None, description="How to encrypt, `{}` for the system's certificates; without it, not.")
    timeout_seconds: float = Field(
        30, ge=5, le=300, description="When a transaction is given up; an abandoned one holds readers up for so long."
    )

    @property
    def addresses(self) -> tuple[str, ...]:
        """The `host:port` addresses that the sink begins with."""
        return tuple(self.bootstrap_servers.split(","))

    def datasets(self) -> tuple[Dataset, ...]:
        """The topic, as lineage names it."""
        return (Dataset(f"kafka://{self.addresses[0]}", self.topic),)

    @model_validator(mode="after")
    def _password_is_not_sent_in_the_clear(self) -> Self:
        if self.sasl is not None and self.sasl.mechanism == "PLAIN" and self.tls is None:
            message = "tls: needed with this mechanism, which sends the password as it is"
            raise ValueError(message)
        return self
