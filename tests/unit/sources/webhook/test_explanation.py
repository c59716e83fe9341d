"""Each usual mistake of a signed request is named, and no secret is."""

import gzip
import json
from typing import Any

import pytest

from router.api import Finding, Request, Sending
from sources.webhook import connector
from sources.webhook.config import WebhookConfig
from tests.unit.sources.webhook.signing import (
    BODY,
    NOW,
    PLAIN_SECRET,
    STANDARD_SECRET,
    changed,
    github,
    request,
    standard,
)

GITHUB: dict[str, Any] = {"scheme": "github"}
STANDARD: dict[str, Any] = {"scheme": "standard_webhooks"}


def findings(verify: dict[str, Any], received: Request, *secrets: str) -> list[Finding]:
    values = {f"${{env:SECRET_{number}}}": value for number, value in enumerate(secrets)}
    content = {"path": "/hooks", "verify": {**verify, "secrets": list(values)}}
    config = WebhookConfig.model_validate(content, context={"resolve": values.__getitem__})
    assert connector.explain is not None
    found = list(connector.explain(config, received))
    told = "\n".join(f"{one.title} {one.detail} {one.fix}" for one in found)
    assert not any(secret.strip() in told for secret in secrets)
    return found


def verdict(verify: dict[str, Any], received: Request, *secrets: str) -> Finding:
    return findings(verify, received, *secrets)[-1]


def test_a_good_request_is_accepted_and_the_secret_that_matches_is_named() -> None:
    found = findings(GITHUB, request(github()), "another secret", PLAIN_SECRET)

    assert found[-1].ok
    assert [one.title for one in found if one.detail == "Matches."] == ["secret ${env:SECRET_1}"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (BODY + b"\n", "without the line end"),
        (BODY + b"\r\n", "without the CR LF"),
        (json.dumps(json.loads(BODY), separators=(",", ":")).encode(), "the same JSON written with spaces"),
        (json.dumps(json.loads(BODY), indent=2).encode(), "the same JSON written with spaces"),
        (gzip.compress(BODY), "the decompressed body"),
    ],
)
def test_a_body_that_was_changed_on_its_way_is_recognized(body: bytes, words: str) -> None:
    found = verdict(GITHUB, request(github(), body), PLAIN_SECRET)

    assert found.ok is False
    assert words in found.detail


def test_an_old_timestamp_is_told_from_a_wrong_signature() -> None:
    found = verdict(STANDARD, request(standard(), at=NOW + 4_000), STANDARD_SECRET)

    assert found.detail == "The signature is right. Its timestamp is 4000 seconds old."


def test_two_mistakes_at_once_are_recognized() -> None:
    found = verdict(STANDARD, request(standard(), BODY + b"\n", NOW - 900), STANDARD_SECRET)

    assert "without the line end" in found.detail
    assert "900 seconds ahead" in found.detail


def test_a_secret_with_a_line_end_is_recognized() -> None:
    found = verdict(GITHUB, request(github()), PLAIN_SECRET + "\n")

    assert "${env:SECRET_0}" in found.detail
    assert "without the spaces" in found.detail


def test_a_request_of_another_sender_is_recognized() -> None:
    found = findings({"scheme": "stripe"}, request(github()), PLAIN_SECRET)

    assert any("signed as by github" in one.detail for one in found)
    assert found[-1].ok is False


def test_a_header_that_occurs_twice_is_shown() -> None:
    value = dict(github())["x-hub-signature-256"]
    found = findings(GITHUB, request(changed(github(), "x-hub-signature-256", value, value)), PLAIN_SECRET)

    assert any(one.ok is False and one.detail == "It occurs 2 times." for one in found)


def test_a_body_of_another_length_than_the_header_says_is_shown() -> None:
    found = findings(GITHUB, request([*github(), ("content-length", "7")]), PLAIN_SECRET)

    assert any(one.title == "body" and one.ok is False for one in found)


def test_where_nothing_explains_it_the_secret_is_suspected() -> None:
    found = verdict(GITHUB, request(github()), "not the secret at all")

    assert "the secret is another one" in found.detail


def test_the_url_that_the_sender_has_signed_is_recognized() -> None:
    verify = {"scheme": "hmac", "header": "x-sign", "signed": "{url}{body}"}
    values = {"${env:SECRET_0}": PLAIN_SECRET}
    content = {"path": "/hooks", "verify": {**verify, "secrets": list(values)}}
    config = WebhookConfig.model_validate(content, context={"resolve": values.__getitem__})
    assert connector.sign is not None
    headers = connector.sign(
        config, Sending("https://hooks.example.com/hooks", BODY, "1", "ping", "application/json", NOW)
    )

    found = verdict(verify, request([("host", "hooks.example.com"), *headers]), PLAIN_SECRET)

    assert "https://hooks.example.com/hooks" in found.detail
