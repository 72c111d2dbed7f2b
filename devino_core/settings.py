"""Settings of channels and services, from code, a TOML file and the environment.

A file has one table for each channel and each service. ``kind`` says which plugin it is; the
default is the table's name::

    default = "promo"

    [channels.promo]
    kind = "rest"
    login = "me"
    password_file = "/run/secrets/devino"

    [services.numbers]
    kind = "acme-lookup"
    token_file = "/run/secrets/acme"

Channels and services share one set of names. The environment can give every key as
``DEVINO__<name>__<key>``, in any case, with ``_`` for ``-``: ``DEVINO__PROMO__LOGIN``. To read a
secret from a file, add ``_file`` to its key. Code wins over the environment, and the environment
over the file. An empty variable is as good as none. ``DEVINO_CONFIG`` names the file.

The names ``outbox`` and ``client`` are reserved: ``[outbox]`` and ``[client]`` are tables of their
own, and ``DEVINO__OUTBOX__URL`` is a key of the first. :class:`ClientSettings` has the keys of the
second.
"""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Annotated, Any, TypeVar, get_args, get_type_hints

import msgspec

from ._channel import ChannelSettings
from ._secret import Secret
from ._service import ServiceSettings
from .errors import ConfigurationError
from .suggest import did_you_mean

__all__ = ["ClientSettings", "Config", "convert_settings", "read_config"]

PREFIX = "DEVINO__"

RESERVED = ("outbox", "client")

_CONTROL = r"[\x00-\x1f\x7f-\x9f]"
_TRUTHS = {"yes": True, "on": True, "no": False, "off": False}

StructT = TypeVar("StructT", bound=msgspec.Struct)
SettingsT = TypeVar("SettingsT", bound=ServiceSettings)

Values = Mapping[str, object]
Tables = dict[str, dict[str, object]]


class ClientSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a client as a whole: the table ``[client]``, ``DEVINO__CLIENT__RETRIES``.

    The arguments of a client have the same names, and win.
    """

    only_to: tuple[str, ...] | None = None
    """Send to nobody else: numbers and addresses, with ``*`` for what may be anything, as ``7903*``
    or ``*@example.com``. Other messages are not sent, and get a receipt with State.REJECTED. In the
    environment it is one text with commas. It is for staging, and holds for messages that the
    client sends: services, such as two-factor codes, and the operations that only one protocol has
    know nothing of it."""
    retries: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    """How often a call is made again after an error that makes it safe to (``Retry.SAFE``). The
    pauses double from half a second to 30, less a random part; where the other side asks for a
    longer one, it is kept, up to a minute. A longer wait ends in the error. For sending, statuses,
    incoming messages and the balance."""
    default_region: str | None = None
    """The country, as ``RU``, whose numbers may be written as its people write them: ten digits
    that begin with 9 are then a number of Russia. None: a number needs its country code. With a
    leading ``+`` every number is taken as it stands. Needs the extra ``phone``."""

    def __post_init__(self) -> None:
        if self.default_region is not None:
            region = self.default_region.strip().upper()
            msgspec.structs.force_setattr(self, "default_region", region)


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The named channels and services with their raw values. Their kinds check the values later.

    Raises ConfigurationError for a reserved name, and for a name that a channel and a service
    share.
    """

    channels: Tables = msgspec.field(default_factory=dict)
    services: Tables = msgspec.field(default_factory=dict)
    default: str | None = None
    """The channel that is used if the caller names none; None: the first that can."""
    reserved: Tables = msgspec.field(default_factory=dict)
    """The tables ``outbox`` and ``client``, where given, as they are.

    Who reads one checks its keys: :meth:`client` does, and :class:`devino_core.outbox.Outbox`.
    """
    unsorted: frozenset[str] = frozenset()
    """The names among ``channels`` that only the environment has.

    The environment does not say which are channels and which services; :meth:`sort` does.
    """

    def __post_init__(self) -> None:
        folded = {_fold(name): name for name in self.channels}
        for what, names in (("channel", self.channels), ("service", self.services)):
            for name in names:
                if _fold(name) in RESERVED:
                    raise ConfigurationError(
                        f"no {what} can be named {name!r}: [{_fold(name)}] is a table of its own, "
                        f"and {_variable(name, '')}... are its keys; choose another name"
                    )
                if name.startswith("@"):
                    raise ConfigurationError(
                        f"no {what} can be named {name!r}: for the outbox such a name is a medium; "
                        "choose another name"
                    )
                if what == "service" and _fold(name) in folded:
                    raise ConfigurationError(
                        f"{folded[_fold(name)]!r} names a channel and {name!r} a service: "
                        "they share one set of names; rename one"
                    )

    def sort(self, service_kinds: Container[str]) -> Config:
        """The same with the :attr:`unsorted` names sorted into channels and services by kind.

        ``service_kinds`` are those of :meth:`Plugins.services`; all other kinds are channels.
        """
        moved = {
            name: values
            for name, values in self.channels.items()
            if name in self.unsorted and kind_of(name, values) in service_kinds
        }
        return Config(
            channels={name: v for name, v in self.channels.items() if name not in moved},
            services=self.services | moved,
            default=self.default,
            reserved=self.reserved,
        )

    def client(self, **given: object) -> ClientSettings:
        """The settings of the client, with those that code has ``given`` (None: not given).

        Raises ConfigurationError.
        """
        owner = "the client"
        values = dict(self.reserved.get("client", {}))
        values |= {key: value for key, value in given.items() if value is not None}
        named = values.get("only_to")
        if isinstance(named, str):
            values["only_to"] = [one for one in named.split(",") if one.strip()]
        elif isinstance(named, Iterable):
            values["only_to"] = list(named)
        return _converted(_plain(values, ClientSettings, owner), ClientSettings, owner)


