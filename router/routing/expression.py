"""Expressions over records, in the Common Expression Language (https://cel.dev).

CEL terminates, has no side effects, and is known from Kubernetes and Envoy.
"""

import re
from typing import Any

import cel

from router.api import ConnectorError, Reason
from router.routing.facts import VARIABLES, Facts

MAX_CHARACTERS = 4_096
"""The evaluator recurses on the native stack, which a longer chain of operators would exhaust."""

TYPES = frozenset({"bool", "bytes", "double", "int", "list", "map", "null_type", "string", "uint"})
FUNCTIONS = frozenset(
    {"bytes", "contains", "double", "duration", "dyn", "endsWith", "int", "matches", "size", "startsWith", "string"}
    | {"timestamp", "type", "uint", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getFullYear"}
    | {"getHours", "getMilliseconds", "getMinutes", "getMonth", "getSeconds"}
)
"""What the evaluator knows by name; operators have names that are no identifiers, and macros are gone by then."""

_BOUND = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(\s*([A-Za-z_]\w*)\s*,")
_LANGUAGE = "See https://cel.dev for the language."


class Expression:
    """A compiled expression."""

    def __init__(self, text: str) -> None:
        """Raises ConnectorError (EXPRESSION_INVALID) if it does not parse or names what does not exist."""
        self.text = text
        if len(text) > MAX_CHARACTERS:
            raise _invalid(f"is longer than {MAX_CHARACTERS} characters", "Write several routes.")
        try:
            self._program = cel.compile(text)
        except (ValueError, RecursionError) as error:
            raise _invalid("does not parse", _LANGUAGE) from error
        named = set(self._program.variables())
        # `i` of `data.items.exists(i, i.x > 1)` is listed among the variables, too.
        unknown = sorted(named - VARIABLES - TYPES - set(_BOUND.findall(text)))
        if unknown:
            raise _invalid(f"names {', '.join(unknown)}", f"Known are {', '.join(sorted(VARIABLES))}.")
        missing = sorted(name for name in set(self._program.functions()) - FUNCTIONS if name.isidentifier())
        if missing:
            raise _invalid(f"calls {', '.join(missing)}, which does not exist", _LANGUAGE)
        self._reads = tuple(sorted(named & VARIABLES))

    def value(self, facts: Facts) -> Any:
        """The expression's value; None if it cannot be evaluated, for example because a field is missing."""
        try:
            return self._program.execute(facts.context(self._reads))
        except (ValueError, TypeError, LookupError, RuntimeError, ArithmeticError, AttributeError):
            return None


def _invalid(what: str, fix: str) -> ConnectorError:
    return ConnectorError(Reason.EXPRESSION_INVALID, f"The expression {what}.", fix=fix)
