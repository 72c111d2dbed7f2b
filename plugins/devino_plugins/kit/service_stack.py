"""What clients of interfaces on ServiceStack share: e-mail and the address book."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import ClassVar, Literal, Protocol, TypeVar

from msgspec.structs import replace

from devino_codecs.http import Api, Items, Page, Refusal, Request, Unread, moved
from devino_core import (
    AuthenticationFailed,
    DevinoError,
    InsufficientFunds,
    NotFound,
    ProtocolViolation,
    Rejected,
    Throttled,
)
from devino_core.clock import SYSTEM_CLOCK, Clock

from .api import ApiClient, Wire
from .settings import ChannelConnectionSettings, ConnectionSettings, offset_of

__all__ = ["NoSuchRange", "ServiceStackClient"]

_log = logging.getLogger(__name__)

A = TypeVar("A")
T = TypeVar("T")


class _Settings(Protocol):
    @property
    def language(self) -> Literal["en", "ru"]: ...
    @property
    def server_utc_offset(self) -> str: ...


class NoSuchRange(Rejected):
    """A list has nothing in the range that was asked for."""


SettingsT_co = TypeVar(
    "SettingsT_co", bound=ConnectionSettings | ChannelConnectionSettings, covariant=True
)


class ServiceStackClient(ApiClient[SettingsT_co]):
    """An :class:`~devino_plugins.kit.ApiClient` whose settings have ``language`` and
    ``server_utc_offset``: name the class's :attr:`interface` in place of ``api``.

    HTTP's status says what a refusal means. Descriptions come in the settings' language. Dates
    whose zone the platform does not know are moved by the settings' offset.
    """

    # Their PATCH says what a field is from now on.
    repeatable: ClassVar[frozenset[str]] = ApiClient.repeatable | {"PATCH"}
    interface: ClassVar[Api]
    page_size: int = 100
    """How many items of a list one call asks for."""

    def __init__(self, settings: SettingsT_co, *, name: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings, name=name, clock=clock)
        said: _Settings = settings  # type: ignore[assignment]
        language = "ru-RU" if said.language == "ru" else "en-US"
        api = self.interface
        self.api: Wire = replace(api, headers={**api.headers, "Accept-Language": language})
        self._offset = offset_of("server_utc_offset", said.server_utc_offset)

    async def ask(
        self, request: Request[A], *, messages: int = 0, max_answer: int | None = None
    ) -> A:
        answer = await super().ask(request, messages=messages, max_answer=max_answer)
        if self._offset:
            moved_answer: A = moved(answer, self._offset)
            return moved_answer
        return answer

    def error_of(self, refused: Refusal, *, changes: bool) -> DevinoError:
        status = refused.http_status
        if status == _TOO_MANY_REQUESTS:
            return Throttled(f"{refused.description} (HTTP {status})")
        kind = _ERRORS.get(status)
        if kind is None:
            return super().error_of(refused, changes=changes)
        return kind(refused.description or f"HTTP {status}", code=str(refused.code))

    def readable(self, items: Sequence[T | Unread], *, is_rest: bool = False) -> tuple[T, ...]:
        """The items of a list that can be read; of each other one the log tells.

        Raises ProtocolViolation if that is true of all, unless they are the rest of a list.
        """
        found = tuple([item for item in items if not isinstance(item, Unread)])
        unread = [item for item in items if isinstance(item, Unread)]
        if unread and not (found or is_rest):
            raise ProtocolViolation(
                f"no entry of the platform's list can be read: {unread[0]}", changes=False
            )
        for why in unread:
            _log.warning("%s: an entry of a list cannot be read: %s", self.name, why)
        return found

    async def pages(
        self, request: Callable[[Items], Request[Page[T | Unread]]]
    ) -> AsyncIterator[T]:
        """All items of a list that is given in parts: as many calls as it takes, when needed.
        :meth:`readable` says what becomes of those that cannot be read.

        An item that comes or goes in the meantime can be missed or be told twice: the platform
        counts places.
        """
        first, most = 1, self.page_size
        before: tuple[T | Unread, ...] = ()
        while True:
            try:
                page = await self.ask(request(Items(first, first + most - 1)))
            except NoSuchRange:
                return
            # Who takes no notice of ranges gives the same again.
            if not page.items or page.items == before:
                return
            for item in self.readable(page.items, is_rest=first > 1):
                yield item
            before, first = page.items, first + len(page.items)
            if len(page.items) > most or (page.total is not None and first > page.total):
                return


_ERRORS: dict[int, type[Rejected]] = {
    401: AuthenticationFailed,
    402: InsufficientFunds,
    403: AuthenticationFailed,
    404: NotFound,
    416: NoSuchRange,
}
_TOO_MANY_REQUESTS = 429
