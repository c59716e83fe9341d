"""The settings of the object store sink."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from router.api import ConnectorConfig, Dataset, Secret, UserName
from sinks.object_store.location import Endpoint, Location, Url, host_and_port, location

Compression = Literal["none", "gzip", "zstd"]
Format = Literal["parquet", "avro", "jsonl"]

_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,39}"
PartitionField = Annotated[
    str, StringConstraints(pattern=rf"^(type|source|subject|tenant|connector|data(\.{_NAME}){{1,8}})$", max_length=200)
]

_CREDENTIALS = {
    "s3": ("access_key_id", "secret_access_key"),
    "gs": ("service_account_key",),
    "az": ("account_key",),
    "file": (),
}
_ALL_CREDENTIALS = frozenset(name for names in _CREDENTIALS.values() for name in names)


class ObjectStoreConfig(ConnectorConfig):
    """Where the objects go, how their names begin, and what is in them."""

    url: Url = Field(description="s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or file:///directory.")
    region: str | None = Field(
        None, pattern=r"^[a-z0-9-]{1,64}$", description="The region of the bucket (S3 only); us-east-1 by default."
    )
    endpoint: Endpoint | None = Field(None, description="The server of an S3-compatible store, without a path.")
    access_key_id: UserName | None = Field(None, description="The access key (S3 only).")
    secret_access_key: Secret | None = Field(None, description="The secret of the access key (S3 only).")
    service_account_key: Secret | None = Field(None, description="The service account's key file, as JSON (GCS only).")
    account: str | None = Field(None, pattern=r"^[a-z0-9]{3,24}$", description="The storage account (Azure only).")
    account_key: Secret | None = Field(None, description="The storage account's key (Azure only).")
    ambient_credentials: bool = Field(
        default=False, description="Take credentials from the environment or the machine's identity instead."
    )
    format: Format = Field("parquet", description="parquet, avro (object container files) or jsonl (JSON lines).")
    compression: Compression | None = Field(
        None, description="none, gzip or zstd; by default zstd for Parquet and gzip for the others. Avro has no zstd."
    )
    partition_by: tuple[PartitionField, ...] = Field(
        (),
        max_length=4,
        description="What the names are partitioned by, before the time: type, source, subject, tenant, connector, "
        "or a field of the data such as `data.address.country`.",
    )
    partition_time: Literal["none", "day", "hour"] = Field(
        "day", description="How finely the names are partitioned by time: `date=2026-11-23/`, then `hour=07/`."
    )
    time_of: Literal["event", "ingestion"] = Field(
        "event", description="Which time that is: the event's, where it has one, or that of its ingestion; in UTC."
    )
    timeout_seconds: float = Field(60, ge=1, le=600, description="How long one request may take.")

    @property
    def location(self) -> Location:
        """The parts of the url."""
        return location(self.url)

    @property
    def server(self) -> str | None:
        """The address that all requests go to; None for a directory."""
        match self.location.scheme:
            case "s3":
                return self.endpoint or f"https://s3.{self.region or 'us-east-1'}.amazonaws.com"
            case "gs":
                return "https://storage.googleapis.com"
            case "az":
                return f"https://{self.account}.blob.core.windows.net"
            case "file":
                return None

    @property
    def addresses(self) -> tuple[str, ...]:
        """The `host:port` that the sink connects to."""
        return () if self.server is None else (host_and_port(self.server),)

    @property
    def codec(self) -> Compression:
        """The compression, or the default of the format."""
        return self.compression or ("zstd" if self.format == "parquet" else "gzip")

    def datasets(self) -> tuple[Dataset, ...]:
        """The place, as lineage names it."""
        scheme, bucket, path = self.location
        if scheme == "file":
            return (Dataset("file", path),)
        if scheme == "az":
            return (Dataset(f"wasbs://{bucket}@{self.account}.blob.core.windows.net", path or "/"),)
        return (Dataset(f"{scheme}://{bucket}", path or "/"),)

    @model_validator(mode="after")
    def _credentials_belong_to_the_store(self) -> Self:
        scheme = self.location.scheme
        given = {name for name in _ALL_CREDENTIALS if getattr(self, name) is not None}
        wanted = set() if self.ambient_credentials else set(_CREDENTIALS[scheme])
        if given != wanted:
            names = " and ".join(sorted(_CREDENTIALS[scheme])) or "no credentials"
            instead = " (or ambient_credentials: true alone)" if _CREDENTIALS[scheme] else ""
            message = f"{scheme}:// takes {names}{instead}, and no others"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _settings_belong_to_the_store(self) -> Self:
        scheme = self.location.scheme
        if scheme != "s3" and (self.region is not None or self.endpoint is not None):
            message = "region and endpoint: for s3:// only"
            raise ValueError(message)
        if (scheme == "az") != (self.account is not None):
            message = "account: needed for az://, and for that only"
            raise ValueError(message)
        if scheme == "file" and self.ambient_credentials:
            message = "ambient_credentials: a directory needs none"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _format_and_names_fit(self) -> Self:
        if self.format == "avro" and self.compression == "zstd":
            message = "compression: Avro takes none or gzip"
            raise ValueError(message)
        names = [field.rpartition(".")[2] for field in self.partition_by]
        if self.partition_time != "none":
            names += ["date", "hour"]
        if len(set(names)) < len(names):
            message = "partition_by: two partitions would have the same name"
            raise ValueError(message)
        return self
