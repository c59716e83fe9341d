"""An engine as somebody would write it, run as a process of its own by the tests.

It writes a line for each event that it begins, and one for each that it has handled, into the file.
"""

import asyncio
import sys
from pathlib import Path

from router.engine import EngineApp, EngineSettings, Envelope


def main(name: str, bootstrap_servers: str, registry_url: str, topic: str, path: str, slow: str) -> None:
    """Handle the topic's events; those whose data begins with `bad` raise, the one that is `slow` takes its time."""
    engine = EngineApp(EngineSettings(name, bootstrap_servers, registry_url, drain_seconds=1))
    with Path(path).open("a", buffering=1) as lines:

        @engine.on(topic, types=["order.paid"])
        async def handle(event: Envelope) -> None:
            assert isinstance(event.data, bytes)
            lines.write(f"begun {event.id}\n")
            if event.data.startswith(b"bad"):
                raise ValueError(event.data)
            if event.id == slow:
                await asyncio.sleep(3_600)
            lines.write(f"handled {event.id}\n")

        engine.main()


if __name__ == "__main__":
    main(*sys.argv[1:])
