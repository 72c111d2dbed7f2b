"""Mails to a mail server: connections that are verified, kept and used again.

Needs the extra ``smtp``. A channel makes a :class:`Peer` from its settings
(:class:`~devino_plugins.kit.settings.SmtpSettings`) and a :class:`Pool` of connections to it::

    peer = Peer(settings, channel=name, login=(settings.login, settings.password))
    pool = Pool(peer, clock=clock)
    reply = await pool.send("shop@example.org", "ivan@example.com", mail)

What it guarantees, over plain aiosmtplib:

- an error says whether the mail can have been taken (:mod:`devino_core.errors`);
- with TLS on, nothing but the greeting travels in the clear, and the server's name is verified;
- no mail gets the reply to another: a connection on which a reply comes unasked is given up;
- no error shows a mail or a password, also where a server repeats it or the send is cancelled;
- a reply can be printed, logged and stored, whatever charset it came in;
- all addresses of the server are tried, and no silent name server is waited for;
- a refused connection or login is not tried again by those who wait for one.

aiosmtplib begins the connection: greeting, EHLO and STARTTLS. What follows is written and read
here, because aiosmtplib does not tell whether a mail had left when it failed, tries a password that
was refused by every mechanism, and holds it in its frames.
"""

from ._connection import Connection
from ._peer import Peer
from ._pool import Pool
from ._refusals import refusal
from ._replies import Reply

__all__ = ["Connection", "Peer", "Pool", "Reply", "refusal"]
