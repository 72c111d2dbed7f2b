"""The templates of a World, and what requests say that may name one."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

from devino_codecs.email import Body, EmailAddress, Template, TemplateDraft
from devino_sandbox._accounts import Account
from devino_sandbox._mail import OWN_MACROS, MailText
from devino_sandbox._world import World

__all__ = ["Templates", "body_of", "text_of", "told"]


class Templates:
    """A book of the World: the templates of all accounts."""

    def __init__(self, world: World) -> None:
        self._ids = count(1)
        self._templates: dict[int, tuple[Account, TemplateDraft]] = {}

    def of(self, account: Account) -> Mapping[int, TemplateDraft]:
        """Those of an account by id, the oldest first."""
        return {
            number: draft for number, (owner, draft) in self._templates.items() if owner is account
        }

    def add(self, account: Account, draft: TemplateDraft) -> int:
        """A new template; gives its id."""
        number = next(self._ids)
        self._templates[number] = account, draft
        return number

    def replace(self, account: Account, number: int, draft: TemplateDraft) -> None:
        """Make one anew."""
        self._templates[number] = account, draft

    def delete(self, number: int) -> None:
        """Delete one."""
        del self._templates[number]

    def named(self, account: Account, key: str) -> TemplateDraft | None:
        """The one that a request names: by the platform's id, or else by the account's own."""
        own = self.of(account)
        found = own.get(int(key)) if key.isascii() and key.isdecimal() and len(key) < 20 else None
        return found or next((one for one in own.values() if one.user_template_id == key), None)


def text_of(subject: str | None, text: str | None, body: Body | None) -> MailText:
    """What a request says; version 1's one text is HTML."""
    html = (body.html if body is not None else None) or text
    plain = body.plain_text if body is not None else None
    return MailText(subject=subject or "", text=plain or "", html=html or "")


def body_of(said: MailText) -> Body:
    """The texts as answers have them."""
    return Body(html=said.html or None, plain_text=said.text or None)


def told(number: int, draft: TemplateDraft, *, v1: bool, fields: bool = False) -> Template:
    """A template as an answer has it."""
    said, sender = text_of(draft.subject, draft.text, draft.body), draft.sender or EmailAddress()
    return Template(
        merge_fields=_fields(said) if fields else None,
        name=draft.name,
        sender=EmailAddress(address=sender.address or None, name=sender.name or None),
        subject=draft.subject or None,
        text=(said.html or said.text) if v1 else None,
        body=None if v1 else body_of(said),
        template_id=number,
        user_template_id=draft.user_template_id or None,
    )


def _fields(said: MailText) -> tuple[str, ...]:
    return tuple([name for name in said.macros if name not in OWN_MACROS])
