"""One trace from a signed request through the topic to the endpoint that the event is delivered to."""

from collections.abc import Callable
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from router.dev.endpoints import Endpoints
from tests.integration.receivers import SECRET, Received, free_port, pipeline, server, until

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SENDER = "00f067aa0ba902b7"
SAMPLED = f"00-{TRACE}-{SENDER}-01"
UNSAMPLED = f"00-{TRACE}-{SENDER}-00"


def spans(collector: Received) -> list[Span]:
    exported = []
    for _, _, body in collector.requests:
        request = ExportTraceServiceRequest.FromString(body)
        exported += [
            span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans
        ]
    return exported


def by_name(collector: Received, trace_id: str) -> dict[str, Span]:
    return {span.name: span for span in spans(collector) if span.trace_id.hex() == trace_id}


def attributes(span: Span) -> dict[str, str | int]:
    return {
        item.key: item.value.string_value if item.value.HasField("string_value") else item.value.int_value
        for item in span.attributes
    }


async def test_a_sampled_request_is_one_trace_up_to_the_request_that_delivers_its_event(
    endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path
) -> None:
    name = unique()
    async with server() as collector, server() as target:
        traces = {"traces": {"otlp_url": f"{collector.url}/v1/traces", "sample_ratio": 0}}
        async with pipeline(endpoints, name, tmp_path, target.url, traces) as running:
            status, answered = await running.send("e1", SAMPLED)
            await until(lambda: target.requests)
            await until(lambda: len(by_name(collector, TRACE)) == 4)

    trace = by_name(collector, TRACE)
    request, send = trace["POST /hooks"], trace[f"send {name}.v1"]
    deliver, post = trace[f"out {name}.v1"], trace["POST"]
    assert (status, answered) == (202, f"00-{TRACE}-{request.span_id.hex()}-01")
    assert [span.parent_span_id.hex() for span in (request, send, deliver, post)] == [
        SENDER,
        request.span_id.hex(),
        send.span_id.hex(),
        deliver.span_id.hex(),
    ]
    assert [span.kind for span in (request, send, deliver, post)] == [
        Span.SPAN_KIND_SERVER,
        Span.SPAN_KIND_PRODUCER,
        Span.SPAN_KIND_CONSUMER,
        Span.SPAN_KIND_CLIENT,
    ]
    assert target.requests[0][1]["traceparent"] == f"00-{TRACE}-{post.span_id.hex()}-01"
    delivery = attributes(deliver)
    assert delivery["messaging.system"] == "kafka"
    assert delivery["messaging.destination.name"] == f"{name}.v1"
    assert delivery["messaging.consumer.group.name"] == f"{name}.out"
    assert attributes(post)["http.response.status_code"] == 200


async def test_spans_have_neither_payloads_nor_secrets(
    endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path
) -> None:
    name = unique()
    async with server() as collector, server() as target:
        traces = {"traces": {"otlp_url": f"{collector.url}/v1/traces", "sample_ratio": 1}}
        async with pipeline(endpoints, name, tmp_path, target.url, traces) as running:
            await running.send("e1", SAMPLED)
            await until(lambda: len(by_name(collector, TRACE)) == 4)

    sent = b"".join(body for _, _, body in collector.requests)
    assert not [word for word in (b"4111-1111", b"hidden", SECRET.encode(), b"webhook-signature") if word in sent]


async def test_a_sender_that_does_not_record_its_trace_is_followed_in_that_and_new_traces_by_the_ratio(
    endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path
) -> None:
    name = unique()
    async with server() as collector, server() as target:
        traces = {"traces": {"otlp_url": f"{collector.url}/v1/traces", "sample_ratio": 1}}
        async with pipeline(endpoints, name, tmp_path, target.url, traces) as running:
            _, followed = await running.send("e1", UNSAMPLED)
            _, begun = await running.send("e2")
            await until(lambda: len(target.requests) == 2)
            await until(lambda: len(by_name(collector, begun[3:35])) == 4)

    assert followed.startswith(f"00-{TRACE}-")
    assert followed.endswith("-00")
    assert int(begun[-2:], 16) & 1
    assert not by_name(collector, TRACE)
    sent = {headers["ce-id"]: headers["traceparent"] for _, headers, _ in target.requests}
    assert sent["e1"] == followed
    assert sent["e2"][:35] == begun[:35]


async def test_a_span_tells_the_reason_of_a_failed_attempt_and_of_a_refused_request(
    endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path
) -> None:
    name = unique()
    async with server() as collector, server() as target:
        target.statuses.append(503)
        traces = {"traces": {"otlp_url": f"{collector.url}/v1/traces", "sample_ratio": 1}}
        async with pipeline(endpoints, name, tmp_path, target.url, traces) as running:
            _, forged = await running.send("e0", key=b"x" * 32)
            await running.send("e1", SAMPLED)
            await until(lambda: len([span for span in spans(collector) if span.trace_id.hex() == TRACE]) == 5)
            await until(lambda: by_name(collector, forged[3:35]))

    failed, succeeded = (span for span in spans(collector) if span.name == "POST" and span.trace_id.hex() == TRACE)
    deliver = by_name(collector, TRACE)[f"out {name}.v1"]
    refused = by_name(collector, forged[3:35])["POST /hooks"]
    assert (failed.status.code, attributes(failed)["error.type"]) == (Status.STATUS_CODE_ERROR, "TARGET_5XX")
    assert succeeded.status.code == Status.STATUS_CODE_UNSET
    assert ([event.name for event in deliver.events], deliver.status.code) == (["attempt failed"], 0)
    assert attributes(refused)["http.response.status_code"] == 401
    assert attributes(refused)["error.type"] == "SIGNATURE_MISMATCH"


async def test_events_flow_while_the_collector_is_away(
    endpoints: Endpoints, unique: Callable[[], str], tmp_path: Path
) -> None:
    name = unique()
    async with server() as target:
        traces = {"traces": {"otlp_url": f"http://127.0.0.1:{free_port()}/v1/traces", "sample_ratio": 1}}
        async with pipeline(endpoints, name, tmp_path, target.url, traces) as running:
            answers = [await running.send(f"e{number}") for number in range(5)]
            await until(lambda: len(target.requests) == 5)
            while not await running.metric("con_trace_spans_dropped_total"):
                running.process.check()
            await running.stop()

    assert [status for status, _ in answers] == [202] * 5
