"""The pipeline as the user would run it: `router run`, in a process of its own."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from router.api import ConnectorError, Reason
from router.dev.guard import Guard

_READY_SECONDS = 60
_STOP_SECONDS = 15
_LOOK_SECONDS = 0.05
_TAIL_LINES = 20


@dataclass(frozen=True, slots=True)
class Answered:
    """What the ingress says of itself.

    refused: requests by reason. repeated: events that were there before. filtered: those that a route dropped.
    """

    refused: Mapping[str, int]
    repeated: int
    filtered: int


class Pipeline:
    """The process, which ends with the context, or with the death of ours. url: its port for `/metrics`."""

    def __init__(self, file: Path, variables: Mapping[str, str], log: Path, url: str) -> None:
        self._file = file
        self._variables = variables
        self._log = log
        self._url = url
        self._guard: Guard | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._session = aiohttp.ClientSession()

    async def __aenter__(self) -> Self:
        """Start it; it is ready when `ready` has returned."""
        self._guard = Guard()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220, S603  it returns at once; the command is ours
                (sys.executable, "-m", "router", "run", str(self._file)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self._variables, "LOG_FORMAT": "json"},
                # Out of the terminal's group: Ctrl-C is for us, and we stop it in good order.
                process_group=self._guard.group,
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._session.close()
        if self._process is not None:
            self._process.terminate()
            try:
                # Not in a thread: nothing else is left to do, and a second Ctrl-C must not be waited for.
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._guard is not None:
            self._guard.dismiss()

    async def ready(self) -> None:
        """Return when `/readyz` says so. Raises ConnectorError (STACK_COMPONENT_FAILED) with the end of its log."""
        try:
            async with asyncio.timeout(_READY_SECONDS):
                while not await self._is_ready():
                    self.check()
                    await asyncio.sleep(_LOOK_SECONDS)
        except TimeoutError:
            raise self._failure(f"was not ready after {_READY_SECONDS} s") from None

    def check(self) -> None:
        """Raises ConnectorError (STACK_COMPONENT_FAILED) with the end of its log, if it has ended by itself."""
        if self._process is not None and self._process.poll() is not None:
            raise self._failure("has ended")

    async def answered(self) -> Answered:
        """Its metrics now. Raises ConnectorError (STACK_COMPONENT_FAILED) if it does not answer."""
        try:
            async with self._session.get(f"{self._url}/metrics") as answer:
                text = await answer.text()
        except aiohttp.ClientError as error:
            raise self._failure("does not answer") from error
        refused: Counter[str] = Counter()
        repeated = filtered = 0
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == "con_refused_total":
                    refused[sample.labels["reason"]] += int(sample.value)
                elif sample.name == "con_source_deduplicated_total":
                    repeated += int(sample.value)
                elif sample.name == "con_filtered_total":
                    filtered += int(sample.value)
        return Answered(refused, repeated, filtered)

    async def _is_ready(self) -> bool:
        try:
            async with self._session.get(f"{self._url}/readyz") as answer:
                return answer.ok
        except aiohttp.ClientConnectionError:
            return False

    def _failure(self, what: str) -> ConnectorError:
        lines = self._log.read_text(errors="replace").splitlines()
        tail = "\n".join(["", *lines[-_TAIL_LINES:], ""])
        return ConnectorError(Reason.STACK_COMPONENT_FAILED, f"router run {what}{tail}", fix=f"see {self._log}")
