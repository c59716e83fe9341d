"""Many events in one request: each stands for itself, or all are taken or none."""

from collections.abc import Callable, Sequence

from pydantic import BaseModel, ConfigDict, Field

from router.api import ConnectorError, Items, Reason, Record


class BatchSettings(BaseModel):
    """How requests with several events are taken."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    max_items: int = Field(1_000, ge=1, le=100_000, description="More events in one request are refused, with 413.")
    all_or_nothing: bool = Field(False, description="Whether one event that is refused refuses the whole request.")


def gather(
    texts: Sequence[bytes], record: Callable[[int, bytes], Record], settings: BatchSettings
) -> Sequence[Record] | Items:
    """A record, or why there is none, of each item; nothing of an empty batch.

    Raises ConnectorError: TOO_MANY_ITEMS; with `all_or_nothing` the error of the first item that has one.
    """
    if len(texts) > settings.max_items:
        message = f"The batch has {len(texts)} items; at most {settings.max_items} are taken at once."
        raise ConnectorError(Reason.TOO_MANY_ITEMS, message)
    items: list[Record | ConnectorError] = []
    records: list[Record] = []
    for index, text in enumerate(texts):
        try:
            made = record(index, text)
        except ConnectorError as error:
            if settings.all_or_nothing:
                raise ConnectorError(error.reason, f"Item {index}: {error.message}") from None
            items.append(error)
        else:
            items.append(made)
            records.append(made)
    return records if settings.all_or_nothing or not items else Items(items)
