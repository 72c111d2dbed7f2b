"""The SMSC: SMPP 3.4 on a World (chapter 3 of the manual), at the endpoint ``smpp``.

The account's login is the ``system_id``; SMPP has room for 8 characters of its password. Messages,
charges, states and ids are the World's, so what was sent here can be asked for over REST. Where the
manual does not say, it is decided thus:

- An account has 4 sessions at most; another one is refused with ESME_RBINDFAIL, a wrong password
  with ESME_RINVPASWD, an unknown login with ESME_RINVSYSID. A strict World refuses, too, who binds
  within 60 seconds of a session's end or 90 of a refused bind, and holds clients to the manual's
  TON and NPI, to an empty ``system_type`` and to validities of a minute and more.
- How many requests a client leaves unanswered is its own affair: each is answered when it is read.
- A part of a longer text (SAR parameters, or a header with an 8-bit or 16-bit reference) is charged
  and gets its id at once, and lives by itself. The World lists one message, with the text of the
  first part to come until all are there. ``message_payload`` is cut and charged here: one id, one
  receipt. What does not fit into one segment is refused with ESME_RINVMSGLEN.
- ``data_coding`` 0 is GSM 7 bit, a septet an octet. Binary data is shown in hex. What has no known
  coding is refused with 0x104, ESME_RINVDCS of SMPP 5.0.
- A receipt goes to any session of the account that receives, as do incoming messages. Until one
  is bound they wait: :attr:`SmppSettings.queue` of an account at most, by default as many as the
  World keeps messages, and beyond the oldest are lost. What is not acknowledged is delivered again.
  A ``deliver_sm_resp`` with an error is logged, and after it the delivery is tried again in
  :attr:`SmppSettings.retry_after` seconds, unless the error is ESME_RX_P_APPN or ESME_RX_R_APPN.
  After a ``generic_nack`` the session is unbound.
- The ``err`` of a receipt and the ``error_code`` of ``query_sm_resp`` are the platform's number of
  the state, 0 for a message that has arrived.
- ``query_sm``, ``cancel_sm`` and ``replace_sm`` of an id that is not known, or not for the
  ``source_addr`` that they name, are refused with ESME_RINVMSGID. What is in the queue can be
  cancelled, what is scheduled replaced by what fits into one segment; neither is refunded.
- ``replace_if_present_flag`` and ``sm_default_msg_id`` are refused, as are distribution lists.
- What the account cannot pay is refused with ESME_RSUBMITFAIL.

A submit to ``79990001NNN`` is refused with the ``command_status`` NNN, in decimal: 79990001011 is
ESME_RINVDSTADR. ESME_RTHROTTLED (79990001088) and ESME_RMSGQFUL (79990001020) are for the first two
submits that the account makes to the number; the following are taken, and NNN 000 always is.
``79990000255`` gets no receipt.

A :class:`~devino_sandbox.Fault` has the protocol ``smpp`` and an operation by its name in the
specification, or ``connect``. ``error`` has a ``command_status``, by number or name; a description
is sent as ``additional_status_info_text``. On ``deliver_sm``, ``drop`` closes the connection in its
stead, ``drop-answer`` after it was written, before any acknowledgement, and ``hang`` loses it.
``enquire_link`` and ``unbind`` never fail.
"""

from __future__ import annotations

from devino_core import hookimpl
from devino_sandbox._world import World

from ._service import SmppService
from ._settings import SmppSettings

__all__ = ["SmppService", "SmppSettings", "devino_sandbox_services"]


@hookimpl
def devino_sandbox_services(world: World) -> list[SmppService]:
    return [SmppService(world)]
