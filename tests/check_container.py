"""Build the container's image and run its compose example: `python tests/check_container.py`.

`tox -e container` runs it. Where a Docker engine answers, that does both. Elsewhere the commands of
the Dockerfile are run as they stand, in a clean root: an empty folder with this machine's /usr and
Python in it, made the root of a process. The containers of the compose file run there, too: as
their user, with their variables, on a root that cannot be written to, in a network of their own.
That needs Linux, root, `unshare` and `chroot`. What only an engine can show stays unshown there:
the base image, and how it reads both files.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import yaml

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = ROOT / "docs/examples/container/compose.yaml"
PATIENCE = 90.0
NUMBER = "79031234567"


class Stage(NamedTuple):
    """The instructions from one FROM to the next."""

    name: str
    instructions: list[tuple[str, str]]

    def all(self, word: str) -> list[str]:
        return [rest for name, rest in self.instructions if name == word]

    def last(self, word: str) -> str:
        return self.all(word)[-1]

    @property
    def environ(self) -> dict[str, str]:
        pairs = [pair for line in self.all("ENV") for pair in shlex.split(line)]
        return dict(pair.split("=", 1) for pair in pairs)


def stages(text: str) -> list[Stage]:
    """A Dockerfile's stages."""
    found: list[Stage] = []
    lines = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    for line in filter(None, map(str.strip, lines)):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            image, _, name = rest.partition(" AS ")
            expect(image == "python:3.13-slim", f"{image} is the base")
            found.append(Stage(name, []))
        else:
            found[-1].instructions.append((word, rest.strip()))
    return found


def main() -> None:
    step("what the files say")
    check_files()
    if subprocess.run(["docker", "info"], capture_output=True).returncode == 0:
        with_docker()
    elif sys.platform == "linux" and os.geteuid() == 0 and shutil.which("unshare"):
        with tempfile.TemporaryDirectory() as folder:
            in_clean_root(Path(folder))
        print("\nno Docker engine is here: the Dockerfile's commands were run in a clean root")
    else:
        sys.exit("this needs a Docker engine, or Linux, root and unshare")


def check_files() -> None:
    build, final = stages((ROOT / "Dockerfile").read_text("utf-8"))
    expect(final.last("USER") == "10001", "nobody is root in a container")
    expect("/src" not in str(final.instructions), "sources stay in the first stage")
    expect(
        json.loads(final.last("HEALTHCHECK").split("CMD ")[1]) == ["devino", "sandbox", "ready"],
        "its health is asked by `devino sandbox ready`",
    )
    wanted = {word for line in build.all("COPY") for word in line.split()[:-1]}
    expect(wanted == {"."}, "the whole context is copied")
    kept = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    expect(all((ROOT / one).exists() for one in kept), f"{sorted(kept)} are there")
    for name, service in services().items():
        expect(service["read_only"] is True, f"{name} cannot write to its root")
        expect(service["cap_drop"] == ["ALL"], f"{name} has no capabilities")


def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text("utf-8"))["services"]
    return found


def with_docker() -> None:
    step("a Docker engine builds the image and runs the example")
    compose = ["docker", "compose", "--file", str(COMPOSE), "--project-name", "devino-check"]
    try:
        run(*compose, "up", "--build", "--wait", "--wait-timeout", "600")
        use("http://127.0.0.1:8000", "http://127.0.0.1:8080")
        said = subprocess.run(
            [*compose, "exec", "-T", "sandbox", "sh", "-c", "id -u; touch /usr/x; touch /tmp/x"],
            capture_output=True,
            text=True,
        )
        expect(said.stdout.split() == ["10001"], "the user is not root")
        expect("Read-only" in said.stderr, "its root cannot be written to")
    finally:
        run(*compose, "down", "--volumes", "--timeout", "20")


def in_clean_root(folder: Path) -> None:
    step("what pip will ask for")
    wheels = folder / "wheels"
    sources = folder / "sources"
    sources.mkdir()
    # The image's context: what .dockerignore lets through.
    kept = [one[1:] for one in (ROOT / ".dockerignore").read_text().split() if one[0] == "!"]
    for name in kept:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, sources / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, sources)
    extras = services()["shop"]["build"]["args"]["EXTRAS"]
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--wheel-dir", str(wheels)]
    run(*pip, f"{sources}[{extras}]", "hatchling")
    # Only what it needs from elsewhere: the package itself is built in the clean root.
    for own in wheels.glob("devino-*"):
        own.unlink()
    again = [sys.executable, __file__]
    run("unshare", "--mount", *again, "build", str(folder))
    run("unshare", "--mount", "--net", *again, "serve", str(folder))


