"""Cross-origin requests, as browsers ask for them: https://fetch.spec.whatwg.org/#http-cors-protocol ."""

from collections.abc import Mapping

from router.config.front import CorsSettings


class Cors:
    """Which origins may send. The answer is the same for every path, so that it tells of no endpoint."""

    def __init__(self, settings: CorsSettings) -> None:
        self._origins = frozenset(settings.origins)
        self._age = settings.max_age_seconds

    def is_preflight(self, method: str, headers: Mapping[str, str]) -> bool:
        """Whether a browser asks before it sends."""
        return method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers

    def preflight(self, origin: str) -> bytes:
        """The header lines of the answer to a preflight."""
        if origin not in self._origins:
            return b"Vary: Origin\r\n"
        allowed = "Access-Control-Allow-Methods: POST\r\nAccess-Control-Allow-Headers: *\r\n"
        return self.answer(origin) + f"{allowed}Access-Control-Max-Age: {self._age}\r\n".encode()

    def answer(self, origin: str | None) -> bytes:
        """The header lines of every other answer. origin: of the request."""
        if origin is None or origin not in self._origins:
            return b"Vary: Origin\r\n"
        return f"Vary: Origin\r\nAccess-Control-Allow-Origin: {origin}\r\n".encode()
