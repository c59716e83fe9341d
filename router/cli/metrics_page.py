"""The reference page of the metrics, written from the metrics themselves."""

from collections.abc import Iterator

from prometheus_client.metrics import MetricWrapperBase

from router.fetching.states import State
from router.ingress.observer import UNKNOWN_ENDPOINT
from router.observability import metrics


def metrics_page() -> str:
    """The reference page docs/reference/metrics.md."""
    lines = [
        "# Metrics",
        "",
        "<!-- Generated from router/observability/metrics.py by `make generate`; do not edit. -->",
        "",
        "Served at `/metrics` on the admin port (`admin.host`, `admin.port`) in Prometheus' text format.",
        "Labels come from closed sets: the names of the configuration and the reasons of [errors.md](errors.md),",
        "never an id, a key or a message. A histogram also has `_bucket`, `_sum` and `_count`.",
        "",
        "| Metric | Type | Labels | Meaning |",
        "|---|---|---|---|",
    ]
    for metric in _metrics():
        (family,) = metric.describe()
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = ", ".join(f"`{label}`" for label in metric._labelnames)  # noqa: SLF001  the client has no other way
        lines.append(f"| `{name}` | {family.type} | {labels} | {family.documentation} |")
    lines += [
        "",
        f"The label `state` of a sink is one of {', '.join(f'`{state}`' for state in metrics.STATES)},",
        f"that of a source one of {', '.join(f'`{state.lower()}`' for state in State)}.",
        f"The label `source` is `{UNKNOWN_ENDPOINT}` for requests whose path is no endpoint.",
    ]
    return "\n".join(lines) + "\n"


def _metrics() -> Iterator[MetricWrapperBase]:
    yield from (value for value in vars(metrics).values() if isinstance(value, MetricWrapperBase))