class CleanRoot:
    """A folder that is / for what is run in it. It is there as long as this process' mounts are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "root"

    def make(self) -> None:
        """The tree of a machine on which nothing is installed but Python."""
        for name in ("dev", "etc/default", "proc", "root", "sys", "tmp", "usr", "var/lib"):
            self.path.joinpath(name).mkdir(parents=True)
        self.path.joinpath("tmp").chmod(0o1777)
        for name in ("bin", "sbin", "lib", "lib64"):
            self.path.joinpath(name).symlink_to(f"usr/{name}")
        etc = self.path / "etc"
        etc.joinpath("passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
        etc.joinpath("group").write_text("root:x:0:\n")
        for name in ("shadow", "gshadow"):
            etc.joinpath(name).touch(mode=0o600)
        names = " ".join(services())
        etc.joinpath("hosts").write_text(f"127.0.0.1 localhost {names}\n")
        etc.joinpath("nsswitch.conf").write_text("hosts: files\n")
        for name in ("ld.so.cache", "login.defs", "ssl"):
            source = Path("/etc", name)
            if source.is_dir():
                shutil.copytree(source, etc / name, symlinks=True)
            elif source.exists():
                shutil.copy(source, etc / name)
        bare = self.folder / "bare/bin"
        bare.mkdir(parents=True)
        bare.joinpath("python").symlink_to("/usr/bin/python3")

    def mount(self) -> None:
        mount("--make-rprivate", "/")
        self.bind("/usr", read_only=True)
        # Where the base image has its Python. A system's own knows where it lives.
        prefix = Path(sys.base_prefix)
        is_own = prefix.is_relative_to("/usr")
        self.bind(self.folder / "bare" if is_own else prefix, "/usr/local", read_only=True)
        if not is_own:
            # Its program may look for its library there.
            self.bind(prefix, read_only=True)
        self.bind("/dev")
        self.bind("/proc")

    def bind(self, source: str | Path, at: str | Path = "", *, read_only: bool = False) -> None:
        target = self.path / str(at or source).lstrip("/")
        target.mkdir(parents=True, exist_ok=True)
        mount("--rbind" if str(source) in ("/dev", "/proc") else "--bind", source, target)
        if read_only:
            mount("-o", "remount,bind,ro", target)

    def seal(self) -> None:
        """From now on nothing in it can be written to."""
        mount("--bind", self.path, self.path)
        mount("-o", "remount,bind,ro", self.path)
        # The new mount covers those below it.
        self.mount()

    def command(self, words: list[str], *, user: str = "0") -> list[str]:
        chroot = shutil.which("chroot") or "chroot"
        return [chroot, f"--userspec={user}:{user}", str(self.path), *words]


def build(folder: Path) -> None:
    """The Dockerfile's commands, in their order."""
    root = CleanRoot(folder)
    root.make()
    root.mount()
    first, final = stages((ROOT / "Dockerfile").read_text("utf-8"))
    root.bind(folder / "sources", first.last("COPY").split()[-1])
    root.bind(folder / "wheels", "/wheels", read_only=True)
    variables = dict(line.split("=", 1) for line in first.all("ARG"))
    given = {**variables, **services()["shop"]["build"]["args"]}
    pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/wheels", "HOME": "/root"}
    path = {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/bin"}
    for stage in (first, final):
        step(f"the stage {stage.name or 'that is kept'}")
        for command in stage.all("RUN"):
            run(*root.command(["/bin/sh", "-c", command]), environ={**path, **pip, **given})


def serve(folder: Path) -> None:
    """The containers of the compose file, and what a user does with them."""
    step("the containers, as their user, on a root that is read-only")
    run("ip", "link", "set", "lo", "up")
    root = CleanRoot(folder)
    _, final = stages((ROOT / "Dockerfile").read_text("utf-8"))
    work = final.last("WORKDIR")
    for service in services().values():
        for volume in service.get("volumes", ()):
            target = volume.split(":")[1]
            root.path.joinpath(target.lstrip("/")).mkdir(parents=True, exist_ok=True)
    root.seal()
    mount("-t", "tmpfs", "-o", "mode=1777", "none", root.path / "tmp")
    volume = folder / "volume"
    volume.mkdir()
    os.chown(volume, 10001, 10001)
    root.bind(volume, "/var/lib/devino")
    root.bind(COMPOSE.parent.parent / "web-fastapi", "/app", read_only=True)
    started: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, service in services().items():
            for needed in service.get("depends_on", ()):
                wait_for(root, final, needed, started[needed])
            started[name] = start(root, final, service, work)
        for name, process in started.items():
            wait_for(root, final, name, process)
        use("http://127.0.0.1:8000", "http://127.0.0.1:8080")
        environ = environ_of(final, services()["sandbox"])
        probe = "id -u; touch /usr/x; touch /x; touch /opt/devino/x; touch /tmp/x"
        said = subprocess.run(
            root.command(["sh", "-c", probe], user=final.last("USER")),
            env=environ,
            capture_output=True,
            text=True,
        )
        expect(said.stdout.split() == ["10001"], "the user is not root")
        expect(said.stderr.count("Read-only file system") == 3, f"the root is read-only: {said}")
        sandbox = started["sandbox"]
        sandbox.terminate()
        expect(sandbox.wait(PATIENCE) == 0, "the sandbox ends in good order by SIGTERM")
        ready = health(root, final, "sandbox")
        expect(ready != 0, "and is not healthy then")
    finally:
        for process in started.values():
            process.terminate()
        for name, process in started.items():
            print(name, "ended with", process.wait(PATIENCE))


def start(
    root: CleanRoot, final: Stage, service: Mapping[str, Any], work: str
) -> subprocess.Popen[bytes]:
    entry = service.get("entrypoint") or json.loads(final.last("ENTRYPOINT"))
    default = [] if "entrypoint" in service else json.loads(final.last("CMD"))
    words = [*entry, *service.get("command", default)]
    print("$", *words, flush=True)
    # chroot itself would look for the program on the outer path.
    inner = ["/bin/sh", "-c", 'cd "$0" && exec "$@"', service.get("working_dir", work), *words]
    return subprocess.Popen(
        root.command(inner, user=final.last("USER")), env=environ_of(final, service)
    )


def environ_of(final: Stage, service: Mapping[str, Any]) -> dict[str, str]:
    return {**final.environ, **service["environment"], "HOME": final.last("WORKDIR")}


def health(root: CleanRoot, final: Stage, name: str) -> int:
    service = services()[name]
    given = service.get("healthcheck", {}).get("test")
    words = given[1:] if given else json.loads(final.last("HEALTHCHECK").split("CMD ")[1])
    return subprocess.run(
        root.command(words, user=final.last("USER")),
        env=environ_of(final, service),
        capture_output=True,
    ).returncode


def wait_for(root: CleanRoot, final: Stage, name: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while health(root, final, name) != 0:
        expect(process.poll() is None, f"{name} runs")
        expect(time.monotonic() < until, f"{name} becomes healthy")
        time.sleep(0.2)
    print(name, "is healthy", flush=True)


def use(shop: str, sandbox: str) -> None:
    """As a user does: send an SMS, send by Viber, and see the platform call back."""
    step("a user sends")
    message = {"to": NUMBER, "content": "It is ready"}
    told = post(f"{shop}/notify", message)
    expect(told["status"]["state"] == "ACCEPTED", f"the SMS is taken: {told}")
    told = post(f"{shop}/notify", {**message, "medium": "VIBER"})
    (given,) = told["ids"]
    until = time.monotonic() + PATIENCE
    while not (known := get(f"{shop}/messages/{given}")) or known["state"] != "READ":
        expect(time.monotonic() < until, f"the platform calls the shop back, not {known}")
        time.sleep(0.2)
    print("the platform called back:", known)
    shown = get(f"{sandbox}/_sandbox/messages?to={NUMBER}")
    expect(len(shown) == 2, "the sandbox shows both")


def post(url: str, body: object) -> Any:
    data = json.dumps(body).encode()
    return get(Request(url, data, {"Content-Type": "application/json"}, method="POST"))


def get(asked: str | Request) -> Any:
    try:
        with urlopen(asked, timeout=PATIENCE) as answer:
            return json.load(answer)
    except HTTPError as error:
        sys.exit(f"{error}: {error.read().decode()}")


def mount(*words: object) -> None:
    subprocess.run(["mount", *map(str, words)], check=True)


def run(*words: str, environ: Mapping[str, str] | None = None) -> None:
    print("$", *words, flush=True)
    if subprocess.run(words, env=environ, cwd=ROOT).returncode != 0:
        sys.exit(f"it failed: {shlex.join(words)}")


def step(text: str) -> None:
    print(f"\n# {text}", flush=True)


def expect(true: bool, what: str) -> None:
    if not true:
        sys.exit(f"not so: {what}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["build", folder]:
            build(Path(folder))
        case ["serve", folder]:
            serve(Path(folder))
        case _:
            main()
