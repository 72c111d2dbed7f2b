"""Settings from code, file and environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from devino_core import ConfigurationError, Secret, ServiceSettings, read_config
from devino_core.settings import convert_settings
from tests.core._fake import FakeSettings

pytestmark = pytest.mark.pythons

FILE = """
default = "promo"

[channels.promo]
kind = "fake"
token = "from-file"
retries = 5
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "devino.toml"
    path.write_text(FILE)
    return path


def test_the_environment_is_laid_over_the_file(file: Path) -> None:
    config = read_config(file, environ={"DEVINO__PROMO__RETRIES": "7"})
    settings = convert_settings(config.channels["promo"], FakeSettings, name="promo")
    assert (settings.retries, settings.token, config.default) == (7, Secret("from-file"), "promo")


def test_the_file_is_named_by_the_environment(file: Path) -> None:
    assert read_config(environ={"DEVINO_CONFIG": str(file)}) == read_config(file, environ={})


def test_the_environment_alone_makes_a_channel_with_dashes_for_underscores() -> None:
    config = read_config(environ={"DEVINO__REST_V2__LOGIN": "me"})
    assert config.channels == {"rest-v2": {"login": "me"}}


def test_channels_of_the_environment_come_in_the_order_of_their_names() -> None:
    environ = {f"DEVINO__{name}__LOGIN": "me" for name in ("SMPP", "REST_V2", "REST", "XML")}
    assert list(read_config(environ=environ).channels) == ["rest", "rest-v2", "smpp", "xml"]


def test_a_secret_is_read_from_the_file_that_its_key_names(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    config = read_config(environ={"DEVINO__FAKE__TOKEN_FILE": str(tmp_path / "token")})
    settings = convert_settings(config.channels["fake"], FakeSettings, name="fake")
    assert settings.token.reveal() == "s3cret"


def test_the_environment_replaces_a_secret_of_the_file_also_by_file(
    file: Path, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("newer")
    config = read_config(file, environ={"DEVINO__PROMO__TOKEN_FILE": str(tmp_path / "token")})
    settings = convert_settings(config.channels["promo"], FakeSettings, name="promo")
    assert settings.token.reveal() == "newer"


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"token": "t", "retrys": 1}, r"has no setting 'retrys': did you mean 'retries'\?"),
        ({"retries": 1}, r"needs the setting 'token'.*DEVINO__PROMO_X__TOKEN"),
        ({"token": "t", "retries": "many"}, r"promo-x.*retries"),
        ({"token": 17}, "a secret must be a string"),
        ({"token": ""}, "a secret must not be empty"),
        ({"token": "t", "sender": ""}, "sender"),
        ({"token": "t", "token_file": __file__}, "has 'token' twice"),
        ({"token_file": "/nonexistent/file"}, "cannot read the file that 'token_file' names"),
        ({"token": "t", "prefix_file": "x"}, "has no setting 'prefix_file'"),
    ],
)
def test_a_wrong_setting_is_named_with_what_to_do(values: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        convert_settings(values, FakeSettings, name="promo-x")
    assert "promo-x" in str(caught.value)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"retries": "many"}, "channel 'x': retries: expected a whole number, got a text"),
        ({"retries": [1]}, "channel 'x': retries: expected a whole number, got a list"),
        ({"sender": ""}, "channel 'x': sender: expected a text of length >= 1"),
        ({"token": ""}, "channel 'x': token: a secret must not be empty: leave it out"),
    ],
)
def test_what_is_wrong_with_a_value_is_said_in_words(values: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        convert_settings({"token": "t", **values}, FakeSettings, name="x")
    assert str(caught.value).startswith(says)


class Switched(ServiceSettings, frozen=True, kw_only=True):
    plain: bool = False
    strict: bool | None = None
    names: tuple[str, ...] = ()
    token: Secret | None = None


@pytest.mark.parametrize(
    ("said", "means"),
    [("yes", True), ("On", True), ("TRUE", True), ("1", True), ("no", False), ("OFF", False)],
)
@pytest.mark.parametrize("key", ["plain", "strict"])
def test_yes_and_no_are_said_as_people_say_them(key: str, said: str, *, means: bool) -> None:
    settings = convert_settings({key: said}, Switched, name="x")
    assert getattr(settings, key) is means


def test_what_is_neither_yes_nor_no_is_refused_in_words() -> None:
    with pytest.raises(ConfigurationError, match="plain: expected true or false, got a text"):
        convert_settings({"plain": "perhaps"}, Switched, name="x")


def test_an_empty_variable_is_as_good_as_none(file: Path) -> None:
    environ = {"DEVINO__PROMO__SENDER": "", "DEVINO__PROMO__TOKEN": "", "DEVINO__EMPTY__LOGIN": ""}
    assert read_config(file, environ=environ) == read_config(file, environ={})


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"token": "s3cret\r"}, "token"),
        ({"token": Secret("s3cret\0")}, "token"),
        ({"names": ["a", "s3cret\n"]}, "names"),
        ({"names": ["\x9bs3cret"]}, "names"),
    ],
)
def test_a_control_character_in_a_setting_is_refused_at_once(
    values: dict[str, object], key: str
) -> None:
    with pytest.raises(
        ConfigurationError, match=rf"{key} holds the control character U\+00"
    ) as caught:
        convert_settings(values, Switched, name="x")
    assert "s3cret" not in str(caught.value)


