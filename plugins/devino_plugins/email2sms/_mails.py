"""The mails of one account, in the format of its settings."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from devino_codecs import EncodeError
from devino_codecs.email2sms import Base64, Semicolon, Submission, Template, encode
from devino_core import Body, ConfigurationError, InvalidMessage, Secret
from devino_core.clock import Clock

from ._settings import Email2SmsSettings, Format

__all__ = ["MailWriter"]

_FORMATS: Mapping[Format, type[Submission]] = {
    "template": Template,
    "semicolon": Semicolon,
    "base64": Base64,
}
# The codec's name of a field, and the setting or the field of a message to mend when it is refused.
_SETTINGS: Mapping[str, str] = {"From": "from_addr", "To": "gateway", "text": "line_break"}
_FIELDS: Mapping[str, str] = {"sender": "sender", "numbers": "to"}


class MailWriter:
    """Writes mails. Raises ConfigurationError for settings that no mail can hold."""

    def __init__(self, settings: Email2SmsSettings, *, channel: str, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._kind = _FORMATS[settings.format]
        self._line_break = settings.line_break if self._kind.one_line else None
        # As the manual shows them: numbers begin with "+" in the template only.
        self._prefix = "+" if self._kind is Template else ""
        self._attributes = {wire: attribute for attribute, wire in self._kind.fields}
        self._domain = settings.from_addr.rpartition("@")[2]
        self.max_numbers = self._most_numbers(channel)
        """How many numbers one mail may carry."""
        try:
            text = "one" if self._line_break is None else self.wire_text("one\ntwo")
            self._write("SENDER", ["79031234567"], text)
        except EncodeError as error:
            setting = self._attributes.get(error.path) or _SETTINGS.get(error.path, "from_addr")
            raise ConfigurationError(f"channel {channel!r}: {setting}: {error.reason}") from None

    @property
    def credentials(self) -> Secret:
        """The login up to the end of the password, as a mail has them beside each other. The login
        alone may be a word of the text, too."""
        login, password = self._settings.login, self._settings.password.reveal()
        between = ";" if self._kind.one_line else "\nPassword="
        return Secret(f"{login}{between}{password}")

    def _most_numbers(self, channel: str) -> int:
        said = self._settings.numbers_per_mail
        if said is None:
            # The chapter gives one number to this format, and no list.
            return 1 if self._kind is Semicolon else self._kind.max_numbers
        if said > self._kind.max_numbers:
            raise ConfigurationError(
                f"channel {channel!r}: numbers_per_mail: {self._settings.format} takes at most "
                f"{self._kind.max_numbers}"
            )
        return said

    def wire_text(self, text: str) -> str:
        """The text as the gateway reads it: ``\\n``, or what stands for it, between lines.

        Marks above letters are joined with them, as windows-1251 has them: macOS parts them.
        """
        if not text.isascii():
            # A megabyte, which Latin texts do not need.
            from unicodedata import normalize

            text = normalize("NFC", text)
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        return text if self._line_break is None else text.replace("\n", self._line_break)

    def mail(self, sender: str, numbers: Sequence[str], text: str, *, ref: str) -> Body:
        """A complete mail. ``numbers`` are digits.

        Raises InvalidMessage with this ``ref`` for what the format or windows-1251 cannot carry.
        """
        try:
            return Body(self._write(sender, numbers, text))
        except EncodeError as error:
            attribute = self._attributes.get(error.path.partition("[")[0], "")
            field = _FIELDS.get(attribute, "text")
            raise InvalidMessage(field, error.reason, ref=ref) from None

    def _write(self, sender: str, numbers: Sequence[str], text: str) -> bytes:
        return encode(
            self._kind(
                login=self._settings.login,
                password=self._settings.password.reveal(),
                sender=sender,
                numbers=tuple([self._prefix + number for number in numbers]),
                text=text,
            ),
            from_addr=self._settings.from_addr,
            to_addr=self._settings.gateway,
            date=self._clock.now(),
            message_id=f"<{os.urandom(16).hex()}@{self._domain}>",
        )
