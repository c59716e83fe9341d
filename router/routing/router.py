"""Rules that choose a record's topic and ordering key: the first whose condition holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from router.api import ConnectorError, Reason, Record
from router.config.models import Drift, Route
from router.routing.expression import Expression
from router.routing.facts import Facts
from router.routing.outline import outline


class Routed(NamedTuple):
    """Where a record goes."""

    topic: str
    key: bytes
    drift: Drift = Drift.PROPAGATE


class Dropped(NamedTuple):
    """The record is filtered on purpose. rule: the number of the route that says so, from 0."""

    rule: int


@dataclass(frozen=True, slots=True)
class _Rule:
    when: Expression | None
    topic: str | None
    key: Expression | None
    drift: Drift


def compile_routes(source: str, routes: Sequence[Route]) -> "Router":
    """The router of one source. source: the URI that its records will carry.

    Raises ConnectorError: EXPRESSION_INVALID, or ROUTE_INCOMPLETE if a record could match no route, if a route can
    never be reached, or if it neither names a topic nor drops.
    """
    rules = []
    for number, route in enumerate(routes):
        if (route.topic is None) is not route.drop:
            raise _incomplete(number, "needs either `topic` or `drop: true`", "Give exactly one of them.")
        last = number == len(routes) - 1
        if route.when is None and not last:
            raise _incomplete(number, "has no `when`, so the routes after it are never reached", "Make it the last.")
        if route.when is not None and last:
            raise _incomplete(number, "is the last and has a `when`", "Add one without: a topic, or `drop: true`.")
        when = None if route.when is None else Expression(route.when)
        key = None if route.key is None else Expression(route.key)
        rules.append(_Rule(when, route.topic, key, route.drift))
    if not rules:
        raise ConnectorError(Reason.ROUTE_INCOMPLETE, "There is no route.", fix="Add `routes: [{topic: …}]`.")
    return Router(source, rules)


class Router:
    """The compiled rules of one source; a pure function of the record.

    A condition that cannot be evaluated, because a field is missing or of another type, does not hold. A key that
    cannot be evaluated, or is neither a text, an integer nor a boolean, is the default: the record's own, else the
    subject, else the id.
    """

    def __init__(self, source: str, rules: Sequence[_Rule]) -> None:
        self._source = source
        self._rules = tuple(rules)
        expressions = [expression for rule in rules for expression in (rule.when, rule.key) if expression is not None]
        self._fields = outline([expression.text for expression in expressions])

    def route(self, record: Record) -> Routed | Dropped:
        """Where the record goes."""
        facts: Facts | None = None
        for number, rule in enumerate(self._rules):
            if rule.when is not None:
                facts = facts or self._facts(record)
                if rule.when.value(facts) is not True:
                    continue
            if rule.topic is None:
                return Dropped(number)
            if rule.key is None:
                return Routed(rule.topic, _default_key(record), rule.drift)
            key = _key(rule.key.value(facts or self._facts(record)), record)
            return Routed(rule.topic, key, rule.drift)
        raise ConnectorError(Reason.ROUTE_INCOMPLETE, "No route matches the record.")

    def _facts(self, record: Record) -> Facts:
        return Facts(self._source, self._fields, record)


def _key(value: Any, record: Record) -> bytes:
    if isinstance(value, str) and value:
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, int):
        return str(value).encode()
    return _default_key(record)


def _default_key(record: Record) -> bytes:
    return (record.key or record.subject or record.id).encode("utf-8", "surrogatepass")


def _incomplete(number: int, what: str, fix: str) -> ConnectorError:
    return ConnectorError(Reason.ROUTE_INCOMPLETE, f"Route {number} {what}.", fix=fix)
