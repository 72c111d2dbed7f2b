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
    environ = {f"DEVINO__{name}__LOGIN": "me" for name in ("SMPP", "REST", "XML", "EMAIL2SMS")}
    assert list(read_config(environ=environ).channels) == ["email2sms", "rest", "smpp", "xml"]


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
    ("text", "says"),
    [("channels = 1", "object"), ("[channels", "devino.toml"), ("colour = 1", "colour")],
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


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (FILE.encode("utf-16"), "is written in UTF-16: save it as UTF-8"),
        (FILE.encode("utf-16-be"), "control|Invalid|Illegal"),
        ("[channels.rest]\nsender = 'Мы'".encode("cp1251"), "is not written in UTF-8"),
        (b"[rest]\nlogin = 'me'", r"no table is named \[rest\]: did you mean \[channels\.rest\]"),
        (b"defualt = 'rest'", "defualt"),
    ],
)
def test_a_configuration_in_another_form_is_refused_in_words(
    file: Path, data: bytes, says: str
) -> None:
    file.write_bytes(data)
    with pytest.raises(ConfigurationError, match=says):
        read_config(file, environ={})


@pytest.mark.parametrize("field", ["prefix", "token", "sender"])
@pytest.mark.parametrize(("ends", "says"), [("\r", r"U\+000D; .*CRLF"), ("\0", r"U\+0000$")])
def test_a_control_character_in_a_value_is_refused_at_once_and_the_value_not_shown(
    field: str, ends: str, says: str
) -> None:
    values = {"token": "t", field: f"hunter2{ends}"}
    with pytest.raises(ConfigurationError, match=f"'fake': {field} holds .*{says}") as caught:
        convert_settings(values, FakeSettings, name="fake")
    assert "hunter2" not in str(caught.value)


def test_an_empty_variable_is_none(file: Path) -> None:
    environ = {"DEVINO__PROMO__RETRIES": "", "DEVINO__REST__PROXY": ""}
    config = read_config(file, environ=environ)
    assert config.channels == {"promo": {"kind": "fake", "token": "from-file", "retries": 5}}


class Switched(ServiceSettings, frozen=True):
    tls: bool


@pytest.mark.parametrize(
    ("word", "means"),
    [
        *[(word, True) for word in ("yes", "On", "true", "1", True)],
        *[(word, False) for word in ("no", "OFF", "false", "0", False)],
    ],
)
def test_a_switch_is_a_word(word: object, means: bool) -> None:
    assert convert_settings({"tls": word}, Switched, name="a").tls is means


def test_what_is_no_switch_is_refused_by_the_name_of_its_key() -> None:
    with pytest.raises(ConfigurationError, match="service 'a': tls: Expected `bool`"):
        convert_settings({"tls": "perhaps"}, Switched, name="a")


def test_settings_do_not_show_who_the_account_is() -> None:
    class Named(ServiceSettings, frozen=True):
        login: str
        place: str = "here"

    settings = convert_settings({"login": "canary"}, Named, name="a")
    assert repr(settings) == "Named(login=***, place='here')"
