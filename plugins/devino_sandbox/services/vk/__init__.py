"""VK and OK over HTTP, with Viber, WhatsApp and SMS to go instead (chapter 15 of the manual).

``POST /send/vk`` and ``GET /status/vk``. All reading and writing is the codec's; here is what the
platform does. Where the manual does not say, or contradicts itself, it is decided thus:

- A wrong login is HTTP 401 with a Spring error; none at all is HTTP 200 with ``validation_error``
  and ``login_not_specified``.
- Malformed JSON is ``invalid_json``, a request without ``vk`` is ``messages_not_specified``, and a
  question without an id ``message_not_specified``.
- What is wrong with one leg refuses the whole message, in the words of the VK message. A template
  that lacks is ``text_not_specified``. One that is no number, that the account does not have
  (:attr:`Account.templates <devino_sandbox.Account.templates>`) or that lacks a value is
  ``text_invalid``.
- A leg goes when the one before it has failed: VK, Viber, WhatsApp, SMS. Each may go to a number of
  its own, has the fate of that number, and is charged when it goes. No answer tells of WhatsApp.
- ``viberStatus.id`` is the id of the VK message, as in the manual's example.
- Times are in UTC+3. Ids are known for 5 days after the sending.
- In a strict World the sixth message of a day to one person from one sender fails: ``limit``.
- The callback ``vk`` tells every change of the VK message, and nothing of what goes in its place.
- A fault on order names the code of a request, its description, or the code of a message or of an
  id.
"""

from __future__ import annotations

from typing import Final

from devino_sandbox._brought import services_at

from ._service import VkService

__all__ = ["VkService"]

devino_sandbox_services: Final = services_at(VkService)
