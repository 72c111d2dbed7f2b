"""Build the distribution, and use it as a stranger would: `python tests/check_package.py`.

Not part of a pytest run, because it installs; `tox -e package` runs it. Every step needs the one
before it, so it is a story, not a suite: the first thing that is not as promised ends it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {
    "devino",
    "devino_core",
    "devino_codecs",
    "devino_plugins",
    "devino_sandbox",
    "devino_outbox",
    "devino_contrib",
}

IMPORT_ALL = """
import importlib, pkgutil, sys
import devino, devino_codecs, devino_core
assert devino.Client is devino_core.Client
for module in pkgutil.walk_packages(devino_codecs.__path__, "devino_codecs."):
    importlib.import_module(module.name)
extras = {"aiohttp", "aiosmtplib", "rich", "rich_click", "starlette", "uvicorn"} & set(sys.modules)
assert not extras, f"imported without being asked for: {extras}"
"""


def main(folder: Path) -> None:
    run(sys.executable, "-m", "build", "--outdir", folder / "dist", ROOT, cwd=ROOT)
    (wheel,) = (folder / "dist").glob("*.whl")
    (sdist,) = (folder / "dist").glob("*.tar.gz")
    check_wheel(wheel)
    check_sdist(sdist)
    version = wheel.name.split("-")[1]

    step("a stranger installs the base and takes the codecs alone")
    stranger = folder / "stranger"
    venv.create(stranger, with_pip=True)
    scripts = stranger / ("Scripts" if sys.platform == "win32" else "bin")
    python, devino = scripts / "python", scripts / "devino"
    run(python, "-m", "pip", "install", "-q", wheel, cwd=folder)
    run(python, "-I", "-c", IMPORT_ALL, cwd=folder)
    bare = subprocess.run([devino, "demo"], cwd=folder, capture_output=True, text=True)
    expect(bare.returncode != 0, "without its extra the command line cannot run")
    expect('pip install "devino[cli]"' in bare.stderr, "and says what to install")

    step("the demo")
    run(python, "-m", "pip", "install", "-q", f"{wheel}[all]", cwd=folder)
    said = run(devino, "--version", cwd=folder, capture=True).strip()
    expect(said == f"devino {version}", f"{said} is the version of the wheel")
    run(devino, "demo", cwd=folder)
    rows = json.loads(run(devino, "demo", "--json", cwd=folder, capture=True))["rows"]
    expect(bool(rows), "the demo sends something")
    for row in rows:
        expect(row["state"] == row["expected"], f"{row} is as expected")
    readme = (ROOT / "README.md").read_text("utf-8")
    expect(f"{len(rows)} of {len(rows)} messages came" in readme, "README shows this demo's end")

    for name, kind in (("acme", "acme"), ("pigeon", "pigeon"), ("online", "online-sms")):
        check_plugin(name, kind, folder, scripts)
    print("the package is as promised")


def check_plugin(name: str, kind: str, folder: Path, scripts: Path) -> None:
    step(f"a third party's plugin beside it: {name}")
    python, plugin = scripts / "python", folder / f"devino-{name}"
    shutil.copytree(ROOT / "docs/examples" / plugin.name, plugin)
    run(python, "-m", "pip", "install", "-q", plugin, "pytest", cwd=folder)
    said = run(scripts / "devino", "channels", "--json", cwd=folder, capture=True)
    kinds = {each["kind"] for each in json.loads(said)["kinds"]}
    expect(kind in kinds, "`devino channels` lists it")
    run(python, "-I", "-m", "pytest", "-q", "-p", "no:cacheprovider", plugin / "tests", cwd=plugin)


def check_wheel(wheel: Path) -> None:
    step("what the wheel holds")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    info = f"{'-'.join(wheel.name.split('-')[:2])}.dist-info"
    top = {name.split("/")[0] for name in names}
    expect(top == PACKAGES | {info}, f"the top level is the packages, not {sorted(top)}")
    for package in sorted(PACKAGES):
        expect(f"{package}/py.typed" in names, f"{package} is typed")
    expect(f"{info}/licenses/LICENSE" in names, "the licence is inside")
    expect(not any("locale" in name for name in names), "the documentation is not inside")
    for file in (ROOT / "plugins/devino_sandbox/services/page/static").iterdir():
        inside = f"devino_sandbox/services/page/static/{file.name}"
        expect(inside in names, f"the sandbox's page has {file.name}")


def check_sdist(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for name in ("README.md", "LICENSE", "CHANGELOG.md", "tox.ini", "tests/__init__.py"):
        expect(name in names, f"the source distribution has {name}")
    expect(not any(name.endswith(".mo") for name in names), "and no compiled catalogues")


def run(*command: object, cwd: Path, capture: bool = False) -> str:
    words = [str(word) for word in command]
    print("$", *(words if len(words[-1]) < 200 else [*words[:-1], "..."]), flush=True)
    done = subprocess.run(
        words, cwd=cwd, check=True, text=True, stdout=subprocess.PIPE if capture else None
    )
    return done.stdout or ""


def step(text: str) -> None:
    print(f"\n# {text}", flush=True)


def expect(true: bool, what: str) -> None:
    if not true:
        sys.exit(f"not so: {what}")


if __name__ == "__main__":
    # Outside the tree, which nothing here may find by looking upwards.
    with tempfile.TemporaryDirectory() as folder:
        main(Path(folder))
