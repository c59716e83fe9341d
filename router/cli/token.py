"""`router token`: make a token for the REST API."""

import hashlib
import secrets
from typing import Annotated

import typer
from pydantic import ValidationError

from router.api import ConnectorError, Reason
from router.cli.console import err
from router.config.models import AccessRole, ApiToken

_BYTES = 32


def token(
    name: Annotated[str, typer.Argument(help="Whose it is, as the audit names it.", metavar="NAME")],
    role: Annotated[AccessRole, typer.Option(help="What it allows: `viewer` reads, `operator` also operates.")],
) -> None:
    """Make a random token: it goes to stdout, once; the lines for the configuration go to stderr."""
    made = f"rt_{secrets.token_urlsafe(_BYTES)}"
    try:
        entry = ApiToken(name=name, role=role, sha256=hashlib.sha256(made.encode()).hexdigest())
    except ValidationError:
        message = "The name must be 1 to 64 printable ASCII characters."
        raise ConnectorError(Reason.USAGE, message, fix="Such as `router token ci --role admin`.") from None
    err.print("Add this below `api:`, `tokens:` of the configuration:")
    err.print(
        f"    - {{name: {entry.name!r}, role: {entry.role}, sha256: {entry.sha256}}}", markup=False, soft_wrap=True
    )
    err.print("The token, which is shown only now and stored nowhere:")
    print(made)
