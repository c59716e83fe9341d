"""The receiver of the HTTP sink benchmark: nginx on loopback, one process, answering 204 and counting."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.failure import BenchmarkError
from benchmarks.ports import free_port, listening
from benchmarks.processes import running, wait_until
from benchmarks.programs import program
from router.dev.endpoints import HOST

_CONFIG = """
daemon off;
worker_processes 1;
pid {scratch}/nginx.pid;
error_log {scratch}/nginx-error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  client_max_body_size 16m;
  client_body_temp_path {scratch}/body;
  proxy_temp_path {scratch}/proxy;
  fastcgi_temp_path {scratch}/fastcgi;
  uwsgi_temp_path {scratch}/uwsgi;
  scgi_temp_path {scratch}/scgi;
  server {{
    listen {host}:{port} backlog=1024;
    location / {{ return 204; }}
    location = /count {{ stub_status; }}
  }}
}}
"""


class Receiver:
    """What the senders post to, and the count of their posts."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._asked = 0
        self._connection = http.client.HTTPConnection(HOST, port)

    def received(self) -> int:
        """Requests received, without those of this method."""
        self._connection.request("GET", "/count")
        answer = self._connection.getresponse().read().decode()
        self._asked += 1
        # "server accepts handled requests", then the three numbers on the next line.
        return int(answer.splitlines()[2].split()[2]) - self._asked

    def close(self) -> None:
        """Close the counting connection."""
        self._connection.close()


def nginx() -> str:
    """The path of nginx. Raises `MissingProgramError`."""
    return program("nginx", "nginx-light")


@contextmanager
def receiver(scratch: Path) -> Iterator[Receiver]:
    """Run the receiver while the context lasts."""
    port = free_port()
    config, log = scratch / "nginx.conf", scratch / "nginx.log"
    config.write_text(_CONFIG.format(scratch=scratch, host=HOST, port=port))
    with running([nginx(), "-p", scratch, "-c", config, "-e", scratch / "nginx-error.log"], log) as process:
        wait_until(lambda: listening(port), process, log)
        counting = Receiver(port)
        try:
            if counting.received() > 1:
                raise BenchmarkError("The receiver was not fresh.")
            yield counting
        finally:
            counting.close()
