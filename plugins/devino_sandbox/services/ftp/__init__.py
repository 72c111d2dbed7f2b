"""The FTP server of chapter 9: archives that are laid down there are mass mail-outs.

The manual says little more than the form of the archives. The sandbox does it so:

- Each account has a folder of its own, and its login and password open it. At most 1 GiB a file.
- Every 10 seconds of the World's clock (:attr:`Pace.look <devino_sandbox.Pace>`) all files named
  ``login_YYYYMMDDhhmmss.zip`` are taken, the oldest first and one after the other. Then they are
  deleted. Any other file stays where it is.
- Each row is a message (:attr:`Submission.via <devino_sandbox.Submission.via>` is ``ftp``). A row
  that is bad is refused alone, and shown among the messages with the reason. So is an archive as
  a whole, once: where it is no zip file or a hostile one, has no or two templates, lacks columns,
  or names a sender that the account may not use.
- Dates are by Moscow time (UTC+3), or by the recipient's clock with ``localtime``.
- With TLS, the port of ``ftp`` wants AUTH TLS and PROT P, and ``ftps`` begins with TLS. Data
  connections must resume the TLS session of the control connection, or are answered 522.

A :class:`~devino_sandbox.Fault` has the protocol ``ftp`` and one of the operations ``CONNECT`` (the
greeting), ``AUTH``, ``USER``, ``PASS``, ``PASV``, ``EPSV``, ``STOR``, ``REST``, ``RNFR``, ``RNTO``,
``SIZE``, ``MLSD``, ``NLST``, ``QUIT`` and ``data``: a transfer that ends in the middle. ``error``
has the code of a reply; 421 also closes the connection.
"""

from __future__ import annotations

from typing import Final

from devino_sandbox._brought import services_at

from ._service import FtpService, FtpsService

__all__ = ["FtpService", "FtpsService"]

devino_sandbox_services: Final = services_at(FtpService, FtpsService)
