"""From messages to calls that send them, before any I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from devino_codecs import email
from devino_core import Channel, Fill, InvalidMessage, Mail, Message, Template, Unsupported

from ._mailboxes import mailboxes_of, sender_mailbox
from ._settings import EmailOptions

__all__ = ["Planned", "plan"]

_MAX_RECIPIENT_ID: Final = 32
# One value stands in a subject, a plain text and HTML, and nobody knows what the platform escapes.
_is_risky = re.compile("[<>&\"'\\[\\]\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]").search
_PLATFORMS_OWN: Final = frozenset({"Unsubscribe", "WebVersion"})
_is_name = re.compile(r"\w+").fullmatch


class Planned(NamedTuple):
    """One call, and where its messages stand in the list."""

    positions: Sequence[int]
    request: email.Send


class _Said(NamedTuple):
    """What messages of one call share."""

    sender: str
    subject: str | None
    text: str
    html: str
    template: str | None
    campaign: str | None


_Shared: TypeAlias = tuple[str, str | None, str, str, str | None, str | None]
"""The same as a plain tuple, which is made in a tenth of the time."""

_Texts: TypeAlias = tuple[str, str, str]
"""Subject, text and HTML of a Mail with values."""


class _Group(NamedTuple):
    """Who gets what messages share: their positions, and for each the mailbox and the values."""

    positions: list[int]
    mailboxes: list[email.Mailbox]
    values: list[dict[str, str] | None]


class _Spelt(NamedTuple):
    """A mail with macros, and their names; None for one that cannot have them."""

    subject: str
    text: str
    html: str
    names: frozenset[str]


def plan(
    messages: Sequence[Message], sender_of: Callable[[Message], str], *, size: int
) -> list[Planned]:
    """The calls that send these messages: those that share sender and texts go together.

    Raises InvalidMessage or Unsupported for the first message that cannot be sent.
    """
    spelt: dict[_Texts, _Spelt | None] = {}
    groups: dict[_Shared, _Group] = {}
    # Most messages of a mail-out differ in recipient and values alone: the group of such, by sender,
    # texts and the names of the values.
    alike: dict[tuple[str, ...], _Group] = {}
    values: dict[str, str] | None
    for position, (message, mailbox) in enumerate(
        zip(messages, mailboxes_of(messages), strict=True)
    ):
        sender, content = sender_of(message), message.content
        key, given = None, None
        if type(content) is Mail and not (content.headers or message.options):
            given = content.values
        if given:
            key = (sender, content.subject, content.text, content.html, *given)
            known = alike.get(key)
            if known is not None:
                values = dict(given)
                if _is_risky("".join(values.values())) is None:
                    known.positions.append(position)
                    known.mailboxes.append(mailbox)
                    known.values.append(values)
                    continue
        said, values = _said(message, sender, spelt)
        group = groups.get(said)
        if group is None:
            # Of all that share them only the first needs a look.
            _check(_Said(*said), message)
            group = groups[said] = _Group([], [], [])
        group.positions.append(position)
        group.mailboxes.append(mailbox)
        group.values.append(values)
        if key is not None and given and values is not None and values.keys() == given.keys():
            alike[key] = group
    return [
        Planned(group.positions[some], _request(_Said(*said), recipients[some]))
        for said, group in groups.items()
        for recipients in [_recipients(group, messages)]
        for some in [slice(start, start + size) for start in range(0, len(recipients), size)]
    ]


def _recipients(group: _Group, messages: Sequence[Message]) -> list[email.Recipient]:
    refs = [messages[position].ref for position in group.positions]
    return [
        email.Recipient(
            merge_fields=values,
            recipient_id=ref if len(ref) <= _MAX_RECIPIENT_ID else None,
            address=mailbox.address,
            name=mailbox.name or None,
        )
        for ref, mailbox, values in zip(refs, group.mailboxes, group.values, strict=True)
    ]


def _said(
    message: Message, sender: str, known: dict[_Texts, _Spelt | None]
) -> tuple[_Shared, dict[str, str] | None]:
    options = Channel.options_of(message, EmailOptions) if message.options else None
    campaign = None if options is None else options.campaign
    content = message.content
    if isinstance(content, Template):
        values = dict(content.values)
        for name, value in values.items():
            if not _is_name(name):
                raise InvalidMessage(
                    "content", f"{name!r}: names are letters, digits and _", ref=message.ref
                )
            _check_whole(value, "content", message)
        return (sender, None, "", "", content.id, campaign), values or None
    assert isinstance(content, Mail)  # noqa: S101 - what `takes` says
    if content.headers:
        error = Unsupported(
            "the HTTP interface carries no headers: remove them, or use channel kind email-smtp"
        )
        error.refs = (message.ref,)
        raise error
    if content.values is None:
        return (sender, content.subject, content.text, content.html, None, campaign), None
    key = (content.subject, content.text, content.html)
    try:
        spelt = known[key]
    except KeyError:
        spelt = known[key] = _spelt(content)
    if spelt is not None:
        values = {name: content.values[name] for name in spelt.names}
        if _is_risky("".join(values.values())) is None:
            said = (sender, spelt.subject, spelt.text, spelt.html, None, campaign)
            return said, values or None
    filled = content.filled()
    return (sender, filled.subject, filled.text, filled.html, None, campaign), None


def _spelt(mail: Mail) -> _Spelt | None:
    """A mail's texts with macros ``[name]``; None if what it says elsewhere looks like one."""
    assert mail.values is not None  # noqa: S101 - the caller looked
    names: set[str] = set()
    literals: list[str] = []

    def field(name: str) -> str:
        names.add(name)
        return f"[{name}]"

    def literal(text: str) -> str:
        literals.append(text)
        return text

    spell = partial(_in_macros, mail.values, field, literal)
    subject, text, html = map(spell, (mail.subject, mail.text, mail.html))
    # A bracket before or after a field would make another word of it.
    whole = "\0".join(literals)
    taken = names & _PLATFORMS_OWN or any(f"[{name}]" in whole for name in names)
    return None if taken else _Spelt(subject, text, html, frozenset(names))


def _in_macros(
    values: Mapping[str, str], field: Callable[[str], str], literal: Callable[[str], str], text: str
) -> str:
    return Fill(text, values).spelt(field, literal)


def _check(said: _Said, message: Message) -> None:
    sender_mailbox(said.sender, message)
    _check_whole(f"{said.subject}{said.text}{said.html}{said.template}", "content", message)
    _check_whole(said.campaign or "", "options", message)


def _check_whole(text: str, field: str, message: Message) -> None:
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidMessage(field, "has half a surrogate pair", ref=message.ref) from None


def _request(said: _Said, recipients: Sequence[email.Recipient]) -> email.Send:
    sender = email.decode_mailbox(said.sender)
    body = None
    if said.template is None:
        body = email.Body(html=said.html or None, plain_text=said.text or None)
    return email.Send(
        sender=email.EmailAddress(address=sender.address, name=sender.name or None),
        recipients=tuple(recipients),
        subject=said.subject,
        body=body,
        template_id=said.template,
        user_campaign_id=said.campaign,
    )
