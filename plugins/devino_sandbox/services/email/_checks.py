"""What the e-mail interface asks of campaigns, templates and messages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta

from devino_codecs.email import EmailAddress, Recipient, TaskDraft, TaskType, TemplateDraft
from devino_sandbox._accounts import Account
from devino_sandbox._admission import mail_address
from devino_sandbox._mail import MAX_SIZE, OWN_MACROS, MailSenders, MailText
from devino_sandbox._world import World
from devino_sandbox.services._service_stack import Denied

from ._people import lacks_a_group
from ._templates import Templates, text_of
from ._words import No

__all__ = [
    "check_message",
    "check_sender",
    "check_template",
    "fault_of",
    "task_text",
    "template_of",
    "with_template",
]

_STOP_WORDS = ("stop-word", "стоп-слово")
"""The platform's own are not public."""
_MOST_REF = 32
_LONGEST_DELAY = timedelta(days=366)


def template_of(world: World, account: Account, key: str | None) -> TemplateDraft | None:
    """The template that a request names; None if it names none."""
    if not key:
        return None
    found = world.of(Templates).named(account, key)
    if found is None:
        raise Denied(No.NO_TEMPLATE)
    return found


def with_template(said: MailText, template: TemplateDraft | None) -> MailText:
    """What is to be sent: of subject and texts those that the request lacks are the template's."""
    if template is None:
        return said
    own = text_of(template.subject, template.text, template.body)
    texts = said if said.text or said.html else own
    return MailText(subject=said.subject or own.subject, text=texts.text, html=texts.html)


def task_text(world: World, account: Account, draft: TaskDraft) -> MailText:
    """The text of a campaign that may be sent."""
    if not draft.name.strip():
        raise Denied(No.NO_NAME)
    template = template_of(world, account, draft.template_id)
    said = with_template(text_of(draft.subject, draft.text, draft.body), template)
    _check_text(said)
    _check_macros(said)
    check_sender(world, account, draft.sender)
    if lacks_a_group(world, account, draft):
        raise Denied(No.NO_GROUP)
    sms = draft.sms_resend_task
    if sms is not None and not timedelta(0) <= sms.start_delay <= _LONGEST_DELAY:
        raise Denied(No.DELAY)
    if not isinstance(draft.type, TaskType):
        raise Denied(No.TYPE)
    return said


def check_template(world: World, account: Account, draft: TemplateDraft) -> None:
    """Raise Denied for a template that may not be."""
    if not draft.name.strip():
        raise Denied(No.NO_NAME)
    said = text_of(draft.subject, draft.text, draft.body)
    if not (said.text or said.html):
        raise Denied(No.NO_CONTENT)
    _check_words(said)
    _check_macros(said)
    sender = draft.sender
    if sender is not None and _has_stop_word([sender.name or ""]):
        raise Denied(No.STOP_WORD)
    if sender is not None and sender.address:
        check_sender(world, account, sender)


def check_message(world: World, account: Account, sender: EmailAddress, said: MailText) -> None:
    """Raise Denied for a mail that may not be sent to anybody."""
    _check_text(said)
    if world.strict:
        _check_macros(said)
    check_sender(world, account, sender)


def check_sender(world: World, account: Account, sender: EmailAddress) -> None:
    """Raise Denied for a sender that may not be used."""
    if _has_stop_word([sender.name or ""]):
        raise Denied(No.STOP_WORD)
    try:
        may_send = world.of(MailSenders).may_send(account, sender.address or "")
    except ValueError:
        raise Denied(No.ADDRESS) from None
    if not may_send:
        raise Denied(No.SENDER)


def fault_of(recipient: Recipient) -> No | None:
    """Why a recipient alone is refused; None if that may be sent."""
    if _has_stop_word([recipient.name or ""]):
        return No.STOP_WORD
    if len(recipient.recipient_id or "") > _MOST_REF:
        return No.RECIPIENT_ID
    if not all(re.fullmatch(r"\w+", name) for name in recipient.merge_fields or ()):
        return No.MACRO_NAME
    try:
        mail_address(recipient.address)
    except ValueError:
        return No.ADDRESS
    return None


def _check_text(said: MailText) -> None:
    if not said.subject or not (said.text or said.html):
        raise Denied(No.NO_CONTENT)
    _check_words(said)


def _check_words(said: MailText) -> None:
    if _has_stop_word(said):
        raise Denied(No.STOP_WORD)
    if said.size > MAX_SIZE:
        raise Denied(No.TOO_LARGE)


def _check_macros(said: MailText) -> None:
    text = said.html or said.text
    if not all(f"[{name}]" in text for name in OWN_MACROS):
        raise Denied(No.MACROS)


def _has_stop_word(texts: Iterable[str]) -> bool:
    return any(word in text.lower() for text in texts for word in _STOP_WORDS)
