"""What strangers and colleagues may type: checked at the border, so that no input can break a page or a query."""

from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints

from domain.deciding import ReviewKind
from domain.people import Platform
from domain.records import HEADS, FlagState, Head, MentionState, Role, TicketState

Id = Annotated[int, Path(ge=1, le=2**31 - 1)]


def _printable(text: str) -> str:
    if any(ord(character) < 32 and character not in "\n\r\t" for character in text):
        raise ValueError("must not contain control characters")
    return text.replace("\r\n", "\n")


def _blank_is_none(value: object) -> object:
    return None if value == "" else value


def _name(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


Printable = AfterValidator(_printable)
Blank = BeforeValidator(_blank_is_none)

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500), Printable]
ReplyText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=5000), Printable]
Username = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{1,31}$"), BeforeValidator(_name)]
TypedPassword = Annotated[str, StringConstraints(max_length=1000)]

Label = Annotated[str | None, Blank, StringConstraints(max_length=100)]

LanguageCode = Literal["en", "zh", "ko", "ja", "ru", "es", "fr", "vi"]


class Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Filters(Form):
    """Which part of the queue a reviewer works on; it travels along in every address of that work."""

    platform: Annotated[Platform | None, Blank] = None
    language: Annotated[LanguageCode | None, Blank] = None
    kind: Annotated[ReviewKind | None, Blank] = None

    @property
    def chosen(self) -> dict[str, str]:
        return {name: value for name, value in self if value}


Filtered = Annotated[Filters, Query()]

MentionFilter = Annotated[MentionState | None, Blank, Query()]
TicketFilter = Annotated[TicketState | None, Blank, Query()]
FlagFilter = Annotated[FlagState | None, Blank, Query()]


class LoginForm(Form):
    username: Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, max_length=100)]
    password: TypedPassword
    next: str = "/queue"


class PasswordForm(Form):
    current: TypedPassword
    fresh: TypedPassword
    again: TypedPassword


class VerdictForm(Form):
    choice: Literal["approve", "ticket", "scam", "ignore"]
    reason: Reason
    text: ReplyText = ""
    then: Literal["stay", "next"] = "stay"


class LabelForm(Form):
    """One label a head; left out where the reviewer skips the post."""

    intent: Label = None
    urgency: Label = None
    sentiment: Label = None
    threat: Label = None
    action: Label = None
    then: Literal["stay", "next", "skip"] = "stay"

    @property
    def given(self) -> dict[Head, str]:
        """Empty: skipped."""
        said: dict[Head, str | None] = {head: getattr(self, head) for head in HEADS}
        return {} if self.then == "skip" else {head: name for head, name in said.items() if name}


class FateForm(Form):
    fate: Literal["there", "absent", "leave"]


class TicketStateForm(Form):
    state: TicketState


class SwitchForm(Form):
    on: bool
    confirm: Literal["yes"]


class NewUserForm(Form):
    username: Username
    role: Role


class RoleForm(Form):
    role: Role


class DisabledForm(Form):
    disabled: bool
