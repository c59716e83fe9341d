"""Makes obstore's store of a configuration, with what the configuration says and nothing of the environment."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, LocalStore, ObjectStore, S3Store

from router.api import ConnectorError, Reason, revealed
from sinks.object_store.config import ObjectStoreConfig

Login = tuple[str, ...]

# The runtime repeats what has failed, and knows better than a client how long to wait.
_NO_RETRIES: Any = {"max_retries": 0}
# Naming a proxy, which nothing uses, keeps those of the environment away.
_NO_PROXY = {"proxy_url": "http://127.0.0.1:9", "proxy_excludes": "*,0.0.0.0/0,::/0"}
_IDLE = timedelta(seconds=20)


def login(config: ObjectStoreConfig) -> Login:
    """The credentials as they are now; empty if there are none. Raises ConnectorError, as Secret.reveal."""
    given = (config.access_key_id, config.secret_access_key, config.service_account_key, config.account_key)
    return tuple(revealed(one) for one in given if one is not None)


def connect(config: ObjectStoreConfig, credentials: Login) -> ObjectStore:
    """The store below the url; it connects with the first request.

    Raises ConnectorError: TARGET_UNREACHABLE if it is a directory that is not there; SECRET_UNUSABLE; CONFIG_INVALID.
    """
    make = {"s3": _s3, "gs": _gs, "az": _az}.get(config.location.scheme)
    if make is None:
        return _directory(config.location.path)
    try:
        return make(config, credentials)
    except (BaseError, ValueError, OSError):
        # Without the cause, which may repeat a credential.
        reason = Reason.SECRET_UNUSABLE if credentials else Reason.CONFIG_INVALID
        fix = "Check the form of the credentials, and that no variable of the environment gives others for the store."
        raise ConnectorError(reason, "The object store's settings cannot be used.", fix=fix) from None


def _directory(path: str) -> ObjectStore:
    if not Path(path).is_dir():
        # Not TARGET_MISSING, which may end in dead letters: a disk that is not mounted is waited for.
        message = f"The directory {path} does not exist."
        raise ConnectorError(Reason.TARGET_UNREACHABLE, message, fix="Mount or create it; the sink does not.")
    return LocalStore(path)


def _client(config: ObjectStoreConfig) -> Any:
    return {
        "allow_http": (config.server or "").startswith("http:"),
        "timeout": timedelta(seconds=config.timeout_seconds),
        "pool_idle_timeout": _IDLE,
        **_NO_PROXY,
    }


def _s3(config: ObjectStoreConfig, credentials: Login) -> ObjectStore:
    # Each is given, since the environment would give it otherwise.
    settings: Any = {
        "region": config.region or "us-east-1",
        "endpoint": config.server,
        "aws_endpoint_url_s3": config.server,
        "virtual_hosted_style_request": False,
        "skip_signature": False,
        "s3_express": False,
        "disable_bulk_delete": True,
        "conditional_put": "etag",
    }
    provider: Callable[[], Any] | None = None
    if credentials:
        key, secret = credentials
        provider = lambda: {"access_key_id": key, "secret_access_key": secret, "expires_at": None}  # noqa: E731
    _, bucket, path = config.location
    return S3Store(
        bucket,
        prefix=path or None,
        config=settings,
        client_options=_client(config),
        retry_config=_NO_RETRIES,
        credential_provider=provider,
    )


def _gs(config: ObjectStoreConfig, credentials: Login) -> ObjectStore:
    settings: Any = {"base_url": config.server, "skip_signature": False}
    if credentials:
        settings["service_account_key"] = credentials[0]
    _, bucket, path = config.location
    return GCSStore(
        bucket, prefix=path or None, config=settings, client_options=_client(config), retry_config=_NO_RETRIES
    )


def _az(config: ObjectStoreConfig, credentials: Login) -> ObjectStore:
    settings: Any = {
        "account_name": config.account,
        "endpoint": config.server,
        "skip_signature": False,
        "use_emulator": False,
        "use_fabric_endpoint": False,
    }
    provider: Callable[[], Any] | None = None
    if credentials:
        provider = lambda: {"access_key": credentials[0], "expires_at": None}  # noqa: E731
    _, container, path = config.location
    return AzureStore(
        container,
        prefix=path or None,
        config=settings,
        client_options=_client(config),
        retry_config=_NO_RETRIES,
        credential_provider=provider,
    )


def make_durable(root: str, name: str) -> None:
    """Wait until the file, and the directories that lead to it, are on the disk. Raises OSError."""
    file = Path(root, name)
    for path in (file, *file.parents):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if str(path) == root:
            return
