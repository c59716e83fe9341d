"""Facts out of metrics."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from router.runtime.flow import Flow


def test_the_counters_of_a_connector_become_a_fact() -> None:
    registry = CollectorRegistry()
    published = Counter("con_published_total", "", ["source", "topic"], registry=registry)
    failures = Counter("con_source_failures_total", "", ["source", "reason"], registry=registry)
    state = Gauge("con_source_state", "", ["source", "state"], registry=registry)
    checkpoint = Gauge("con_source_checkpoint_timestamp_seconds", "", ["source"], registry=registry)
    published.labels("orders", "a.v1").inc(3)
    published.labels("orders", "b.v1").inc(4)
    failures.labels("orders", "TARGET_TIMEOUT").inc()
    state.labels("orders", "failed").set(0)
    state.labels("orders", "running").set(1)
    checkpoint.labels("orders").set(99.5)

    facts = Flow(registry).facts(now=100.0)

    assert len(facts) == 1
    fact = facts[0]
    assert (fact.connector, fact.kind, fact.sequence, fact.at) == ("orders", "source", 1, 100.0)
    assert fact.counters == {"published": 7}
    assert fact.reasons == {"failures": {"TARGET_TIMEOUT": 1}}
    assert (fact.state, fact.checkpoint_at, fact.event_at) == ("RUNNING", 99.5, 100.0)


def test_facts_are_numbered_and_know_when_events_last_went_through() -> None:
    registry = CollectorRegistry()
    delivered = Counter("con_delivered_total", "", ["sink"], registry=registry)
    delivered.labels("orders").inc()
    flow = Flow(registry)

    first, second = flow.facts(now=100.0)[0], flow.facts(now=105.0)[0]
    delivered.labels("orders").inc()
    third = flow.facts(now=110.0)[0]

    assert [fact.sequence for fact in (first, second, third)] == [1, 2, 3]
    assert [fact.event_at for fact in (first, second, third)] == [100.0, 100.0, 110.0]
    assert len({fact.process for fact in (first, second, third)}) == 1
    assert Flow(registry).facts(now=110.0)[0].process != first.process
