"""What the metrics say of a source's task."""

from router.api import Reason
from router.fetching.observer import Emission
from router.fetching.states import State
from router.observability.metrics import REGISTRY, SourceTaskMetrics


def sample(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, {"source": "metered", **labels})


def test_a_transaction_counts_its_records_by_what_became_of_them() -> None:
    metrics = SourceTaskMetrics("metered")

    metrics.committed(Emission({"a.v1": 3, "b.v1": 1}, 2, (Reason.ENCODE_FAILED,), checkpoint=True, seconds=0.01))
    metrics.committed(Emission(filtered=5))

    assert sample("con_published_total", topic="a.v1") == 3
    assert sample("con_filtered_total") == 7
    assert sample("con_source_dead_lettered_total", reason="ENCODE_FAILED") == 1
    assert sample("con_source_transactions_total") == 1
    assert sample("con_source_commit_seconds_count") == 1
    assert (sample("con_source_checkpoint_timestamp_seconds") or 0) > 0


def test_a_task_is_in_one_state_at_a_time() -> None:
    metrics = SourceTaskMetrics("metered")

    metrics.state(State.RUNNING)
    metrics.state(State.FAILED)

    states = {state: sample("con_source_state", state=state.lower()) for state in State}
    assert states == {state: float(state is State.FAILED) for state in State}
