"""Settings of channels, from code, a TOML file and the environment.

A file has one table for each named channel; ``kind`` says which plugin, and is the name itself
where it is left out::

    default = "promo"

    [channels.promo]
    kind = "rest"
    login = "me"
    password_file = "/run/secrets/devino"

Every key can be given as ``DEVINO__<channel>__<key>`` in the environment, in any case, with ``_``
for ``-``: ``DEVINO__PROMO__LOGIN``. A secret can be read from a file by adding ``_file`` to its
key. Code wins over the environment, the environment over the file. ``DEVINO_CONFIG`` names the
file.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

from ._channel import ChannelSettings
from ._secret import Secret
from .errors import ConfigurationError
from .suggest import did_you_mean

__all__ = ["Config", "convert_settings", "read_config"]

PREFIX = "DEVINO__"

SettingsT = TypeVar("SettingsT", bound=ChannelSettings)

Values = Mapping[str, object]


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The named channels and their raw values; each kind's settings type checks them later."""

    channels: dict[str, dict[str, object]] = msgspec.field(default_factory=dict)
    default: str | None = None
    """The channel to send through when none is named; None: the first that has the medium."""


def read_config(
    path: str | os.PathLike[str] | None = None, *, environ: Mapping[str, str] | None = None
) -> Config:
    """The file (``path``, else ``DEVINO_CONFIG``, else none) with the environment laid over it.

    Raises ConfigurationError for a file that cannot be read or is not of this form.
    """
    env = os.environ if environ is None else environ
    source = path if path is not None else env.get("DEVINO_CONFIG") or None
    config = _read_file(os.fspath(source)) if source is not None else Config()
    channels, spelt = _overlay(config.channels, env)
    default = env.get("DEVINO_DEFAULT")
    return Config(
        channels=channels,
        default=spelt.get(_fold(default), default) if default else config.default,
    )


def convert_settings(values: Values, target: type[SettingsT], *, channel: str) -> SettingsT:
    """Check raw values against a channel's settings type.

    Raises ConfigurationError that names the channel and the key, with the nearest known key.
    """
    known = get_type_hints(target)
    plain: dict[str, object] = {}
    for key, value in values.items():
        if key == "kind":
            continue
        name, content = _from_file(key, value, known, channel)
        if name not in known:
            hint = did_you_mean(name, known) or f"known are {', '.join(sorted(known))}"
            raise ConfigurationError(f"channel {channel!r} has no setting {key!r}: {hint}")
        if name in plain:
            raise ConfigurationError(f"channel {channel!r} has {name!r} twice, once as a file")
        plain[name] = content
    for field in msgspec.structs.fields(target):
        if field.required and field.name not in plain:
            raise ConfigurationError(
                f"channel {channel!r} needs the setting {field.name!r}: give it in code, in the "
                f"file under [channels.{channel}], or as {_variable(channel, field.name)}"
            )
    try:
        return msgspec.convert(plain, target, strict=False, dec_hook=_decode_secret)
    except (msgspec.ValidationError, ValueError) as error:
        # msgspec's text names the key and the types, never the value.
        raise ConfigurationError(f"channel {channel!r}: {error}") from None


def _read_file(path: str) -> Config:
    import tomllib

    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib takes 5 ms to import
            return msgspec.convert(tomllib.load(file), _StrictConfig)
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise ConfigurationError(f"{path}: {error}") from None


class _StrictConfig(Config, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


def _overlay(
    channels: Mapping[str, dict[str, object]], environ: Mapping[str, str]
) -> tuple[dict[str, dict[str, object]], Mapping[str, str]]:
    """The file's channels under the environment's, and how each folded name is spelt."""
    merged = {name: dict(values) for name, values in channels.items()}
    spelt = {_fold(name): name for name in merged}
    # In the order of their names, for that of an environment is anybody's guess.
    for variable, value in sorted(environ.items()):
        if not variable.upper().startswith(PREFIX):
            continue
        channel, separator, key = variable[len(PREFIX) :].partition("__")
        if not (separator and channel and key):
            raise ConfigurationError(
                f"environment variable {variable} is not of the form {PREFIX}<channel>__<key>"
            )
        name = spelt.setdefault(_fold(channel), _fold(channel))
        values = merged.setdefault(name, {})
        key = key.lower()
        # A value given directly and its file are two ways to say one key: the later layer wins.
        values.pop(key.removesuffix("_file"), None)
        values.pop(f"{key}_file", None)
        values[key] = value
    return merged, spelt


def _fold(name: str) -> str:
    return name.lower().replace("_", "-")


def _variable(channel: str, key: str) -> str:
    return PREFIX + re.sub(r"\W", "_", channel).upper() + "__" + key.upper()


def _from_file(
    key: str, value: object, known: Mapping[str, Any], channel: str
) -> tuple[str, object]:
    """A secret's ``<key>_file`` read, anything else as it is."""
    name = key.removesuffix("_file")
    if name == key or key in known or not _is_secret(known.get(name)):
        return key, value
    try:
        with open(str(value), encoding="utf-8") as file:  # noqa: PTH123 - likewise
            return name, file.read().rstrip("\r\n")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ConfigurationError(
            f"channel {channel!r}: cannot read the file that {key!r} names: {reason}"
        ) from None


def _is_secret(hint: object) -> bool:
    return hint is Secret or Secret in get_args(hint)


def _decode_secret(target: type, value: object) -> object:
    if target is Secret:
        secret = Secret(value) if isinstance(value, str) else value
        if not isinstance(secret, Secret):
            raise ValueError("a secret must be a string")
        if not secret:
            raise ValueError("a secret must not be empty")
        return secret
    raise TypeError(f"settings cannot be of type {target}")