def test_a_variable_of_a_file_with_windows_line_ends_is_refused() -> None:
    config = read_config(environ={"DEVINO__FAKE__TOKEN": "t", "DEVINO__FAKE__SENDER": "me\r"})
    with pytest.raises(ConfigurationError, match=r"sender .* as a file with Windows' line ends"):
        convert_settings(config.channels["fake"], FakeSettings, name="fake")
    with pytest.raises(ConfigurationError, match=r"retries holds .* U\+000D"):
        convert_settings({"token": "t", "retries": "5\r"}, FakeSettings, name="fake")


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_secret_is_read_from_a_file_as_windows_writes_it(
    tmp_path: Path, encoding: str, end: str
) -> None:
    (tmp_path / "token").write_bytes(f"пароль{end}".encode(encoding))
    settings = convert_settings({"token_file": str(tmp_path / "token")}, FakeSettings, name="fake")
    assert settings.token.reveal() == "пароль"


def test_a_secret_in_another_encoding_is_refused_unread(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes("пароль".encode("cp1251"))
    with pytest.raises(ConfigurationError, match=r"cannot read .* it is not in UTF-8"):
        convert_settings({"token_file": str(tmp_path / "token")}, FakeSettings, name="fake")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_file_is_read_as_windows_writes_it(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "devino.toml"
    path.write_bytes(FILE.replace("\n", "\r\n").encode(encoding))
    assert read_config(path, environ={}).channels["promo"]["retries"] == 5


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "devino.toml").write_bytes("# пример".encode("cp1251"))
    with pytest.raises(ConfigurationError, match=r"devino\.toml is not in UTF-8: save it so"):
        read_config(tmp_path / "devino.toml", environ={})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("channels = 1", "channels: expected a table, got a whole number"),
        ("default = 1", "default: expected a text, got a whole number"),
        ("[channels", "devino.toml"),
        ("colour = 1", "colour"),
        (
            "[channels]\nlogin = 'a'",
            r"tables of channels, as in \[channels\.rest\]; 'login' is none",
        ),
        ("[services]\n2fa = 'a'", r"tables of services, as in \[services\.2fa\]; '2fa' is none"),
        ("defualt = 'a'", "there is no key 'defualt': did you mean 'default'"),
        ("[channel.rest]\nlogin = 'a'", r"no table \[channel\]: did you mean 'channels'"),
        ("[rest]\nlogin = 'a'", r"no table \[rest\]: did you mean \[channels\.rest\]"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "devino.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=says):
        read_config(tmp_path / "devino.toml", environ={})


def test_the_default_may_be_named_as_loosely_as_a_channel() -> None:
    environ = {"DEVINO__REST_V2__LOGIN": "me", "DEVINO_DEFAULT": "REST_V2"}
    assert read_config(environ=environ).default == "rest-v2"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot read .*nope\.toml: No such file"):
        read_config(tmp_path / "nope.toml", environ={})


def test_a_variable_of_the_wrong_form_is_named() -> None:
    with pytest.raises(ConfigurationError, match="DEVINO__LOGIN is not of the form"):
        read_config(environ={"DEVINO__LOGIN": "x"})


@pytest.mark.parametrize("begins", ["\ufeff", ""])
def test_a_secret_file_may_begin_with_a_mark(tmp_path: Path, begins: str) -> None:
    (tmp_path / "token").write_text(f"{begins}s3cret\r\n", encoding="utf-8")
    values = {"token_file": str(tmp_path / "token")}
    assert convert_settings(values, FakeSettings, name="fake").token.reveal() == "s3cret"


def test_a_configuration_may_begin_with_a_mark(file: Path) -> None:
    file.write_text("\ufeff" + FILE, encoding="utf-8")
    assert read_config(file, environ={}).default == "promo"


def test_settings_do_not_show_who_the_account_is() -> None:
    class Named(ServiceSettings, frozen=True):
        login: str
        place: str = "here"

    settings = convert_settings({"login": "canary"}, Named, name="a")
    assert repr(settings) == "Named(login=***, place='here')"
