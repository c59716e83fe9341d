"""What senders are answered that need something else than 202."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from router.api import Reply

_NO_CONTENT = 204


class ResponseSettings(BaseModel):
    """The answer to accepted events."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    status: int = Field(200, ge=200, le=204, description="The status of the answer.")
    body: str = Field("", max_length=4_096, description="The body of the answer, as it stands.")
    content_type: str = Field(
        "text/plain; charset=utf-8",
        pattern=r"^[!-~][ -~]{0,99}$",
        description="The content type of the body; not sent without one.",
    )

    @model_validator(mode="after")
    def _no_content(self) -> Self:
        if self.status == _NO_CONTENT and self.body:
            message = "an answer with the status 204 has no body"
            raise ValueError(message)
        return self

    def reply(self) -> Reply:
        """As it is sent."""
        headers = (("Content-Type", self.content_type),) if self.body else ()
        return Reply(self.status, self.body.encode(), headers)
