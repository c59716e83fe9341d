"""Progress as lines."""

import io

from rich.console import Console

from router.dev.progress import BarProgress, LineProgress, progress_on

MEBIBYTE = 1024 * 1024


def test_a_download_prints_a_line_for_each_quarter() -> None:
    output = io.StringIO()
    progress = LineProgress(Console(file=output))

    with progress.download("Kafka", 8 * MEBIBYTE) as advance:
        for _ in range(8):
            advance(MEBIBYTE)

    assert output.getvalue().splitlines() == [
        "Downloading Kafka (8 MiB)",
        "  Kafka: 2 of 8 MiB",
        "  Kafka: 4 of 8 MiB",
        "  Kafka: 6 of 8 MiB",
        "  Kafka: 8 of 8 MiB",
    ]


def test_a_terminal_gets_a_bar_with_bytes() -> None:
    output = io.StringIO()
    progress = progress_on(Console(file=output, force_terminal=True, width=120))

    with progress.download("Kafka", 8 * MEBIBYTE) as advance:
        advance(8 * MEBIBYTE)

    assert isinstance(progress, BarProgress)
    assert "8.0/8.0 MiB" in output.getvalue()


def test_what_is_not_a_terminal_gets_lines() -> None:
    progress = progress_on(Console(file=io.StringIO()))

    assert isinstance(progress, LineProgress)