def kind_of(name: str, values: Values, *, what: str = "channel") -> str:
    """The kind that the table of this name gives, else the name. Raises ConfigurationError."""
    kind = values.get("kind", name)
    if not isinstance(kind, str):
        raise ConfigurationError(f"{what} {name!r}: `kind` must be a string")
    return kind


def read_config(
    path: str | os.PathLike[str] | None = None, *, environ: Mapping[str, str] | None = None
) -> Config:
    """The file (``path``, else ``DEVINO_CONFIG``, else none) with the environment laid over it.

    A program can add to the result and hand it to a client: ``AsyncClient(config)``. A name that
    only the environment has may be a channel or a service; only the plugins can tell. It stands
    among the channels until the client sorts it (:meth:`Config.sort`).

    Raises ConfigurationError for a file that cannot be read or has another form.
    """
    env = os.environ if environ is None else environ
    source = path if path is not None else env.get("DEVINO_CONFIG") or None
    config = _read_file(os.fspath(source)) if source is not None else Config()
    return _overlay(config, env)


def convert_settings(
    values: Values, target: type[SettingsT], *, name: str, table: str | None = None
) -> SettingsT:
    """Check the raw values of the channel or service ``name`` against its settings type.

    ``table`` is for settings of neither: where they stand in a file. Raises ConfigurationError that
    names the channel or service, the key, and the nearest known key.
    """
    what = "channel" if issubclass(target, ChannelSettings) else "service"
    owner = f"{what} {name!r}" if table is None else f"[{table}]"
    given = {key: value for key, value in values.items() if key != "kind"}
    plain = _plain(given, target, owner)
    for needed in msgspec.structs.fields(target):
        if needed.required and needed.name not in plain:
            raise ConfigurationError(
                f"{owner} needs the setting {needed.name!r}: give it in code, in the file under "
                f"[{table or f'{what}s.{name}'}], or as {_variable(name, needed.name)}"
            )
    return _converted(plain, target, owner)


def _plain(values: Values, target: type[msgspec.Struct], owner: str) -> dict[str, object]:
    """The values by field, with what their files hold and what says yes or no."""
    fields = target.__struct_fields__
    known = {name: hint for name, hint in get_type_hints(target).items() if name in fields}
    plain: dict[str, object] = {}
    for key, value in values.items():
        field, content = _from_file(key, value, known, owner)
        if field not in known:
            hint = did_you_mean(field, known) or f"known are {', '.join(sorted(known)) or 'none'}"
            raise ConfigurationError(f"{owner} has no setting {key!r}: {hint}")
        if field in plain:
            raise ConfigurationError(f"{owner} has {field!r} twice, once as a file")
        plain[field] = _truth(content) if _is_of(bool, known[field]) else content
    return plain


def _converted(plain: Values, target: type[StructT], owner: str) -> StructT:
    try:
        settings = msgspec.convert(plain, target, strict=False, dec_hook=_decode_secret)
    except (msgspec.ValidationError, ValueError) as error:
        from .misfit import misfit

        place, said = misfit(error)
        key = re.split(r"[.\[]", place)[0]
        _check_printable({key: plain.get(key)}, owner)
        raise ConfigurationError(f"{owner}: {key}: {said}" if key else f"{owner}: {said}") from None
    _check_printable(plain, owner)
    return settings


def _read_file(path: str) -> Config:
    import tomllib

    try:
        tables = tomllib.loads(_content_of(path))
        _check_tables(tables)
        read = msgspec.convert(tables, _File)
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not in UTF-8: save it so") from None
    except msgspec.ValidationError as error:
        from .misfit import misfit

        raise ConfigurationError(f"{path}: {misfit(error)}") from None
    except (tomllib.TOMLDecodeError, ConfigurationError) as error:
        raise ConfigurationError(f"{path}: {error}") from None
    reserved = {name: getattr(read, name) for name in RESERVED}
    try:
        return Config(
            channels=read.channels,
            services=read.services,
            default=read.default,
            reserved={name: table for name, table in reserved.items() if table is not None},
        )
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from None


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    default: str | None = None
    channels: Tables = {}
    services: Tables = {}
    outbox: dict[str, object] | None = None
    client: dict[str, object] | None = None


_EXAMPLES = {"channels": "rest", "services": "2fa"}


