"""Downloads from the Maven repository: verified against the pins, kept per user, safe to interrupt and to share."""

import fcntl
import hashlib
import shutil
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from router.api.errors import ConnectorError
from router.api.reasons import Reason
from router.dev.extras import extra
from router.dev.pins import Distribution, Pin
from router.dev.progress import Progress

_AT_ONCE = 6
_ATTEMPTS = 3
_PAUSE_SECONDS = 2
_TIMEOUT_SECONDS = 30
_LOOK_SECONDS = 0.2


class Downloads:
    """The cache of downloaded files. Two processes may use one directory; the second waits for the first.

    Files are downloaded into a temporary directory and moved to their place when they are verified, so that
    what is in its place is whole. cancelled: ends a download between two of its chunks.
    repository: the address of the Maven repository; None: Maven Central.
    """

    def __init__(
        self, directory: Path, progress: Progress, cancelled: threading.Event, repository: str | None = None
    ) -> None:
        self._directory = directory
        self._progress = progress
        self._cancelled = cancelled
        self._repository = repository
        self._one_thread = threading.Lock()

    def files(self, distribution: Distribution) -> list[Path]:
        """The verified files of the distribution, downloaded if they are missing or damaged.

        Raises ConnectorError: STACK_DOWNLOAD_FAILED, SHUTDOWN.
        """
        with self._alone():
            missing = [pin for pin in distribution.files if not _is_intact(self._directory / pin.path, pin)]
            if missing:
                with tempfile.TemporaryDirectory(dir=self._directory, prefix="download-") as temporary:
                    self._fetch(distribution.title, missing, Path(temporary))
                    for pin in missing:
                        place = self._directory / pin.path
                        place.parent.mkdir(parents=True, exist_ok=True)
                        (Path(temporary) / pin.path).replace(place)
            return [self._directory / pin.path for pin in distribution.files]

    def unpacked(self, distribution: Distribution) -> Path:
        """The directory with the content of the distribution's one archive; the archive itself is not kept.

        Raises ConnectorError: STACK_DOWNLOAD_FAILED, SHUTDOWN.
        """
        (pin,) = distribution.files
        place = self._directory / f"{pin.path.name}-{pin.sha256[:12]}"
        with self._alone():
            if not place.exists():
                with tempfile.TemporaryDirectory(dir=self._directory, prefix="download-") as temporary:
                    self._fetch(distribution.title, [pin], Path(temporary))
                    self._progress.say(f"Unpacking {distribution.title}")
                    content = Path(temporary) / "content"
                    with tarfile.open(Path(temporary) / pin.path) as archive:
                        archive.extractall(content, filter="data")
                    content.rename(place)
        return place

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._directory.mkdir(parents=True, exist_ok=True)
        with self._one_thread, (self._directory / "lock").open("w") as lock:
            if not _lock(lock):
                self._progress.say(f"Waiting for another process that is downloading to {self._directory}")
                while not _lock(lock):
                    self._go_on()
                    time.sleep(_LOOK_SECONDS)
            for leftover in self._directory.glob("download-*"):
                shutil.rmtree(leftover)
            yield

    def _fetch(self, title: str, pins: Sequence[Pin], target: Path) -> None:
        with self._progress.download(title, sum(pin.size_bytes for pin in pins)) as show:

            def advance(count: int) -> None:
                self._go_on()
                show(count)

            with ThreadPoolExecutor(_AT_ONCE, "download") as pool:
                for done in [pool.submit(self._fetch_one, pin, target, advance) for pin in pins]:
                    done.result()

    def _fetch_one(self, pin: Pin, target: Path, advance: Callable[[int], None]) -> None:
        fault: Exception | None = None
        for attempt in range(_ATTEMPTS):
            if attempt:
                time.sleep(_PAUSE_SECONDS)
            self._go_on()
            try:
                self._download(pin, target, advance)
            except (OSError, RuntimeError) as error:  # what jgo and the HTTP library under it raise
                fault = error
            else:
                if _is_intact(target / pin.path, pin):
                    return
                fault = None
            (target / pin.path).unlink(missing_ok=True)
        what = str(fault) if fault else "what was downloaded is not the pinned file: its SHA-256 differs"
        raise ConnectorError(
            Reason.STACK_DOWNLOAD_FAILED,
            f"{pin.coordinate}: {what}",
            fix="check the network and the proxy settings, and start again",
        ) from fault

    def _download(self, pin: Pin, target: Path, advance: Callable[[int], None]) -> None:
        @contextmanager
        def report(_file: str, _total: int) -> Iterator[Callable[[int], None]]:
            yield advance

        maven = extra("jgo.maven")
        context: Any = maven.MavenContext(
            resolver=maven.PythonResolver(progress_callback=report),
            repo_cache=target,
            remote_repos={"mirror": self._repository} if self._repository else None,
            timeout=_TIMEOUT_SECONDS,
        )
        group, artifact, version, classifier, packaging = pin.parts
        context.project(group, artifact).at_version(version).artifact(classifier, packaging).resolve()

    def _go_on(self) -> None:
        if self._cancelled.is_set():
            raise ConnectorError(Reason.SHUTDOWN, "the download was cancelled")


def _lock(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_intact(path: Path, pin: Pin) -> bool:
    if not path.exists() or path.stat().st_size != pin.size_bytes:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == pin.sha256
