"""The channels: one protocol, two ways to say who asks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import ClassVar, TypeVar

from devino_codecs import DecodeError
from devino_codecs.rest import (
    PREFIXES,
    REQUEST_TYPE,
    Credentials,
    ErrorCode,
    GetBalance,
    GetIncoming,
    GetSession,
    GetSmsState,
    GetStatistics,
    GetViberState,
    Login,
    Request,
    RestError,
    Session,
    Statistics,
    decode_answer,
    encode_request,
)
from devino_core import (
    AuthenticationFailed,
    Channel,
    Incoming,
    InvalidMessage,
    Medium,
    Message,
    OutcomeUnknown,
    ProtocolViolation,
    Receipt,
    State,
    Status,
    Unavailable,
    Unsupported,
)
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.dispatch import dispatch, gather
from devino_core.http import HttpSession
from devino_core.login import LoginSession

from ._answers import error_of, sms_status, viber_status
from ._plan import Planned, plan
from ._settings import RestSettings

__all__ = ["RestChannel", "RestV2Channel"]

A = TypeVar("A")

MAX_STATISTICS = timedelta(days=90)
MAX_INBOX_AGE = timedelta(days=365)


class _RestChannel(Channel[RestSettings]):
    """What both versions share: everything but the credentials."""

    media: ClassVar[frozenset[Medium]] = frozenset({Medium.SMS, Medium.VIBER})
    # The setting base_url says where the API lives, so of the codec's path only the rest counts.
    _prefix: ClassVar[str]

    def __init__(self, settings: RestSettings, *, name: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings, name=name, clock=clock)
        self._http = HttpSession(
            settings.base_url,
            connect_timeout=settings.connect_timeout,
            timeout=settings.timeout,
            connections=settings.connections,
            proxy=settings.proxy.reveal() if settings.proxy else None,
            plain_http=settings.plain_http,
        )
        self._login = Login(settings.login, settings.password.reveal())

    async def open(self) -> None:
        await self._http.open()

    async def aclose(self) -> None:
        await self._http.aclose()

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """Send SMS and Viber messages, those that differ only in the number in one bulk call.

        Limits: text 2000 characters (Viber 1000), sender 11 letters or 15 digits (Viber 11),
        validity 1 to 1440 minutes of Viber, rounded up. ``options``: ``optional``, a string that
        Viber hands through. ``send_at`` of an SMS in whole seconds. A Viber message's ``fallback``
        is the same text from the same sender by SMS (chapters 1 and 2).
        """
        planned = plan(messages, self.sender_of, bulk_size=self.settings.bulk_size)
        return await dispatch(
            messages,
            [(one.positions, partial(self._send_planned, one, messages)) for one in planned],
            channel=self.name,
            concurrency=self.settings.concurrency,
        )

    async def status(self, ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        """The state of each id, one call an id. After 48 hours the platform answers UNKNOWN."""
        ask = {Medium.SMS: self._sms_status, Medium.VIBER: self._viber_status}.get(medium)
        if ask is None:
            raise Unsupported(f"channel {self.name!r} carries SMS and VIBER, not {medium}")
        return await gather(
            [partial(ask, message_id) for message_id in ids],
            concurrency=self.settings.concurrency,
        )

    async def inbox(self, since: datetime, until: datetime) -> list[Incoming]:
        """What subscribers wrote between two aware times, the first at most a year ago."""
        _check_period(since, until)
        if self.clock.now() - since > MAX_INBOX_AGE:
            raise InvalidMessage("since", "lies more than a year back")
        return [
            Incoming(
                id=str(sms.id),
                at=sms.created,
                channel=self.name,
                raw=sms,
                sender=sms.source_address,
                to=sms.destination_address,
                text=sms.data,
            )
            for sms in await self._ask(GetIncoming(since, until))
        ]

    async def balance(self) -> Decimal:
        """The account's balance, in its currency, with exactly the digits that were sent."""
        return await self._ask(GetBalance())

    async def statistics(self, since: datetime, until: datetime) -> Statistics:
        """How many SMS of a period of at most 90 days came to what; aware times.

        The manual does not say whose clock the period is read by: it is sent in UTC.
        """
        _check_period(since, until)
        if until - since > MAX_STATISTICS:
            raise InvalidMessage("until", "lies more than 90 days after `since`")
        return await self._ask(
            GetStatistics(
                since.astimezone(UTC).replace(tzinfo=None),
                until.astimezone(UTC).replace(tzinfo=None),
            )
        )

    @abstractmethod
    async def _ask(self, request: Request[A], *, changes: bool = False) -> A:
        """Make a call with credentials; ``changes`` says that it has an effect."""

    async def _call(self, request: Request[A], changes: bool, credentials: Credentials) -> A:
        """One POST, credentials in the body, and its answer. Raises what a refusal means."""
        wire = encode_request(request, credentials)
        answer = await self._http.post(
            wire.path.removeprefix(self._prefix),
            wire.body,
            content_type=REQUEST_TYPE,
            changes=changes,
        )
        try:
            value = decode_answer(type(request), answer.status, answer.body)
        except DecodeError as error:
            if answer.status == 401:
                raise AuthenticationFailed("HTTP 401", code=ErrorCode.UNAUTHORIZED) from None
            text = f"HTTP {answer.status} with an answer that cannot be read: {error.reason}"
            if answer.status < 500:
                raise ProtocolViolation(text) from None
            # A gateway in front of the platform speaks: what happened behind it is not known.
            raise (OutcomeUnknown(text) if changes else Unavailable(text)) from None
        if isinstance(value, RestError):
            raise error_of(value, changes=changes)
        return value

    async def _send_planned(self, planned: Planned, messages: Sequence[Message]) -> list[Receipt]:
        ids = await self._ask(planned.request, changes=True)
        count = len(planned.positions)
        assigned = count == 1 or len(ids) == count * planned.parts
        parts = len(ids) // count if assigned else planned.parts
        return [
            Receipt.of(
                messages[position],
                self._accepted(messages[position]),
                channel=self.name,
                ids=ids[nth * parts : (nth + 1) * parts] if assigned else (),
                unassigned_ids=() if assigned else ids,
                parts=parts,
            )
            for nth, position in enumerate(planned.positions)
        ]

    def _accepted(self, message: Message) -> Status:
        at = message.send_at
        waits = at is not None and (at.tzinfo is None or at > self.clock.now())
        return Status(state=State.SCHEDULED if waits else State.ACCEPTED)

    async def _sms_status(self, message_id: str) -> Status:
        return sms_status(await self._ask(GetSmsState(message_id)), message_id=message_id)

    async def _viber_status(self, message_id: str) -> Status:
        return viber_status(await self._ask(GetViberState(message_id)), message_id=message_id)


class RestChannel(_RestChannel):
    """Version 1 (chapter 1): a session of 120 minutes, shared by all calls."""

    _prefix = PREFIXES[1]

    async def open(self) -> None:
        await super().open()
        self._session = LoginSession(self._log_in, clock=self.clock)

    async def _ask(self, request: Request[A], *, changes: bool = False) -> A:
        return await self._session.run(partial(self._call, request, changes))

    async def _log_in(self) -> Session:
        return await self._call(GetSession(), False, self._login)


class RestV2Channel(_RestChannel):
    """Version 2 (chapter 2): login and password in the body of every call."""

    _prefix = PREFIXES[2]

    async def _ask(self, request: Request[A], *, changes: bool = False) -> A:
        return await self._call(request, changes, self._login)


def _check_period(since: datetime, until: datetime) -> None:
    for name, moment in (("since", since), ("until", until)):
        if moment.tzinfo is None:
            raise InvalidMessage(name, "must be an aware datetime, such as datetime.now(UTC)")
    if until <= since:
        raise InvalidMessage("until", "must be later than `since`")
