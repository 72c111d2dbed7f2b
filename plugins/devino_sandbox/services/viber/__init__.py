"""Viber over HTTP (chapter 12 of the manual), and WhatsApp, which has the same form.

``POST /send`` and ``/status`` are Viber's, ``/send/whatsapp`` and ``/status/whatsapp`` WhatsApp's.
All reading and writing is the codec's; here is what the platform does. Where the manual does not
say, or contradicts itself, it is decided thus:

- A wrong login, or none, is HTTP 401 with a Spring error. Malformed JSON, no message, more than
  100 (ids, too) and what is no object is HTTP 200 with ``error-syntax``.
- Of several faults of a message the first counts: its sender, how it is sent, its content, its
  recipient, its SMS. The others of a request go.
- ``commonData`` is merged field by field, within ``content``, too. Null is as good as absent.
- ``error-resend-sms-error``: the SMS's fields without ``resendSms``, an image with it, an unfit
  text or sender. What of the SMS is missing comes from the top of the request, then from the text
  and the sender of the message.
- ``not-permitted``: the balance does not suffice. An SMS that cannot be paid does not go.
- What was resent is told by ``smsStates`` alone, unless the message has come all the same: then
  its ``status`` stands beside them.
- Ids are known for 5 days after the sending.
- In a strict World a button has 19 characters, its text two at least, and a callback is taken only
  by an empty answer.
- A fault on order may name the code of a message: the messages to its number get it, or all. Of a
  question, all ids get it.

Callbacks: ``viber`` and ``whatsapp`` tell statuses, ``viber-reply`` and ``whatsapp-reply`` what
people write. Where a kind of replies has no URL, that of the statuses is called.
"""

from __future__ import annotations

from typing import Final

from devino_sandbox._brought import services_at

from ._service import MessengerService, ViberService, WhatsAppService

__all__ = ["MessengerService", "ViberService", "WhatsAppService"]

devino_sandbox_services: Final = services_at(ViberService, WhatsAppService)
