"""The sections `lineage` and `traces`."""

import pytest
from pydantic import ValidationError

from router.config.models import LineageSettings, TracesSettings


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host",
        "http://",
        "http://me:hunter2@host/x",
        "http://host/x?key=hunter2",
        "http://host/#x",
        "http://host:0/",
    ],
)
def test_an_address_that_may_hold_a_secret_or_leads_nowhere_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TracesSettings(otlp_url=url)

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("settings", [{}, {"topic": "lineage", "url": "http://host"}])
def test_lineage_goes_to_one_place(settings: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="either `topic` or `url`"):
        LineageSettings.model_validate(settings)