def _check_tables(tables: Mapping[str, object]) -> None:
    known = _File.__struct_fields__
    for name, value in tables.items():
        if name in _EXAMPLES and isinstance(value, dict):
            for key, each in value.items():
                if not isinstance(each, dict):
                    raise ConfigurationError(
                        f"[{name}] holds the tables of {name}, as in [{name}.{_EXAMPLES[name]}]; "
                        f"{key!r} is none"
                    )
        if name in known:
            continue
        if isinstance(value, dict):
            hint = did_you_mean(name, known) or (
                f"did you mean [channels.{name}], or [services.{name}]?"
            )
            raise ConfigurationError(f"there is no table [{name}]: {hint}")
        hint = did_you_mean(name, known) or f"known are {', '.join(known)}"
        raise ConfigurationError(f"there is no key {name!r}: {hint}")


def _content_of(path: str) -> str:
    """The text of a file, as editors and shells of Windows write it too."""
    from .files import read_whole

    with open(path, "rb") as file:  # noqa: PTH123 - pathlib takes 5 ms to import
        data = read_whole(file)
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if wide else "utf-8-sig")


def _overlay(config: Config, environ: Mapping[str, str]) -> Config:
    """Lay the environment's tables over the file's."""
    channels, services, reserved = (
        {name: dict(values) for name, values in tables.items()}
        for tables in (config.channels, config.services, config.reserved)
    )
    # The spelling and the place of each name in the file.
    spelt = {
        _fold(name): (name, tables) for tables in (channels, services, reserved) for name in tables
    }
    spelt |= {name: (name, reserved) for name in RESERVED}
    unsorted = set()
    # Sorted by name, because an environment has no order of its own.
    for variable, value in sorted(environ.items(), key=lambda item: _place(item[0])):
        if not variable.upper().startswith(PREFIX) or not value:
            continue
        said, separator, key = variable[len(PREFIX) :].partition("__")
        if not (separator and said and key):
            raise ConfigurationError(
                f"environment variable {variable} is not of the form {PREFIX}<name>__<key>"
            )
        if not value:
            # As `PROXY: ${PROXY:-}` leaves it in a compose file.
            continue
        if _fold(said) not in spelt:
            spelt[_fold(said)] = _fold(said), channels
            unsorted.add(_fold(said))
        name, tables = spelt[_fold(said)]
        values = tables.setdefault(name, {})
        key = key.lower()
        # A value and the file of a value are two ways to give one key: the later layer wins.
        values.pop(key.removesuffix("_file"), None)
        values.pop(f"{key}_file", None)
        values[key] = value
    default = environ.get("DEVINO_DEFAULT")
    if default and _fold(default) in spelt:
        default, _ = spelt[_fold(default)]
    return Config(
        channels=channels,
        services=services,
        default=default or config.default,
        reserved=reserved,
        unsorted=frozenset(unsorted),
    )


def _place(variable: str) -> tuple[str, str]:
    """Where a variable stands among the others: by the name that it gives a key of."""
    return _fold(variable[len(PREFIX) :].partition("__")[0]), variable


def _fold(name: str) -> str:
    return name.lower().replace("_", "-")


def _variable(name: str, key: str) -> str:
    return PREFIX + re.sub(r"\W", "_", name).upper() + "__" + key.upper()


def _from_file(key: str, value: object, known: Mapping[str, Any], owner: str) -> tuple[str, object]:
    """Read a secret's ``<key>_file``; give anything else as it is."""
    name = key.removesuffix("_file")
    if name == key or key in known or not _is_secret(known.get(name)):
        return key, value
    try:
        return name, _content_of(str(value)).rstrip("\r\n")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        if isinstance(error, UnicodeDecodeError):
            reason = "it is not in UTF-8"
        raise ConfigurationError(
            f"{owner}: cannot read the file that {key!r} names: {reason}"
        ) from None


def _is_secret(hint: object) -> bool:
    return _is_of(Secret, hint)


def _is_of(kind: type, hint: object) -> bool:
    return hint is kind or kind in get_args(hint)


def _check_printable(values: Values, owner: str) -> None:
    """Raise for a control character, which would pass unseen until the platform refuses it."""
    for key, value in values.items():
        # Mostly all of it can be printed, and there is nothing to search for.
        odd = [text for text in _texts(value) if not text.isprintable()]
        if found := re.search(_CONTROL, "".join(odd)):
            hint = ", as a file with Windows' line ends leaves it" if found[0] == "\r" else ""
            raise ConfigurationError(
                f"{owner}: {key} holds the control character U+{ord(found[0]):04X}{hint}"
            )


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Secret):
        yield str(value.reveal())
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def _truth(value: object) -> object:
    """What a variable means that says yes or no; msgspec reads 1, 0, true and false."""
    return _TRUTHS.get(value.lower(), value) if isinstance(value, str) else value


def _decode_secret(target: type, value: object) -> object:
    if target is Secret:
        secret = Secret(value) if isinstance(value, str) else value
        if not isinstance(secret, Secret):
            raise ValueError("a secret must be a string")
        if not secret:
            raise ValueError("a secret must not be empty: leave it out if there is none")
        return secret
    raise TypeError(f"settings cannot be of type {target}")
