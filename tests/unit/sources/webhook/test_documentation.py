"""What the documentation shows can be configured as it stands there."""

import re
from pathlib import Path

import pytest
import yaml

from sources.webhook.config import WebhookConfig

PAGE = (Path(__file__).parents[4] / "docs" / "how-to" / "add-an-endpoint.md").read_text()
SNIPPETS = re.findall(r"^```yaml\n(verify:.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
SCHEMES = ["bitbucket", "github", "gitlab", "hmac", "shopify", "slack", "standard_webhooks", "stripe", "svix", "twilio"]


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_each_example_is_a_configuration(snippet: str) -> None:
    config = {"path": "/hooks", **yaml.safe_load(snippet)}

    assert WebhookConfig.model_validate(config).verify.proofs()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_each_scheme_has_an_example_and_a_row(scheme: str) -> None:
    assert scheme in {yaml.safe_load(snippet)["verify"]["scheme"] for snippet in SNIPPETS}
    assert re.search(rf"^\| `{scheme}`[^|]* \|", PAGE, re.MULTILINE)


def test_each_expression_of_the_page_can_be_used() -> None:
    for place in re.findall(r"\{expression: .*?\"\}", PAGE):
        config = {
            "path": "/hooks",
            "verify": yaml.safe_load(SNIPPETS[0])["verify"],
            "event": {"id": yaml.safe_load(place)},
        }
        assert WebhookConfig.model_validate(config).event.id
