"""Where ``devino`` finds its settings, and ``devino init``."""

from __future__ import annotations

import stat
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from devino_core import Client, ConfigurationError, Plugins, read_config
from devino_core.cli._app import Devino
from devino_core.settings import convert_settings
from tests.core._cli import Platform

FILE = '[channels.fake]\ntoken = "t0ken"\n'


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the command runs in, and its user's below ``home``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    return tmp_path


def write(path: Path, text: str = FILE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def devino(*args: str) -> Result:
    return CliRunner().invoke(Devino(), args)


@pytest.mark.parametrize("place", ["devino.toml", "home/devino/config.toml"])
def test_a_file_is_found_where_nobody_names_one(
    platform: Platform, folder: Path, place: str
) -> None:
    assert "no channel is configured" in platform.devino("balance", environ={}).stderr
    write(folder / place)
    result = platform.devino("balance", environ={})
    assert (result.exit_code, result.stdout) == (0, "20015.30\n")


def test_the_nearer_file_counts_and_a_named_one_before_all(
    platform: Platform, folder: Path
) -> None:
    def channels(*args: str, **environ: str) -> set[str]:
        shown = platform.devino("channels", *args, environ=environ).stdout.splitlines()
        return {line.split(":")[0].strip() for line in shown if ": kind fake" in line}

    table = '[channels.{}]\nkind = "fake"\ntoken = "t0ken"\n'
    write(folder / "home/devino/config.toml", table.format("users"))
    assert channels() == {"users"}
    write(folder / "devino.toml", table.format("folders"))
    assert channels() == {"folders"}
    write(folder / "named.toml", table.format("named"))
    assert channels(DEVINO_CONFIG="named.toml") == {"named"}
    assert channels("--config", "devino.toml", DEVINO_CONFIG="named.toml") == {"folders"}
    assert channels(DEVINO_CONFIG="") == {"folders"}


def test_a_relative_home_is_none(
    platform: Platform, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "home")
    monkeypatch.setenv("HOME", str(folder))
    write(folder / "home/devino/config.toml")
    assert platform.devino("balance", environ={}).exit_code == 2
    write(folder / ".config/devino/config.toml")
    assert platform.devino("balance", environ={}).exit_code == 0


def test_an_error_in_a_file_that_was_found_names_it(platform: Platform, folder: Path) -> None:
    write(folder / "devino.toml", "[channel.fake]\n")
    assert "devino.toml: there is no table [channel]" in platform.devino("balance").stderr


def test_a_program_reads_no_file_that_nobody_named(folder: Path) -> None:
    write(folder / "devino.toml")
    write(folder / "home/devino/config.toml")
    assert read_config(environ={}).channels == {}
    with Client(plugins=Plugins(discover=False)) as client:
        assert not client.channels


def test_init_writes_what_each_kind_needs(folder: Path) -> None:
    result = devino("init", "smpp", "rest", "2fa")
    assert result.exit_code == 0, result.output
    assert result.stdout == "wrote devino.toml: fill it in, then try it with `devino doctor`\n"
    text = (folder / "devino.toml").read_text("utf-8")
    tables = tomllib.loads(text)
    assert tables == {"channels": {"smpp": {}, "rest": {}}, "services": {"2fa": {}}}
    assert '# login = "..."  # needed' in text
    assert '# password_file = "/run/secrets/password"  # needed' in text
    # Nothing is said yet, so the error names what is needed.
    assert "needs the setting 'login'" in devino("doctor").stdout


@pytest.mark.parametrize("kind", [*Plugins().channels(), *Plugins().services()])
def test_what_init_leaves_as_a_comment_is_a_valid_setting(folder: Path, kind: str) -> None:
    text = devino("init", kind, "--file", "-").stdout
    lines = [line.removeprefix("# ") for line in text.splitlines() if " = " in line]
    written = [line for line in lines if "..." not in line and "_file" not in line]
    plugins = Plugins()
    spec = {**plugins.channels(), **plugins.services()}[kind]
    (folder / "secret").write_text("secret", "ascii")
    needed = {
        name: str(folder / "secret") if name.endswith("_file") else "x@example.org"
        for name in (line.split(" = ")[0] for line in lines if "# needed" in line)
    }
    given = tomllib.loads("\n".join(written))
    settings = convert_settings({**needed, **given}, spec.settings, name=kind)
    plain = convert_settings(needed, spec.settings, name=kind)
    assert settings == plain


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such modes")
def test_init_writes_for_the_user_alone(folder: Path) -> None:
    assert devino("init", "--user").exit_code == 0
    path = folder / "home/devino/config.toml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "[channels.rest]" in path.read_text("utf-8")


def test_init_never_overwrites(folder: Path) -> None:
    write(folder / "devino.toml")
    result = devino("init")
    assert result.exit_code == 2
    assert "devino.toml is there already" in result.stderr
    assert (folder / "devino.toml").read_text("utf-8") == FILE


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("rset",), "no plugin brings a kind 'rset': did you mean 'rest'?"),
        (("zzzzzzzz",), "known are "),
        (("--user", "--file", "x.toml"), "give --file or --user"),
        (("--file", "devnull/x/y.toml"), "cannot write devnull"),
    ],
)
def test_what_init_cannot_do_is_told(folder: Path, args: tuple[str, ...], said: str) -> None:
    (folder / "devnull").write_text("", "ascii")
    result = devino("init", *args)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_name_that_is_no_bare_key_of_toml_is_quoted() -> None:
    from devino_core.cli._files import _key

    assert (_key("rest-v2"), _key("a b")) == ("rest-v2", '"a b"')


def test_the_error_of_a_library_says_nothing_of_these_files() -> None:
    with (
        Client({}, plugins=Plugins(discover=False)) as client,
        pytest.raises(ConfigurationError, match="name a file in DEVINO_CONFIG"),
    ):
        client.balance()
