"""The interface of chapter 14, on a World."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from msgspec.structs import replace

from devino_codecs import email as codec
from devino_codecs.email import (
    Mailbox,
    ResponseCode,
    Taken,
    encode_callback,
    v1,
)
from devino_codecs.http import Api, Page, Refusal
from devino_core import Medium
from devino_sandbox._accounts import Account
from devino_sandbox._admission import mail_address
from devino_sandbox._callbacks import CallbackKind
from devino_sandbox._faults import AnswerError
from devino_sandbox._http import RawAnswer, RawRequest
from devino_sandbox._mail import Links, MailSenders
from devino_sandbox._messages import RefusalReason, Refused, StoredMessage, Submission
from devino_sandbox._service import Access
from devino_sandbox._views import shows
from devino_sandbox._world import World
from devino_sandbox.services._api import Asked, answers
from devino_sandbox.services._service_stack import Denied, ServiceStackService

from ._campaigns import Campaigns, page
from ._checks import (
    check_message,
    check_template,
    fault_of,
    template_of,
    with_template,
)
from ._ids import number_of, wire_id
from ._records import (
    changed_event,
    consent_event,
    counted,
    detail_of,
    mails,
    state_of,
    status_of,
)
from ._shown import CampaignView, campaigns
from ._tasks import PROTOCOL, START
from ._templates import Templates, text_of, told
from ._words import No

__all__ = ["EmailService"]

_FROM = "demo@example.org"
_MOST_IDS = 150
_BATCH = 100
_BARE = ("/usersettings", "/tasks", "/templates", "/statistics", "/messages")


class EmailService(Campaigns, ServiceStackService):
    """The e-mail interface, in both versions."""

    name = "email"
    apis: ClassVar[Mapping[str, Api]] = {"": codec.API, "/email/v1": v1.API}
    # Ten megabytes of text are longer as JSON.
    max_size: ClassVar[int] = 32 * 1024 * 1024

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.callback_kinds: Mapping[str, CallbackKind[Any]] = {
            "email": _kind(xml=False),
            "email-xml": _kind(xml=True),
        }

    @property
    def _links(self) -> Links:
        return self.world.of(Links)

    @property
    def _senders(self) -> MailSenders:
        return self.world.of(MailSenders)

    @property
    def _templates(self) -> Templates:
        return self.world.of(Templates)

    def endpoints(self, base_url: str) -> Mapping[str, str]:
        self._links.base_url = base_url
        return {"email": f"{base_url}/email/v2", "email_v1": f"{base_url}/email/v1"}

    def example(self, access: Access) -> codec.ListSenders:
        return codec.ListSenders()

    def demo_channels(self, access: Access) -> Mapping[str, Mapping[str, object]]:
        settings = {**access.login, "sender": _FROM, "base_url": access.endpoints["email"]}
        return {self.name: settings}

    def read(self, http: RawRequest) -> Asked[Any] | RawAnswer:
        return super().read(_of_version(http))

    def recipients(self, request: Any) -> Sequence[str]:
        if isinstance(request, codec.Send):
            return [one.address for one in request.recipients]
        if isinstance(request, v1.Send):
            return [request.recipient.address or ""]
        return ()

    def refused(self, asked: Asked[Any], why: Refused) -> object:
        if why.refusal is RefusalReason.BALANCE:
            return self.denied(asked, No.FUNDS, 402)
        return Refusal(ResponseCode.VALIDATION_ERROR, why.reason, 400)

    def failed(self, asked: Asked[Any]) -> object:
        return Refusal(ResponseCode.INTERNAL_ERROR, ResponseCode.INTERNAL_ERROR.meaning, 500)

    def ordered(self, asked: Asked[Any], action: AnswerError) -> object:
        """A code of the table goes with the status that it has here, a status with its code."""
        code, said = action.code, action.description
        if isinstance(code, int):
            status = code if 400 <= code < 600 else 500
            word = ResponseCode.INTERNAL_ERROR if status >= 500 else ResponseCode.VALIDATION_ERROR
            return Refusal(word, said or word.meaning, status)
        known = next((one for one in ResponseCode if code in (one, one.name)), None)
        status = {"internal_error": 500, "not_found": 404}.get(known or "", 400)
        return Refusal(known or code, said or (known.meaning if known else code), status)

    # Addresses of senders.

    @answers(codec.ListSenders)
    def list_senders(
        self, account: Account, asked: Asked[codec.ListSenders]
    ) -> tuple[codec.SenderAddress, ...]:
        return tuple(
            codec.SenderAddress(address=one, state=state, is_default=not place)
            for place, (one, state) in enumerate(self._senders.listed(account))
        )

    @answers(v1.ListSenders)
    def list_senders_v1(
        self, account: Account, asked: Asked[v1.ListSenders]
    ) -> tuple[v1.SenderAddress, ...]:
        return tuple(
            v1.SenderAddress(address=one, state=state, is_default=not place)
            for place, (one, state) in enumerate(self._senders.listed(account))
        )

    @answers(codec.AddSender, v1.AddSender)
    def add_sender(
        self, account: Account, asked: Asked[codec.AddSender | v1.AddSender]
    ) -> Refusal | None:
        address = _address(asked.request.address)
        if not self._senders.is_confirmed(account, address):
            raise Denied(No.DOMAIN)
        if address in dict(self._senders.listed(account)):
            # Nothing was created, so the status is not 201.
            return Refusal(ResponseCode.OK, ResponseCode.OK.text, 200)
        self._senders.add(account, address)
        return None

    @answers(codec.DeleteSender, v1.DeleteSender)
    def delete_sender(
        self, account: Account, asked: Asked[codec.DeleteSender | v1.DeleteSender]
    ) -> None:
        address = _address(asked.request.address)
        if address not in dict(self._senders.listed(account)):
            raise Denied(No.NO_ADDRESS, 404)
        self._senders.remove(account, address)

    # Templates.

    @answers(codec.GetTemplate)
    def get_template(self, account: Account, asked: Asked[codec.GetTemplate]) -> codec.Template:
        number = asked.request.template_id
        return told(number, self._template(account, number), v1=_is_v1(asked), fields=True)

    @answers(codec.ListTemplates)
    def list_templates(
        self, account: Account, asked: Asked[codec.ListTemplates]
    ) -> tuple[codec.Template, ...]:
        own = self._templates.of(account).items()
        return tuple(told(number, draft, v1=_is_v1(asked)) for number, draft in own)

    @answers(codec.CreateTemplate)
    def create_template(self, account: Account, asked: Asked[codec.CreateTemplate]) -> int:
        check_template(self.world, account, asked.request)
        return self._templates.add(account, asked.request)

    @answers(codec.ReplaceTemplate)
    def replace_template(
        self, account: Account, asked: Asked[codec.ReplaceTemplate]
    ) -> codec.Template:
        number, draft = asked.request.template_id, asked.request
        self._template(account, number)
        check_template(self.world, account, draft)
        self._templates.replace(account, number, draft)
        return told(number, draft, v1=_is_v1(asked))

    @answers(codec.DeleteTemplate)
    def delete_template(self, account: Account, asked: Asked[codec.DeleteTemplate]) -> None:
        self._template(account, asked.request.template_id)
        self._templates.delete(asked.request.template_id)

    # Statistics.

    @answers(codec.GetStatistics)
    def statistics(self, account: Account, asked: Asked[codec.GetStatistics]) -> codec.Statistics:
        return counted(self._mails(account, asked.request))

    @answers(codec.ListDetails)
    def details(
        self, account: Account, asked: Asked[codec.ListDetails]
    ) -> Page[codec.MessageDetail]:
        found, state = self._mails(account, asked.request), asked.request.state
        if state:
            found = [one for one in found if state_of(one).lower() == state.lower()]
        return page([detail_of(one) for one in found], asked.request.items)

    # Messages.

    @answers(codec.Send)
    def send(self, account: Account, asked: Asked[codec.Send]) -> tuple[Taken, ...]:
        request = asked.request
        said = with_template(
            text_of(request.subject, None, request.body),
            template_of(self.world, account, request.template_id),
        )
        if not request.recipients:
            raise Denied(No.NO_RECIPIENTS)
        check_message(self.world, account, request.sender, said)
        faults = [fault_of(one) for one in request.recipients]
        self._afford(account, faults.count(None))
        sender = Mailbox(request.sender.address or "", request.sender.name or "")
        taken = []
        for index, (recipient, fault) in enumerate(zip(request.recipients, faults, strict=True)):
            if fault is not None:
                taken.append(
                    Taken(
                        index=index,
                        address=recipient.address,
                        code=ResponseCode.VALIDATION_ERROR,
                        description=fault.said(asked.http),
                    )
                )
                self._refuse(account, sender, recipient.address, fault.english)
                continue
            message = self._links.send(
                account,
                asked.via,
                said,
                sender=sender,
                to=Mailbox(recipient.address, recipient.name or ""),
                values=recipient.merge_fields or {},
                ref=recipient.recipient_id or None,
                campaign=request.user_campaign_id or None,
            )
            taken.append(
                Taken(
                    index=index,
                    address=recipient.address,
                    message_id=wire_id(message.first_id),
                    code=ResponseCode.OK,
                )
            )
        return tuple(taken)

    @answers(v1.Send)
    def send_v1(self, account: Account, asked: Asked[v1.Send]) -> str:
        request = asked.request
        said = with_template(
            text_of(request.subject, request.text, None),
            template_of(self.world, account, request.template_id),
        )
        check_message(self.world, account, request.sender, said)
        to = codec.Recipient(
            address=request.recipient.address or "",
            name=request.recipient.name,
            recipient_id=request.user_message_id,
        )
        fault = fault_of(to)
        sender = Mailbox(request.sender.address or "", request.sender.name or "")
        if fault is not None:
            self._refuse(account, sender, to.address, fault.english)
            raise Denied(fault)
        message = self._links.send(
            account,
            asked.via,
            said,
            sender=sender,
            to=Mailbox(to.address, to.name or ""),
            ref=to.recipient_id or None,
            campaign=request.user_campaign_id or None,
        )
        return wire_id(message.first_id)

    @answers(codec.GetStatus)
    def status(
        self, account: Account, asked: Asked[codec.GetStatus]
    ) -> tuple[codec.MessageStatus, ...]:
        ids = tuple(dict.fromkeys(asked.request.ids))
        if len(asked.request.ids) > _MOST_IDS:
            raise Denied(No.TOO_MANY_IDS)
        found = [self._find(account, one) for one in ids]
        return tuple(status_of(one) for one in found if one is not None)

    @shows(
        "campaigns",
        "the campaigns and what became of their mails; ?to=ADDRESS: those that reached it",
    )
    def _campaigns(self, to: str | None) -> list[CampaignView]:
        return campaigns(self.world, to)

    @shows("mail-senders", "the addresses that mails come from")
    def _shown(self, to: str | None) -> object:
        return {
            login: dict(self._senders.of(account)) for login, account in self.world.accounts.items()
        }

    def _find(self, account: Account, message_id: str) -> StoredMessage | None:
        number = number_of(message_id)
        found = None if number is None else self.world.find(account, str(number))
        is_mail = found is not None and found.submission.medium is Medium.EMAIL
        return found if is_mail else None

    def _mails(
        self, account: Account, asked: codec.GetStatistics | codec.ListDetails
    ) -> Sequence[StoredMessage]:
        task_id, since, until = asked.task_id, asked.start_date_time, asked.end_date_time
        if task_id is not None:
            if self._tasks.find(account, task_id) is None:
                raise Denied(No.NO_TASK, 404)
            return mails(self.world, account, lambda one: one.submission.task_id == task_id)
        if since is None or until is None:
            raise Denied(No.PERIOD)
        return mails(self.world, account, lambda one: since <= one.created_at <= until)

    def _template(self, account: Account, number: int) -> codec.TemplateDraft:
        found = self._templates.of(account).get(number)
        if found is None:
            raise Denied(No.NO_TEMPLATE, 404)
        return found

    def _afford(self, account: Account, mails: int) -> None:
        cost: Decimal = self.world.prices[Medium.EMAIL] * mails
        if cost > account.balance:
            raise Refused(RefusalReason.BALANCE, No.FUNDS.english)

    def _refuse(self, account: Account, sender: Mailbox, to: str, reason: str) -> None:
        order = Submission(
            account=account, via=self.name, medium=Medium.EMAIL, sender=sender.address, text=""
        )
        self.world.refuse(order, [to], reason)


# "/v2" itself is REST's.
EmailService.prefixes = ("/email", *_BARE, *[f"/v2{path}" for path in _BARE])
EmailService.operations = {**(EmailService.operations or {}), PROTOCOL: (START,)}


def _kind(*, xml: bool) -> CallbackKind[codec.MessageEvent]:
    return CallbackKind(
        changed=changed_event,
        consented=consent_event,
        write=lambda events: encode_callback(events, xml=xml),
        content_type="application/xml" if xml else "application/json",
        batch=_BATCH,
        any_success=True,
    )


def _is_v1(asked: Asked[Any]) -> bool:
    return asked.wire is v1.API


def _address(text: str) -> str:
    try:
        return mail_address(text)
    except ValueError:
        raise Denied(No.ADDRESS) from None


def _of_version(http: RawRequest) -> RawRequest:
    """A request whose path names no version and that only version 1 has, as one of version 1."""
    is_bare = http.method == "POST" and http.path.strip("/").lower() == "messages"
    if not is_bare or re.search(rb'"recipient"\s*:', http.body, re.IGNORECASE) is None:
        return http
    path = "/email/v1/Messages"
    return replace(http, path=path, target=path)
