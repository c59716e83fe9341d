"""The alert rules and the dashboard ask only for what the runtime exposes, and lead to what to do."""

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import yaml

from router.api import Reason
from router.fetching.states import State
from router.observability.metrics import REGISTRY, STATES
from tests.helm.chart import CHART, ROOT, Object, of_kind
from tests.helm.programs import PROMTOOL

pytestmark = pytest.mark.timeout(1_800)  # the first ones build Helm and promtool
ALERTS = CHART / "files" / "alerts.yaml"
RULES = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]
DASHBOARD = json.loads((CHART / "files" / "dashboards" / "connectors.json").read_text())
TARGETS = [target for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
EXAMPLES = ROOT / "tests" / "helm" / "alerts.test.yaml"
RUNBOOK = ROOT / "docs" / "how-to" / "when-an-alert-fires.md"
# What a target has, whatever the metric.
TARGET = {"namespace", "job", "instance", "role", "le"}
MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"')

each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])


@each_rule
def test_an_alert_says_what_it_is_how_bad_it_is_and_where_to_read_on(rule: dict[str, Any]) -> None:
    anchor = rule["alert"].lower()

    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"].keys() == {"summary", "description", "runbook"}
    assert all(rule["annotations"].values())
    assert rule["annotations"]["runbook"] == f"docs/how-to/when-an-alert-fires.md#{anchor}"
    assert f"\n## {rule['alert']}\n" in RUNBOOK.read_text()


def test_the_runbook_has_a_section_for_each_alert_and_for_nothing_else() -> None:
    sections = re.findall(r"^## (Connectors\w+)$", RUNBOOK.read_text(), re.MULTILINE)

    assert sections == [rule["alert"] for rule in RULES]


@pytest.mark.parametrize("expression", [*(rule["expr"] for rule in RULES), *(target["expr"] for target in TARGETS)])
def test_an_expression_asks_for_metrics_labels_reasons_and_states_that_exist(expression: str) -> None:
    labels = _labels()
    asked = re.findall(r"\b(con_\w+)(?:\{([^}]*)\})?", expression)

    assert asked
    for metric, matchers in asked:
        assert metric in labels
        for label, value in MATCHER.findall(matchers):
            assert label in labels[metric] | TARGET, (metric, label)
            if label == "reason":
                assert set(value.split("|")) <= set(Reason), value
            if label == "state":
                assert set(value.split("|")) <= {*STATES, *(state.lower() for state in State)}, value
    known = set.union(*(labels[metric] for metric, _ in asked)) | TARGET
    for grouping in re.findall(r"\bby \(([^)]*)\)", expression):
        assert set(grouping.split(", ")) <= known


@each_rule
def test_an_alerts_text_uses_only_labels_that_its_expression_leaves(rule: dict[str, Any]) -> None:
    used = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
    left = [set(grouping.split(", ")) for grouping in re.findall(r"\bby \(([^)]*)\)", rule["expr"])]

    assert used <= (set.intersection(*left) if left else TARGET)


def test_prometheus_takes_the_rules() -> None:
    assert "SUCCESS" in _promtool("check", "rules", "--lint=all", "--lint-fatal", str(ALERTS))


def test_each_alert_fires_when_it_should_and_only_then() -> None:
    examples = yaml.safe_load(EXAMPLES.read_text())["tests"]
    fired = {case["alertname"] for test in examples for case in test["alert_rule_test"] if case["exp_alerts"]}

    assert fired == {rule["alert"] for rule in RULES}
    assert "SUCCESS" in _promtool("test", "rules", str(EXAMPLES))


def test_the_chart_installs_the_same_rules_with_an_address_to_read_on(everything: Sequence[Object]) -> None:
    groups = of_kind(everything, "PrometheusRule")[""]["spec"]["groups"]
    installed = [rule for group in groups for rule in group["rules"]]

    for rule, original in zip(installed, RULES, strict=True):
        address = rule["annotations"].pop("runbook_url")
        assert address == f"https://example.com/when-an-alert-fires.md#{original['alert'].lower()}"
        assert rule == original


def test_the_chart_installs_the_dashboard_of_the_compose_stack(everything: Sequence[Object]) -> None:
    installed = of_kind(everything, "ConfigMap")["dashboard"]

    assert json.loads(installed["data"]["connectors.json"]) == DASHBOARD
    assert installed["metadata"]["labels"]["grafana_dashboard"] == "1"


def test_prometheus_is_led_to_the_admin_port_of_every_role(everything: Sequence[Object]) -> None:
    monitor = of_kind(everything, "ServiceMonitor")[""]["spec"]
    service = of_kind(everything, "Service")["admin"]
    (endpoint,) = monitor["endpoints"]

    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert "app.kubernetes.io/component" not in service["spec"]["selector"]
    assert endpoint["port"] == service["spec"]["ports"][0]["name"]
    assert endpoint["relabelings"][0]["targetLabel"] == "role"


def test_panels_do_not_cover_each_other_and_have_an_id_of_their_own() -> None:
    cells = [cell for panel in DASHBOARD["panels"] for cell in _cells(panel["gridPos"])]
    ids = [panel["id"] for panel in DASHBOARD["panels"]]

    assert len(cells) == len(set(cells))
    assert len(ids) == len(set(ids))


def test_every_variable_of_an_expression_is_one_of_the_dashboards() -> None:
    defined = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?(?!__)(\w+)", json.dumps(DASHBOARD["panels"])))

    assert used == defined


def _labels() -> dict[str, set[str]]:
    """The labels of each series that the runtime exposes."""
    found: dict[str, set[str]] = {}
    for collector, names in REGISTRY._collector_to_names.items():
        for name in names:
            found[name] = set(getattr(collector, "_labelnames", ()))
    return found


def _cells(place: dict[str, int]) -> Iterator[tuple[int, int]]:
    for x in range(place["x"], place["x"] + place["w"]):
        for y in range(place["y"], place["y"] + place["h"]):
            yield x, y


def _promtool(*arguments: str) -> str:
    done = subprocess.run(  # noqa: S603  our own command
        [PROMTOOL.path(), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
