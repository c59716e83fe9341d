"""The limits of the ingress port: what a sender may send, how often, over how many connections, and for how long."""

from pydantic import BaseModel, ConfigDict, Field


class RateSettings(BaseModel):
    """A token bucket: so many requests at once, refilled evenly within so many seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    requests: int = Field(ge=1, le=10_000_000, description="How many requests, all at once if need be.")
    seconds: int = Field(1, ge=1, le=86_400, description="Within how many seconds as many are allowed again.")


class EndpointLimits(BaseModel):
    """The limits of one endpoint."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    rate: RateSettings | None = Field(None, description="Verified requests to the endpoint; default: any number.")


class LimitSettings(BaseModel):
    """The limits of the whole port. With several processes each has its share of rates, connections and requests."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    max_headers: int = Field(100, ge=1, le=1_000, description="Header fields of a request, trailers included.")
    max_head_bytes: int = Field(65_536, ge=1_024, le=1_048_576, description="All header fields of a request together.")
    max_expansion: int = Field(
        100, ge=1, le=1_100, description="How many times larger decompression may make a body that exceeds 1 MiB."
    )
    max_connections: int = Field(10_000, ge=1, le=1_000_000, description="Open connections.")
    max_connections_per_address: int = Field(
        2_000, ge=1, le=1_000_000, description="Open connections from one address (IPv6: from one /64 network)."
    )
    max_held_bytes: int = Field(
        268_435_456, ge=1_048_576, description="Bodies that have arrived in part only, all of them together."
    )
    max_in_flight: int = Field(4_000, ge=1, le=1_000_000, description="Requests that wait for Kafka at the same time.")
    target_latency_seconds: float = Field(
        2, gt=0, le=60, description="When even the fastest requests take longer, fewer are let in."
    )
    body_seconds: float = Field(30, gt=0, le=3_600, description="How long a body may take altogether.")
    min_body_bytes_per_second: int = Field(
        1_000, ge=0, le=1_000_000, description="A body that is slower for five seconds is given up."
    )
    idle_seconds: float = Field(75, gt=0, le=3_600, description="How long a connection may wait for its next request.")
    answer_seconds: float = Field(10, gt=0, le=3_600, description="How long a sender may take to read an answer.")
    address_rate: RateSettings | None = Field(
        None, description="Requests from one address (IPv6: one /64 network), verified or not; default: any number."
    )
    tenant_rate: RateSettings | None = Field(
        None, description="Verified requests to all endpoints of one tenant; default: any number."
    )
    tenant_rates: dict[str, RateSettings] = Field(
        default_factory=dict, description="The same for single tenants, by name."
    )
