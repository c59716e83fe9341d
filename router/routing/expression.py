"""Expressions over records, in the Common Expression Language (https://cel.dev).

CEL terminates, has no side effects, and is known from Kubernetes and Envoy.
"""

from collections.abc import Mapping
from typing import Any

import cel

from router.api import ConnectorError, Reason

VARIABLES = frozenset({"type", "id", "subject", "tenant", "source", "headers", "data"})


class Expression:
    """A compiled expression. uses_data: it looks into the record's content."""

    def __init__(self, text: str) -> None:
        """Raises ConnectorError (EXPRESSION_INVALID) if it does not parse or names what does not exist."""
        try:
            self._program = cel.compile(text)
        except (ValueError, RecursionError) as error:
            raise _invalid("does not parse", "See https://cel.dev for the language.") from error
        unknown = sorted(set(self._program.variables()) - VARIABLES)
        if unknown:
            raise _invalid(f"names {', '.join(unknown)}", f"Known are {', '.join(sorted(VARIABLES))}.")
        self._check_functions(text)
        self.uses_data = "data" in self._program.variables()

    def value(self, variables: Mapping[str, Any]) -> Any:
        """The expression's value; None if it cannot be evaluated, for example because a field is missing."""
        try:
            return self._program.execute(dict(variables))
        except (ValueError, TypeError, LookupError, RuntimeError, ArithmeticError, AttributeError):
            return None

    def _check_functions(self, text: str) -> None:
        """An unknown function shows only when it is called; calling it once finds the typing error early."""
        empty = {name: {} if name in ("headers", "data") else "" for name in VARIABLES}
        try:
            cel.compile(text).execute(empty)
        except RuntimeError as error:
            if "Undefined variable or function" in str(error):
                raise _invalid(
                    "calls a function that does not exist", "See https://cel.dev for the language."
                ) from error
        except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError):
            return


def _invalid(what: str, fix: str) -> ConnectorError:
    return ConnectorError(Reason.EXPRESSION_INVALID, f"The expression {what}.", fix=fix)
