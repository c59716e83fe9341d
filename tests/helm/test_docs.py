"""The values in the documentation are ones that the chart takes, and whose pipelines the runtime takes."""

import re
from pathlib import Path

import pytest
import yaml

from router.config.load import load
from tests.helm.chart import CHART, ROOT, of_kind, rendered

pytestmark = pytest.mark.timeout(1_800)  # the first one builds Helm
PAGE = ROOT / "docs" / "how-to" / "deploy-on-kubernetes.md"
BLOCKS = re.findall(r"^```yaml values\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: str(BLOCKS.index(block)))
def test_the_values_make_a_release_with_a_valid_pipeline(block: str, tmp_path: Path) -> None:
    objects = rendered(yaml.safe_load(block))
    file = tmp_path / "pipeline.yaml"
    file.write_text(of_kind(objects, "ConfigMap")[""]["data"]["pipeline.yaml"])

    assert load(file, resolve=lambda _reference: "x" * 32).pipeline.name == "shop"


def test_every_value_that_is_named_exists() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    tops = "|".join(values)
    named = set(re.findall(rf"`((?:{tops})\.[a-zA-Z.]+)", PAGE.read_text()))

    assert len(named) > 10
    for name in named - {"pipeline.ingress.processes"}:
        found = values
        for key in name.split("."):
            assert key in found, name
            found = found[key]
