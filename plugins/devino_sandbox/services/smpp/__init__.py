"""The SMSC: SMPP 3.4 on a World (chapter 3 of the manual), at the endpoint ``smpp``.

The account's login is the ``system_id``. SMPP has room for 8 characters of its password. Messages,
charges, states and ids are the World's, so REST can tell about a message that was sent here. Where
the manual is silent, these are the rules:

- An account has at most 4 sessions. A further bind is refused with ESME_RBINDFAIL, a wrong password
  with ESME_RINVPASWD, an unknown login with ESME_RINVSYSID. A strict World also refuses a bind
  within 60 seconds of a session's end or 90 seconds of a refused bind. It demands the TON and NPI
  of the manual, an empty ``system_type``, and validities of a minute or more. It refuses a PDU with
  NULs behind its last field, of which up to three are overlooked otherwise.
- A client may leave as many requests unanswered as it likes. Each is answered when it is read, in
  order: what comes together with a bind is carried out after it. A client that sends more than
  :attr:`SmppSettings.max_nonsense` PDUs a second that say nothing is cut off.
- A refusal has no body, unless :attr:`SmppSettings.refusals_have_bodies`.
- A part of a longer text has SAR parameters, or a header with an 8-bit or 16-bit reference. Each
  part is charged and gets its id at once, and has a life of its own. The World lists one message.
  Until all parts are there, it has the text of the part that came first. ``message_payload`` is cut
  and charged here: it gets one id and one receipt. Other content that does not fit into one segment
  is refused with ESME_RINVMSGLEN.
- ``data_coding`` 0 is GSM 7 bit, with one septet in each octet; from 0x10 on, the codings are those
  of GSM, message classes included. Binary data is shown in hex. An unknown coding is refused with
  0x104, which is ESME_RINVDCS of SMPP 5.0. A text in both ``short_message`` and ``message_payload``
  is refused with ESME_ROPTPARNOTALLWD.
- A receipt or an incoming message goes to any session of the account that receives. Until one is
  bound, at most :attr:`SmppSettings.queue` of them wait, by default as many as the World keeps
  messages. Beyond that the oldest are lost. Status 0 acknowledges, whatever else the answer says.
  What is not acknowledged is logged and delivered again: after the session's end at once, else in
  :attr:`SmppSettings.retry_after` seconds. After ESME_RX_P_APPN or ESME_RX_R_APPN it is not. After
  a ``generic_nack`` the session is unbound.
- The ``err`` of a receipt and the ``error_code`` of ``query_sm_resp`` are the platform's number of
  the state. They are 0 for a message that has arrived.
- ``query_sm``, ``cancel_sm`` and ``replace_sm`` are refused with ESME_RINVMSGID if they name an
  unknown id, or a ``source_addr`` that is not the sender's. A message in the queue can be
  cancelled. A scheduled message can be replaced by one that fits into one segment. Neither gives
  money back.
- ``replace_if_present_flag``, ``sm_default_msg_id`` and distribution lists are refused.
- A message that the account cannot pay is refused with ESME_RSUBMITFAIL.

A submit to ``79990001NNN`` is refused with the ``command_status`` NNN, in decimal: 79990001011 is
ESME_RINVDSTADR. ESME_RTHROTTLED (79990001088) and ESME_RMSGQFUL (79990001020) strike only the first
two submits of an account to that number. With NNN 000 every submit is taken. ``79990000255`` gets
no receipt.

A :class:`~devino_sandbox.Fault` has the protocol ``smpp``, and an operation by its name in the
specification, or ``connect``. ``error`` has a ``command_status``, by number or name. Its
description is sent as ``additional_status_info_text``. On ``deliver_sm``, ``drop`` closes the
connection instead of delivering, ``drop-answer`` closes it after the delivery was written, and
``hang`` loses the delivery. ``enquire_link`` and ``unbind`` never fail.
"""

from __future__ import annotations

from typing import Final

from devino_sandbox._brought import services_at

from ._service import SmppService
from ._settings import SmppSettings

__all__ = ["SmppService", "SmppSettings"]

devino_sandbox_services: Final = services_at(SmppService)
