"""The source `webhook`: endpoints that senders push signed events to."""

from router.api import ReceiverConnector, Reply, Sending
from sources.webhook.config import WebhookConfig
from sources.webhook.explanation import explain
from sources.webhook.receiver import WebhookReceiver


def _open(config: WebhookConfig, _name: str) -> WebhookReceiver:
    return WebhookReceiver(config)


def _sign(config: WebhookConfig, sending: Sending) -> tuple[tuple[str, str], ...]:
    return config.verify.sign(sending)


def _path(config: WebhookConfig) -> str:
    return config.path


def _success(config: WebhookConfig) -> Reply | None:
    return None if config.response is None else config.response.reply()


def _hosts(config: WebhookConfig) -> tuple[str, ...]:
    return config.verify.hosts()


connector = ReceiverConnector(
    name="webhook",
    version="0.1.0",
    summary="Webhooks, signed by any of twenty-one schemes; CloudEvents and batches.",
    config=WebhookConfig,
    open=_open,
    path=_path,
    success=_success,
    hosts=_hosts,
    sign=_sign,
    explain=explain,
)
