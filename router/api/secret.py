"""Secrets: a configuration holds references, and only the code that uses a secret sees its value."""

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Discriminator, GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints, Tag, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema
from pydantic_core.core_schema import with_info_plain_validator_function

_VAULT_PLACE = r"[A-Za-z0-9_@-][A-Za-z0-9_@.-]*(?:/[A-Za-z0-9_@-][A-Za-z0-9_@.-]*)+#[A-Za-z0-9_@.-]+"
REFERENCE = re.compile(rf"\$\{{(?P<store>env|file|vault(?=:{_VAULT_PLACE}\}})):(?P<name>[^${{}}]{{1,512}})\}}")
NOT_A_REFERENCE = (
    "secret_literal: must be a reference such as ${env:NAME}, ${file:/path} or ${vault:mount/path#field}, "
    "not the secret itself"
)

Resolve = Callable[[str], str]


class Secret:
    """A reference to a secret, such as `${env:GITHUB_SECRET}`, bound to the store that knows the value.

    The value is read at each `reveal`, so that a changed secret is used without a restart. Neither `repr`,
    `str`, comparison nor serialization shows it.
    """

    __slots__ = ("_resolve", "reference")

    def __init__(self, reference: str, resolve: Resolve) -> None:
        self.reference = reference
        self._resolve = resolve

    def reveal(self) -> str:
        """The value now: a dictionary lookup, as a rule.

        Who keeps a connection compares with what it has logged in with, and connects anew where the two differ.
        Raises `ConnectorError`: SECRET_NOT_FOUND if the reference points at nothing; SECRET_UNUSABLE;
        SECRET_UNAVAILABLE if Vault is away and what it gave has ended; PERMISSION_DENIED if it refuses.
        """
        return self._resolve(self.reference)

    def __repr__(self) -> str:
        return f"Secret({self.reference!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.reference == other.reference

    def __hash__(self) -> int:
        return hash(self.reference)

    @classmethod
    def _validate(cls, value: Any, info: ValidationInfo) -> "Secret":
        if isinstance(value, Secret):
            return value
        if not isinstance(value, str) or not REFERENCE.fullmatch(value):
            # The value itself must not be repeated: it may be the secret that somebody wrote out.
            raise ValueError(NOT_A_REFERENCE)
        resolve: Resolve = (info.context or {}).get("resolve", _unbound)
        return cls(value, resolve)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return with_info_plain_validator_function(
            cls._validate,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda secret: secret.reference),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {
            "type": "string",
            "title": "Secret",
            "pattern": REFERENCE.pattern.replace("?P<store>", "").replace("?P<name>", ""),
        }


def _unbound(reference: str) -> str:
    message = f"{reference} is not bound to a secret store"
    raise LookupError(message)


def _kind(value: Any) -> str:
    return "reference" if isinstance(value, Secret) or (isinstance(value, str) and "${" in value) else "text"


UserName = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=63), Tag("text")] | Annotated[Secret, Tag("reference")],
    Discriminator(_kind),
]
"""A name to log in with: no secret, but where Vault makes it together with the password, a reference as that is."""


def revealed(value: str | Secret) -> str:
    """The text, or the secret's value now. Raises ConnectorError, as `Secret.reveal`."""
    return value.reveal() if isinstance(value, Secret) else value
