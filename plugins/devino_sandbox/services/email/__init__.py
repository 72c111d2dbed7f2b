"""E-mail over HTTP, with campaigns and callbacks (chapter 14 of the manual).

The codec reads and writes both versions; here is what the platform does. Version 2 is at
``/email/v2``, at ``/email``, and at paths without either; version 1 at ``/email/v1``. Where the
manual does not say, it is decided thus:

- Every refusal has the code ``validation_error``, and a status that says more: 400, 401, 402 (not
  enough money for all recipients), 404 or 416. Descriptions are in English, or in Russian if
  ``Accept-Language`` names it first. Nothing but JSON is read or written.
- A list is given in part under 206, with ``Content-Range: items 1-100/1234``, and whole under 200.
  A range beyond its end is an empty list; without a well-formed one it is 416.
- The stop words are ``stop-word`` and ``стоп-слово``; the platform's own are not public.
- A recipient of ``POST messages`` is refused alone: for an address that is none, a stop word in
  the name, a ``RecipientId`` above 32 characters, or a macro whose name is not letters, digits and
  ``_``. If all are refused the status is 400, and the answer says of each why. Who has
  unsubscribed is taken, and the mail is then not sent (``already_unsubscribed``).
- ``[name]`` becomes the value of that name, in subject and texts, as it is and in one pass; a
  macro without a value stays. ``[Unsubscribe]`` and ``[WebVersion]`` become links to pages of the
  sandbox. To open one changes nothing; its reader decides with a button.
- A task fills ``[FirstName]``, ``[MiddleName]``, ``[LastName]``, ``[ExtraField1]``,
  ``[ExtraField2]``, ``%Имя%``, ``%Отчество%``, ``%Фамилия%`` and the contact's own
  ``MergeFields``.
- Ids of messages are 11 letters and digits. An id that the account does not have is left out of an
  answer. The ids in the details of statistics are other ones, and cannot be asked after.
- Statistics count each mail once, where it is now; those that came by SMTP count, too.

Tasks:

- A new task is ``New``, and only then it can be replaced. The client may make it ``Created``,
  ``Started``, ``Canceled`` or ``Deleted``. A created one becomes ``Started`` by itself, at its
  time. A started one may be ``Stopped`` or ``Canceled``, and becomes ``Finished`` when all is
  sent. A stopped one goes on with ``Started``. Whatever is not under way may be ``Deleted``. The
  same state again is no error; any other change is 400.
- When it starts it goes to each contact of its groups and each contact that it names, once. They
  are left out in this order: an address that an earlier contact has (unless ``SendDuplicates``),
  who is not ``Included``, who has unsubscribed. Contacts without an address do not count.
- With ``EndDateTime`` the mails are spread evenly until then. If the account cannot pay for all,
  the rest is refused, and on record.
- A birthday task sends each day at its time of day, to whose birthday it is by Moscow's calendar.
- ``SmsResendTask``: so long after the last mail, who has a phone and did not read the mail gets
  the SMS.
- The :class:`~devino_sandbox.Fault` ``Fault(protocol="email-task", action=Drop())`` lets the next
  task that starts become ``Failed``.
"""

from __future__ import annotations

from typing import Final

from devino_sandbox._brought import services_at

from ._pages import PagesService
from ._service import EmailService

__all__ = ["EmailService", "PagesService"]

devino_sandbox_services: Final = services_at(EmailService, PagesService)
