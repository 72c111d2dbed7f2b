"""A certificate for this machine, for a sandbox that is to speak TLS."""

from __future__ import annotations

import ipaddress
import shutil
import ssl
import subprocess
import tempfile
from pathlib import Path

from devino_core import ConfigurationError

__all__ = ["SelfSigned"]

_DAYS = 30


class SelfSigned:
    """A certificate for ``host`` and for loopback, in a folder of its own until :meth:`remove`.

    The program ``openssl`` makes it. Raises ConfigurationError where there is none.
    """

    def __init__(self, host: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="devino-"))
        self.path: Path = self._folder / "cert.pem"
        """What clients are to trust."""
        key = self._folder / "key.pem"
        try:
            _make(host, self.path, key)
            self.context: ssl.SSLContext = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            """The server's."""
            self.context.load_cert_chain(self.path, key)
        except BaseException:
            self.remove()
            raise

    def remove(self) -> None:
        """Remove its files."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _make(host: str, certificate: Path, key: Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(_DAYS)]
    names = ",".join(dict.fromkeys(["DNS:localhost", "IP:127.0.0.1", "IP:::1", _name(host)]))
    command += ["-subj", "/CN=localhost", "-addext", f"subjectAltName={names}"]
    try:
        subprocess.run(  # noqa: S603 - the words are ours, and no shell reads them
            [*command, "-keyout", str(key), "-out", str(certificate)],
            check=True,
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:
        raise ConfigurationError(
            "a self-signed certificate is made by the program openssl, which is not there: install "
            "it, or give a certificate of yours"
        ) from None
    except subprocess.CalledProcessError as error:
        raise ConfigurationError(f"openssl made no certificate: {error.stderr}") from None


def _name(host: str) -> str:
    try:
        return f"IP:{ipaddress.ip_address(host)}"
    except ValueError:
        return f"DNS:{host}"
