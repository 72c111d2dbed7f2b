"""From messages to calls that send them, before any I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import chain, compress
from typing import Any, Final, NamedTuple, TypeAlias

from devino_codecs import email
from devino_core import Channel, Fill, InvalidMessage, Mail, Message, Template, Unsupported

from ._mailboxes import mailbox_of, sender_mailbox
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
    """Who gets what messages share."""

    positions: list[int]
    recipients: list[email.Recipient]


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

    def group_of(said: _Shared, message: Message) -> _Group:
        group = groups.get(said)
        if group is None:
            # Of all that share them only the first needs a look.
            _check(_Said(*said), message)
            group = groups[said] = _Group([], [])
        return group

    left: Sequence[int] = range(len(messages))
    if messages and email.are_addresses([message.to for message in messages]):
        said, values = _said(messages[0], sender_of(messages[0]), spelt)
        group = group_of(said, messages[0])
        left = _add_alike(group, messages, values)
    for position in left:
        message = messages[position]
        said, values = _said(message, sender_of(message), spelt)
        group, mailbox, ref = group_of(said, message), mailbox_of(message), message.ref
        group.positions.append(position)
        group.recipients.append(
            email.Recipient(
                merge_fields=values,
                recipient_id=ref if len(ref) <= _MAX_RECIPIENT_ID else None,
                address=mailbox.address,
                name=mailbox.name or None,
            )
        )
    return [
        Planned(
            positions[start : start + size],
            _request(_Said(*said), recipients[start : start + size]),
        )
        for said, (positions, recipients) in groups.items()
        for start in range(0, len(positions), size)
    ]


def _add_alike(
    group: _Group, messages: Sequence[Message], macros: Mapping[str, str] | None
) -> Sequence[int]:
    """Add the messages, all to plain addresses, that differ from the first in recipient and values
    alone, and give the positions of the others. ``macros`` are the values of the first.

    So are nearly all of a mail-out. Each step here does one thing to all of them: several times
    faster than to look at message by message, as must be done with the others.
    """
    first, sender = messages[0].content, messages[0].sender
    if (
        type(first) is not Mail
        or not macros
        or macros.keys() != (first.values or {}).keys()
        # A campaign is for those alone that name it.
        or messages[0].options
    ):
        return range(len(messages))
    names, subject, text, html = macros.keys(), first.subject, first.text, first.html
    contents: list[Any] = [message.content for message in messages]
    alike = [
        position
        for position, (message, said) in enumerate(zip(messages, contents, strict=True))
        if type(said) is Mail
        and said.values
        and said.subject == subject
        and said.text == text
        and said.html == html
        and said.values.keys() == names
        and message.sender == sender
        and not (said.headers or message.options)
    ]
    values: list[dict[str, str]] = [dict(contents[position].values) for position in alike]
    if _is_risky("".join(chain.from_iterable(map(dict.values, values)))) is not None:
        kept = [_is_risky("".join(each.values())) is None for each in values]
        alike, values = list(compress(alike, kept)), list(compress(values, kept))
    group.positions.extend(alike)
    group.recipients.extend(
        [
            email.Recipient(
                merge_fields=each,
                recipient_id=ref if len(ref := message.ref) <= _MAX_RECIPIENT_ID else None,
                address=message.to,
            )
            for message, each in zip(map(messages.__getitem__, alike), values, strict=True)
        ]
    )
    if len(alike) == len(messages):
        return ()
    return sorted({*range(len(messages))}.difference(alike))


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
