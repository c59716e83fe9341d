"""What is wrong with a schedule is said at its place, before anything runs."""

from pathlib import Path

import pytest

from router.api import Reason
from tests.unit.config.examples import FETCHED, VALID, faults, replaced, write


def scheduled(schedule: str) -> str:
    return replaced("sources:\n", f"{FETCHED}    schedule: {schedule}\n")


@pytest.mark.parametrize(
    "schedule",
    ["{interval_seconds: 5}", '{cron: "*/5 8-18 * * mon-fri", time_zone: Europe/Berlin}', '{cron: "0 0 29 2 *"}'],
)
def test_a_good_schedule_is_accepted(tmp_path: Path, schedule: str) -> None:
    assert not faults(write(tmp_path, scheduled(schedule)))


@pytest.mark.parametrize(
    ("schedule", "place", "message"),
    [
        ('{cron: "61 * * * *"}', "cron", "names no time"),
        ('{cron: "0 0 31 2 *"}', "cron", "names no time"),
        ('{cron: "H * * * *"}', "cron", "names no time"),
        ('{cron: "every day at noon, please"}', "cron", "names no time"),
        ('{cron: "@daily"}', "cron", "five fields"),
        ('{cron: "0 0 * * * *"}', "cron", "five fields"),
        ('{cron: "0 0 * * *", time_zone: Atlantis}', "time_zone", "no time zone"),
        ('{cron: "0 0 * * *", time_zone: ../../etc/passwd}', "time_zone", "no time zone"),
    ],
)
def test_a_schedule_that_never_comes_is_refused_at_its_place(
    tmp_path: Path, schedule: str, place: str, message: str
) -> None:
    (fault,) = faults(write(tmp_path, scheduled(schedule)))

    assert fault.reason is Reason.CONFIG_INVALID
    assert fault.path == f"sources.items.schedule.{place}"
    assert message in fault.message
    assert fault.fix


def test_a_sink_may_not_have_the_name_of_a_source(tmp_path: Path) -> None:
    (fault,) = faults(write(tmp_path, VALID.replace("  store:\n", "  github:\n")))

    assert (fault.reason, fault.path) == (Reason.CONFIG_KEY_DUPLICATE, "sinks.github")
    assert "dead letters" in fault.message


def test_the_topics_of_the_runtime_are_not_for_events(tmp_path: Path) -> None:
    found = faults(write(tmp_path, VALID.replace("github.v1", "shop.offsets")))

    assert {fault.path for fault in found} == {"sources.github.routes[1].topic", "sinks.store.topics[0]"}
    assert all("the runtime's own" in fault.message for fault in found)


def test_lineage_has_a_topic_of_its_own(tmp_path: Path) -> None:
    with_events = faults(write(tmp_path, VALID + "lineage: {topic: github.v1}\n"))
    (with_offsets,) = faults(write(tmp_path, VALID + "lineage: {topic: shop.offsets}\n"))

    assert {fault.path for fault in with_events} == {"sources.github.routes[1].topic", "sinks.store.topics[0]"}
    assert with_offsets.path == "lineage.topic"


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        (
            replaced("  github:\n", "  github:\n    schedule: {interval_seconds: 5}\n"),
            "sources.github.schedule",
            "others push",
        ),
        (
            scheduled("{interval_seconds: 5}").replace("connector: pull", "connector: stream"),
            "sources.items.schedule",
            "streams on",
        ),
        (
            replaced("sources:\n", f"{FETCHED}    limits: {{rate: {{requests: 5}}}}\n"),
            "sources.items.limits",
            "its own pace",
        ),
        (replaced("sources:\n", f"{FETCHED}    spool: on\n"), "sources.items.spool", "others push"),
    ],
)
def test_a_setting_without_an_effect_on_this_kind_of_source_is_refused(
    tmp_path: Path, text: str, path: str, message: str
) -> None:
    (fault,) = faults(write(tmp_path, text))

    assert (fault.reason, fault.path) == (Reason.CONFIG_INVALID, path)
    assert message in fault.message
    assert (fault.fix or "").startswith("Leave ")
