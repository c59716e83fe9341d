"""`router dlq plan | apply`: see what putting dead letters back would do, then do exactly that."""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import groupby
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from router.api import ConnectorError, Reason
from router.cli.console import out, printable
from router.cli.dlq.audited import audited, prepare
from router.cli.dlq.choice import choosing, moment
from router.cli.dlq.outcome import show_outcome
from router.cli.dlq.queue import ConfigPath, OutputOption, OwnerName, Queue, bar, is_json, read, sink_queue, who
from router.cli.dlq.replay import ParkedOption, RateOption, WhyOption, unless_parked
from router.cli.dlq.target import Target, target_of
from router.config.loaded import Loaded
from router.dlq import following, plans
from router.dlq.content import Assignment, Condition, Contents, Edit
from router.dlq.examine import Examiner, Finding, delivered_keys, summary
from router.dlq.index import Index
from router.dlq.markers import Outcome, Resolution
from router.dlq.newer import newer_events
from router.dlq.plan import Plan, digest_of
from router.dlq.replay import Work, resolve
from router.dlq.selection import Filter
from router.envelope.registry import Registry
from router.kafka.consumer import Consumed
from router.kafka.identity import topic_id
from router.kafka.places import Places
from router.routing.expression import Expression


@choosing
def plan_letters(  # noqa: PLR0913, PLR0917  each is an option of the command line
    path: ConfigPath,
    wanted: Filter,
    owner: OwnerName = None,
    where: Annotated[str, typer.Option("--where", help="Only those for which this CEL expression holds.")] = "",
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="Set a field of the data: `field.of.data=CEL expression`.")
    ] = None,
    to_topic: Annotated[str | None, typer.Option("--to-topic", help="Put them into this topic, for everybody.")] = None,
    to_sink: Annotated[str | None, typer.Option("--to-sink", help="Put them back to another sink.")] = None,
    parked: ParkedOption = False,
    newer: Annotated[
        bool, typer.Option("--newer", help="Also count the events of the same keys that came later; reads the topics.")
    ] = False,
    output: OutputOption = "table",
) -> None:
    """Say what would become of dead letters if they were put back now, and print the hash with which to do it."""
    loaded = read(path)
    as_json, queue = is_json(output), sink_queue(loaded, owner)
    target = target_of(loaded, queue, to_topic, to_sink)
    meant = unless_parked(queue, wanted, parked=parked)
    with Registry(loaded.pipeline.kafka.registry_url) as registry:
        contents = Contents(registry)
        edit, condition = _edit(assignments or (), contents), _condition(where, contents)
        with queue.index() as index:
            meant = meant.before(index.next_offsets())
            plan = _plan(queue, target, meant, index, where, assignments or ())
            in_order, mixed = index.places(meant)
            waiting = index.count_of_same_keys(meant)
            later = newer_events(queue.servers, index.in_order(meant)) if newer else None
        keys = None if target.keys is None else delivered_keys(queue.servers, target.keys)
        examiner = Examiner(contents, edit, keys)
        with bar(f"Examining dead letters of {queue.owner}") as progress:
            records = _chosen(_records(queue, sorted(in_order + mixed)), condition)
            findings = _watched(examiner.examine(records), len(in_order) + len(mixed), progress)
            verdicts, examples = _examined(findings)
    told = Plan(**{**_fields(plan), "verdicts": verdicts, "who": who(), "made_at": datetime.now(UTC).isoformat()})
    prepare(loaded.pipeline)
    plans.save(queue.servers, loaded.pipeline.name, told)
    _show(told, waiting, None if later is None else dict(later), examples, as_json=as_json)


def apply_plan(
    path: ConfigPath,
    digits: Annotated[str, typer.Argument(help="The hash that `router dlq plan` printed.", metavar="HASH")],
    rate: RateOption = None,
    at: Annotated[str | None, typer.Option("--at", help="Not before this time: ISO 8601.")] = None,
    why: WhyOption = "",
    follow: Annotated[
        bool, typer.Option("--follow", help="Wait until the sink has dealt with them, and say what became of them.")
    ] = False,
) -> None:
    """Do what a plan says, or nothing if something has changed since. Given again, it goes on where it was stopped."""
    loaded = read(path)
    pipeline = loaded.pipeline
    plan = plans.find(pipeline.kafka.bootstrap_servers, pipeline.name, digits)
    queue = sink_queue(loaded, plan.owner)
    target = target_of(loaded, queue, *_named_target(loaded, plan))
    _wait_until(moment("--at", at))
    begun = datetime.now(UTC)
    with Registry(pipeline.kafka.registry_url) as registry, bar(f"Applying {plan.hash}") as progress:
        contents = Contents(registry)
        work = Work(
            queue.servers,
            queue.topic,
            target.topic,
            Resolution(Outcome.PUT_BACK, who(), why, begun, plan.hash),
            as_new=target.as_new,
            edit=_edit(plan.assignments, contents),
            chosen=_condition(plan.where, contents),
            events_per_second=rate,
            directory=following.default_directory(),
        )

        def check(index: Index) -> None:
            plan.check(index.in_order(plan.filter, plan.hash), topic_id(queue.servers, queue.topic), target.settings)

        detail = f"plan {plan.hash} to {target.topic}. {why}"
        if plan.assignments:
            detail = f"{detail} Sets {', '.join(plan.assignments)}"
        count = audited(
            pipeline, "dlq apply", queue.owner, detail.strip(), lambda: resolve(work, plan.filter, check, progress)
        )
    out.print(f"{count} put back.")
    if follow:
        show_outcome(queue if target.sink is None else target.sink, target.topic, begun)


