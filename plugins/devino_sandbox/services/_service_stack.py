"""The frame of the interfaces that run on ServiceStack: the address book's."""

from __future__ import annotations

from enum import Enum
from typing import Any, ClassVar

from msgspec.structs import replace

from devino_codecs.http import Api, ArgumentError, Refusal, Request, Verdict
from devino_sandbox._http import RawAnswer, RawRequest

from ._api import ApiService, Asked, refusal

__all__ = ["Denied", "ServiceStackService", "Words", "language_of"]

_JSON = frozenset({b"", b"application/json", b"text/json"})


class Words(Enum):
    """Inherit it: why something is refused, in English and in Russian."""

    def __init__(self, english: str, russian: str) -> None:
        self.english = english
        self.russian = russian

    def said(self, http: RawRequest) -> str:
        """In the language that the client asks for."""
        return self.russian if language_of(http) == "ru" else self.english


class General(Words):
    """What any of these interfaces refuses."""

    STRANGER = "user not found", "пользователь не найден"
    RANGE = (
        "no range of items, or no such range: send the header Range: items=1-100",
        "диапазон не указан или указан неверно: передайте заголовок Range: items=1-100",
    )
    FORMAT = (
        "only JSON is read and written here",
        "поддерживается только JSON",
    )


class Denied(Exception):
    """What a marked method raises to refuse a call."""

    def __init__(self, words: Words, status: int = 400) -> None:
        super().__init__(words.english)
        self.words = words
        self.status = status


class ServiceStackService(ApiService):
    """Inherit it. Requests in other formats than JSON, calls without a range that need one and
    strangers are refused here."""

    challenge: ClassVar[tuple[bytes, bytes]] = (b"www-authenticate", b'Basic realm="devino"')

    def read(self, http: RawRequest) -> Asked[Any] | RawAnswer:
        asked = super().read(http)
        if isinstance(asked, Asked) and not _is_json(http):
            return self.write(asked, self.denied(asked, General.FORMAT))
        return asked

    def denied(self, asked: Asked[Any], words: Words, status: int = 400) -> Refusal:
        """A refusal of the call, with these words in the client's language."""
        return _refused(asked.wire, type(asked.request), words.said(asked.http), status)

    def unreadable(self, api: Api, error: ArgumentError, http: RawRequest) -> Refusal | RawAnswer:
        if error.path == "Items":
            return _refused(api, error.request, General.RANGE.said(http), 416)
        return _refused(api, error.request, str(error), 400)

    def stranger(self, asked: Asked[Any]) -> RawAnswer:
        answer = self.write(asked, self.denied(asked, General.STRANGER, 401))
        return RawAnswer(answer.status, answer.body, (*answer.headers, self.challenge))

    def raised(self, asked: Asked[Any], error: Exception) -> object:
        if isinstance(error, Denied):
            return self.denied(asked, error.words, error.status)
        return super().raised(asked, error)


def language_of(http: RawRequest) -> str:
    """The first language of ``Accept-Language`` that is spoken here, ``ru`` or ``en``."""
    said = next((value for name, value in http.headers if name == b"accept-language"), b"")
    for one in said.decode("latin-1").lower().split(","):
        language = one.partition(";")[0].strip().partition("-")[0]
        if language in {"ru", "en"}:
            return language
    return "en"


def _refused(api: Api, request: type[Request[Any]], description: str, status: int) -> Refusal:
    no = refusal(api, request, Verdict.REFUSED, description)
    return replace(no, http_status=status)


def _is_json(http: RawRequest) -> bool:
    kind = next((value for name, value in http.headers if name == b"content-type"), b"")
    if http.body and kind.partition(b";")[0].strip().lower() not in _JSON:
        return False
    pairs = [pair.partition(b"=") for pair in http.query.lower().split(b"&")]
    return all(value == b"json" for name, _, value in pairs if name == b"format")
