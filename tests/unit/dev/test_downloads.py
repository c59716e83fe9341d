"""Downloads from a Maven repository on loopback, by the real client."""

import functools
import gc
import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from rich.console import Console

from router.api import ConnectorError, Reason
from router.dev import downloads as downloads_module
from router.dev.downloads import Downloads
from router.dev.endpoints import HOST
from router.dev.pins import Distribution, Pin
from router.dev.progress import LineProgress

CONTENT = b"the content of a jar" * 1_000
JAR = Pin("org.example:thing:1.0", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
THING = Distribution("Thing 1.0", (JAR,))


class Repository(SimpleHTTPRequestHandler):
    """Serves a directory, and counts what it was asked for."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # its name
        """Nothing."""


class Served:
    """A repository's directory, its address, and what it was asked for."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.asked: list[str] = []
        handler = type("Counting", (Repository,), {"asked": self.asked})
        self.server = ThreadingHTTPServer((HOST, 0), functools.partial(handler, directory=str(directory)))
        self.address = f"http://{HOST}:{self.server.server_port}"

    def put(self, pin: Pin, content: bytes) -> None:
        place = self.directory / pin.path
        place.parent.mkdir(parents=True)
        place.write_bytes(content)

    def fetched(self, pin: Pin) -> int:
        return self.asked.count(f"/{pin.path}")


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "repository").mkdir()
    served = Served(tmp_path / "repository")
    thread = threading.Thread(target=served.server.serve_forever, args=(0.05,))
    thread.start()
    yield served
    served.server.shutdown()
    served.server.server_close()
    thread.join()


def downloads(repository: Served, cache: Path, cancelled: threading.Event | None = None) -> Downloads:
    progress = LineProgress(Console(file=io.StringIO()))
    return Downloads(cache, progress, cancelled or threading.Event(), repository.address)


def test_a_file_is_downloaded_once(repository: Served, tmp_path: Path) -> None:
    repository.put(JAR, CONTENT)

    first, second = (downloads(repository, tmp_path / "cache").files(THING) for _ in range(2))

    assert first == second
    assert first[0].read_bytes() == CONTENT
    assert repository.fetched(JAR) == 1


def test_a_damaged_file_is_downloaded_again(repository: Served, tmp_path: Path) -> None:
    repository.put(JAR, CONTENT)
    (path,) = downloads(repository, tmp_path / "cache").files(THING)
    path.write_bytes(CONTENT.replace(b"jar", b"JAR"))

    downloads(repository, tmp_path / "cache").files(THING)

    assert path.read_bytes() == CONTENT


def test_a_file_that_is_not_the_pinned_one_is_refused_and_not_kept(
    repository: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads_module, "_PAUSE_SECONDS", 0)
    repository.put(JAR, CONTENT.replace(b"jar", b"JAR"))

    with pytest.raises(ConnectorError) as caught:
        downloads(repository, tmp_path / "cache").files(THING)

    assert caught.value.reason is Reason.STACK_DOWNLOAD_FAILED
    assert "SHA-256" in caught.value.message
    assert not list((tmp_path / "cache").rglob("*.jar"))


# jgo leaves the connection of a refused request open, for the collector to close; here, and not in another test.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_a_file_that_the_repository_lacks_is_an_error_with_its_coordinate(
    repository: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads_module, "_PAUSE_SECONDS", 0)

    with pytest.raises(ConnectorError) as caught:
        downloads(repository, tmp_path / "cache").files(THING)

    assert caught.value.reason is Reason.STACK_DOWNLOAD_FAILED
    assert JAR.coordinate in caught.value.message
    del caught
    gc.collect()


def test_what_an_interrupted_download_left_is_removed(repository: Served, tmp_path: Path) -> None:
    repository.put(JAR, CONTENT)
    leftover = tmp_path / "cache" / "download-x" / "half.jar"
    leftover.parent.mkdir(parents=True)
    leftover.touch()

    downloads(repository, tmp_path / "cache").files(THING)

    assert not leftover.parent.exists()


def test_two_at_once_download_once(repository: Served, tmp_path: Path) -> None:
    repository.put(JAR, CONTENT)
    both = [threading.Thread(target=downloads(repository, tmp_path / "cache").files, args=(THING,)) for _ in range(2)]

    for one in both:
        one.start()
    for one in both:
        one.join()

    assert repository.fetched(JAR) == 1


def test_a_cancelled_download_ends(repository: Served, tmp_path: Path) -> None:
    repository.put(JAR, CONTENT)
    cancelled = threading.Event()
    cancelled.set()

    with pytest.raises(ConnectorError) as caught:
        downloads(repository, tmp_path / "cache", cancelled).files(THING)

    assert caught.value.reason is Reason.SHUTDOWN


def test_an_archive_is_unpacked_once(repository: Served, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("run.jar")
        member.size = len(CONTENT)
        archive.addfile(member, io.BytesIO(CONTENT))
    content = packed.getvalue()
    pin = Pin("org.example:app:1.0:all:tar.gz", len(content), hashlib.sha256(content).hexdigest())
    repository.put(pin, content)

    app = Distribution("App 1.0", (pin,))
    first, second = (downloads(repository, tmp_path / "cache").unpacked(app) for _ in range(2))

    assert first == second
    assert (first / "run.jar").read_bytes() == CONTENT
    assert repository.fetched(pin) == 1