def _plan(queue: Queue, target: Target, meant: Filter, index: Index, where: str, assignments: Sequence[str]) -> Plan:
    count, digest = digest_of(index.in_order(meant))
    return Plan(
        owner=queue.owner,
        topic=queue.topic,
        topic_id=topic_id(queue.servers, queue.topic) or "",
        target=target.topic,
        as_new=target.as_new,
        chosen=meant.document(),
        where=where,
        assignments=tuple(assignments),
        settings=target.settings,
        letters=count,
        digest=digest,
    )


def _fields(plan: Plan) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in plan.__dataclass_fields__}


def _named_target(loaded: Loaded, plan: Plan) -> tuple[str | None, str | None]:
    """The target of a plan as `target_of` is told."""
    if plan.as_new:
        return plan.target, None
    return None, next((name for name in loaded.pipeline.sinks if plan.target.endswith(f".{name}.replay")), None)


def _edit(assignments: Iterable[str], contents: Contents) -> Edit | None:
    parsed = [Assignment.parse(text) for text in assignments]
    return Edit(parsed, contents) if parsed else None


def _condition(where: str, contents: Contents) -> Condition | None:
    return Condition(Expression(where), contents) if where else None


def _records(queue: Queue, places: Sequence[tuple[int, int]]) -> Iterator[Consumed]:
    with closing(Places(queue.servers, queue.topic)) as reading:
        for partition, some in groupby(places, key=lambda place: place[0]):
            for records in reading.records(partition, [offset for _, offset in some]):
                yield from records


def _chosen(records: Iterable[Consumed], condition: Condition | None) -> Iterator[Consumed]:
    return (record for record in records if condition is None or condition(record))


def _watched(findings: Iterable[Finding], total: int, progress: following.Progress) -> Iterator[Finding]:
    for done, finding in enumerate(findings, 1):
        if not done % 100 or done == total:
            progress(done, total)
        yield finding


def _examined(findings: Iterable[Finding]) -> tuple[dict[str, dict[str, int]], dict[str, str]]:
    """The verdicts, and by reason one example of what fails."""
    examples: dict[str, str] = {}

    def noted() -> Iterator[Finding]:
        for finding in findings:
            if finding.error is not None:
                place = f"{finding.record.partition}:{finding.record.offset}"
                examples.setdefault(str(finding.error.reason), f"{place}: {finding.error.message}")
            yield finding

    return summary(noted()), examples


def _show(plan: Plan, waiting: int, later: dict[bytes, int] | None, examples: dict[str, str], *, as_json: bool) -> None:
    newer = None if later is None else sum(later.values())
    if as_json:
        told = {"plan": plan.hash, "letters": plan.letters, "target": plan.target, "verdicts": plan.verdicts}
        more = {"same_keys_open": waiting, "newer_events": newer, "examples": examples}
        out.print_json(json.dumps(told | more))
        return
    table = Table(
        title=f"Plan {plan.hash}: {plan.letters} dead letters of {plan.owner} to {plan.target}", title_justify="left"
    )
    table.add_column("would be")
    table.add_column("letters", justify="right")
    table.add_column("because", overflow="fold")
    colours = {"offered": "green", "duplicate": "yellow", "fails": "red"}
    for verdict, reasons in plan.verdicts.items():
        for reason, count in Counter(reasons).most_common():
            because = f"{reason}, as {examples[reason]}" if reason else _MEANING[verdict]
            table.add_row(Text(verdict, colours[verdict]), str(count), Text(printable(because)))
    out.print(table)
    if waiting:
        out.print(f"{waiting} other open dead letters have the same keys, and would stay behind.")
    if later:
        out.print(f"{newer} newer events of {len(later)} of the keys are in the topics: these letters come after them.")
    out.print(Text.assemble("To do it: ", (f"router dlq apply PATH {plan.hash}", "bold")))


_MEANING = {
    "offered": "it can be read; the target decides",
    "duplicate": "the target has accepted its idempotency key",
    "fails": "",
}


def _wait_until(when: datetime | None) -> None:
    if when is None:
        return
    seconds = (when - datetime.now(UTC)).total_seconds()
    if seconds > 86_400 * 7:
        raise ConnectorError(Reason.USAGE, "--at is more than a week away.", fix="Give a time within the next week.")
    if seconds > 0:
        out.print(f"Waiting until {when.isoformat(timespec='seconds')}. Ctrl-C ends it, and nothing is done.")
        time.sleep(seconds)
