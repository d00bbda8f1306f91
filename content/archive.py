"""One line of an archive of chats between staff and customers, as `docs/archive.md` describes it."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

Id = Annotated[str, Field(min_length=1, max_length=128)]


class ArchiveError(Exception):
    """A line of an archive cannot be taken; the sentence says which, what is wrong and how it must be."""


class ArchivedMessage(BaseModel):
    """What was said or sent once, by one of the two sides."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: Unique in the archive it comes from: importing the same message twice records it once.
    id: Id
    at: AwareDatetime
    #: external_userid of the customer, userid of the member of staff.
    customer: Id
    staff: Id
    sender: Annotated[Literal["customer", "staff"], Field(alias="from")]
    kind: Literal["text", "voice", "image", "video", "file", "link", "other"] = "text"
    #: What was said, typed or transcribed; the name of a file; the title of a link.
    text: Annotated[str, Field(max_length=20_000)] = ""
    url: Annotated[str, Field(max_length=2_048)] = ""

    @model_validator(mode="after")
    def _says_something(self) -> ArchivedMessage:
        if self.kind == "text" and not self.text:
            raise ValueError("a text says nothing; give it `text`, or another kind")
        return self

    def logged(self) -> tuple[str, dict[str, Any]]:
        """Return (kind, fields) as the log keeps them, with who of the staff it was."""
        match self.kind:
            case "text":
                fields: dict[str, Any] = {"content": self.text}
            case "voice":
                fields = {"media_id": "", **({"recognition": self.text} if self.text else {})}
            case "image" | "video":
                fields = {"media_id": ""}
            case "link":
                fields = {"title": self.text, "url": self.url}
            case _:
                return f"event:archived_{self.kind}", {"text": self.text, "staff": self.staff}
        return self.kind, {**fields, "staff": self.staff}


def read_line(line: str, *, number: int, path: str) -> ArchivedMessage:
    """Return the message of a line of JSON. Raises ArchiveError naming file, line and field."""
    where = f"{path}:{number}"
    try:
        return ArchivedMessage.model_validate(json.loads(line))
    except json.JSONDecodeError as error:
        raise ArchiveError(f"{where}: this is not JSON ({error.msg}); write one object a line") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"])) or "the line"
        raise ArchiveError(f"{where}: {field}: {first['msg']}; see docs/archive.md") from None
