"""Selectors: JMESPath expressions that say where something stands in an answer or a record."""

from typing import Annotated, Any

import jmespath  # type: ignore[import-untyped]
from jmespath.exceptions import JMESPathError  # type: ignore[import-untyped]
from pydantic import AfterValidator, Field

from router.api import ConnectorError, Reason


def _compiles(expression: str) -> str:
    try:
        jmespath.compile(expression)
    except JMESPathError:
        # Without the cause, which repeats the whole expression over several lines.
        message = "expression_invalid: is not a JMESPath expression"
        raise ValueError(message) from None
    return expression


Expression = Annotated[str, AfterValidator(_compiles), Field(min_length=1, max_length=1024)]


class Selector:
    """An expression, ready to look with."""

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._compiled = jmespath.compile(expression)

    def find(self, document: Any) -> Any:
        """What the expression finds, None for nothing. Raises ConnectorError (PAYLOAD_MALFORMED)."""
        try:
            return self._compiled.search(document)
        except (JMESPathError, TypeError, ValueError, AttributeError) as error:
            # JMESPath lets errors of Python out where a function meets a value that it was not made for.
            message = f"The selector {self._expression!r} cannot be applied to the answer ({type(error).__name__})."
            raise ConnectorError(Reason.PAYLOAD_MALFORMED, message) from None
