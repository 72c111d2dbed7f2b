"""Pigeon's interface as a table, and the news that it posts to its customers."""

from datetime import datetime
from typing import Annotated

from devino_codecs import http


class Code(http.CodedStr):
    KEY = "bad_key", "Nobody has this key", http.Verdict.LOGIN
    CALL = "bad_call", "The call cannot be read", http.Verdict.REFUSED
    BUSY = "busy", "Too many calls", http.Verdict.BUSY


class Word(http.CodedStr):
    REFUSED = "refused", "Not taken", "REJECTED"
    QUEUED = "queued", "Waits at the gateway", "ACCEPTED"
    FLYING = "flying", "On its way to the phone", "ENROUTE"
    LANDED = "landed", "On the phone", "DELIVERED"
    LOST = "lost", "Cannot be delivered", "UNDELIVERABLE"


class Letter(http.Masked, frozen=True):
    ref: str
    to: Annotated[str, http.PHONE]
    sender: str
    text: Annotated[str, http.SECRET]


class Flight(http.Masked, frozen=True):
    state: Word | str
    id: str | None = None
    reason: str = ""


class Send(http.Request[tuple[Flight, ...]], frozen=True):
    letters: tuple[Letter, ...]


class Find(http.Request[Flight], frozen=True):
    id: str


API = http.Api(
    name="pigeon",
    auth=http.header("X-Pigeon-Key"),
    operations=(
        http.Operation(Send, "POST", "letters"),
        http.Operation(Find, "GET", "letters/{id}", changes=False),
    ),
    codes=Code,
)


class News(http.Masked, frozen=True):
    """What became of a letter, or (without a state) what a subscriber wrote."""

    id: str
    at: Annotated[datetime, http.UTC_SECONDS]
    sender: str
    to: str
    state: Word | str | None = None
    ref: str | None = None
    text: Annotated[str, http.SECRET] = ""
