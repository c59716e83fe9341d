"""Where connectors may connect to, besides the public Internet and the IP addresses of their scopes."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from router.api import ConnectorError, Egress
from router.api.addresses import literal
from router.config.faults import KeyPath
from router.config.files import Configuration
from router.config.front import Network


class EgressSettings(BaseModel):
    """What connectors may reach over HTTP besides the public Internet and the IP addresses of their scopes."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    allow: tuple[Network, ...] = Field(
        (), max_length=256, description="Networks of your own that names may lead to, such as `10.0.0.0/8`."
    )


def check_egress(configuration: Configuration, path: KeyPath, egress: Egress, hosts: Sequence[str]) -> None:
    """No address that is written out is one that no scope can allow; names are checked when they are resolved."""
    for entry in hosts:
        host, _, port = entry.rpartition(":")
        if literal(host) is None or not port.isdecimal():
            continue
        try:
            egress.check_literal(host, int(port))
        except ConnectorError as error:
            configuration.refuse(error.reason, path, error.message, error.fix)
