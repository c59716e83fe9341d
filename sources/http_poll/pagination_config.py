"""The settings of how an API divides its answers into pages."""

from typing import Annotated, Literal

from pydantic import Field

from router.api import ConnectorConfig
from sources.http_poll.selector import Expression

Parameter = Annotated[str, Field(min_length=1, max_length=128)]


class OnePage(ConnectorConfig):
    """All records are in one answer."""

    kind: Literal["none"] = "none"
    size_param: Parameter | None = Field(None, description="The parameter of how many records to send.")
    size: int | None = Field(None, ge=1, le=100_000, description="How many records to ask for.")


class _Paged(ConnectorConfig):
    size_param: Parameter | None = Field(None, description="The parameter of a page's size.")
    size: int | None = Field(None, ge=1, le=100_000, description="How many records a page should have.")
    more: Expression | None = Field(
        None, description="A selector in the answer that is true, or not empty, while pages follow."
    )


class _Numbered(_Paged):
    stop: Literal["empty", "short"] = Field(
        "empty", description="The last page is the first that is empty, or that has fewer records than `size`."
    )
    verify: bool = Field(
        True, description="Read all pages again until none has a record that had moved between pages. Needs a cursor."
    )


class PageNumbers(_Numbered):
    """Pages with numbers."""

    kind: Literal["page"]
    param: Parameter = Field("page", description="The parameter of the page's number.")
    first: int = Field(1, ge=0, le=1, description="The first page's number.")


class Offsets(_Numbered):
    """Pages that begin at the record of a number."""

    kind: Literal["offset"]
    param: Parameter = Field("offset", description="The parameter of how many records to leave out.")


class Tokens(_Paged):
    """Each page names the token of the next."""

    kind: Literal["cursor"]
    param: Parameter = Field("cursor", description="The parameter that takes the token.")
    next: Expression = Field(description="A selector of the next page's token in the answer.")


class LinkHeader(_Paged):
    """Each page names the address of the next in its Link header (RFC 8288)."""

    kind: Literal["link_header"]
    verify: bool = Field(
        True, description="Read all pages again until none has a record that had moved between pages. Needs a cursor."
    )


Pagination = Annotated[OnePage | PageNumbers | Offsets | Tokens | LinkHeader, Field(discriminator="kind")]
