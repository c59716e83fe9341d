"""The watermark never passes a record that is not done."""

from hypothesis import given
from hypothesis import strategies as st

from router.delivery.progress import Progress


@given(
    st.sets(st.integers(0, 500), min_size=1).flatmap(
        lambda offsets: st.tuples(st.just(sorted(offsets)), st.permutations(sorted(offsets)))
    )
)
def test_the_watermark_is_behind_every_open_record_and_ends_at_the_last(case: tuple[list[int], list[int]]) -> None:
    offsets, finishing = case
    progress = Progress()
    for offset in offsets:
        progress.begin(offset)
    left = set(offsets)

    for offset in finishing:
        progress.finish(offset)
        left.discard(offset)
        done = [o for o in offsets if not left or o < min(left)]
        assert progress.next_offset == (done[-1] + 1 if done else None)
        assert progress.in_flight == len(left)

    assert progress.next_offset == offsets[-1] + 1
