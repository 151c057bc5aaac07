"""How programs of each kind are installed, run, and asked for their versions."""

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from tools.say_stack import Stack

_SECONDS = 1_500  # for an install with a build


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to run programs: the tools it needs, the shell commands that install a stack in its folder (where the
    program's files are copied first), the command of a run, its environment, and what versions it is of."""

    needs: tuple[str, ...]
    install: Callable[[Stack], list[list[str]]]
    run: Callable[[Stack], list[str]]
    env: Callable[[Stack], dict[str, str]] = lambda _: {}
    runtime: tuple[str, ...] = ()

    def versions(self, stack: Stack) -> dict[str, str]:
        """Packages with the versions that are pinned, and the runtime's own."""
        found = dict(_split(package) for package in stack.packages)
        asked = (
            [("python" if self.runtime[0] == sys.executable else self.runtime[0], [*self.runtime])]
            if self.runtime
            else []
        )
        if "version" in stack.more:
            asked.append((stack.id, ["sh", "-c", stack.more["version"]]))
        for name, command in asked:
            told = subprocess.run(command, capture_output=True, text=True, check=False)
            version = re.search(r"\d+(?:\.[\w+~-]+)+", (told.stdout or told.stderr).strip())
            found[name] = version[0] if version else "unknown"
        return found


def _split(package: str) -> tuple[str, str]:
    """Name and version, however the package manager writes them: name==1, name@1, group:name:1."""
    name, mark, version = package.rpartition("==")
    if not mark:
        name, mark, version = package.rpartition("@")
    if not mark or not name:
        name, _, version = package.rpartition(":") if package.count(":") >= 2 else (package, "", "")
    return name, version


def missing(stack: Stack) -> str:
    """Install a stack where it is not yet; why it cannot run here, or nothing."""
    kind = KINDS[stack.kind]
    wanting = [tool for tool in (*kind.needs, *stack.more.get("needs", "").split()) if not shutil.which(tool)]
    if wanting:
        return f"not here: {', '.join(wanting)}"
    files = sorted(file for file in stack.folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    state = hashlib.sha256(repr((stack.packages, stack.more)).encode())
    for file in files:
        state.update(file.read_bytes())
    mark = stack.place / ".installed"
    if mark.exists() and mark.read_text() == state.hexdigest():
        return ""
    stack.place.mkdir(parents=True, exist_ok=True)
    for file in files:
        target = stack.place / file.relative_to(stack.folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    for command in kind.install(stack):
        done = subprocess.run(command, cwd=stack.place, capture_output=True, text=True, check=False, timeout=_SECONDS)
        if done.returncode:
            return f"{' '.join(command)[:120]}: {(done.stderr + done.stdout).strip()[-900:]}"
    mark.write_text(state.hexdigest())
    return ""


def _python(stack: Stack) -> list[list[str]]:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", str(stack.place / "packages")]
    return [[*pip, *stack.packages]] if stack.packages else []


def _node(stack: Stack) -> list[list[str]]:
    return (
        [["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", ".", *stack.packages]]
        if stack.packages
        else []
    )


def _go(stack: Stack) -> list[list[str]]:
    init = [] if (stack.place / "go.mod").exists() else [["go", "mod", "init", "say"]]
    get = [["go", "get", *stack.packages]] if stack.packages else []
    return [*init, *get, ["go", "mod", "tidy"], ["go", "build", "-o", "main", "."]]


def _rust(stack: Stack) -> list[list[str]]:
    lines = ['[package]\nname = "say"\nversion = "0.1.0"\nedition = "2021"\n\n[dependencies]']
    for package in stack.packages:
        name, version = _split(package)
        name, _, features = name.partition("[")
        lines.append(f'{name} = {{ version = "={version}", {_features(features)} }}')
    (stack.place / "src").mkdir(exist_ok=True)
    (stack.place / "main.rs").replace(stack.place / "src" / "main.rs")
    (stack.place / "Cargo.toml").write_text("\n".join(lines) + "\n[profile.dev]\ndebug = 0\n")
    return [["cargo", "build", "--quiet", "--target-dir", str(stack.place.parent / f"target-{stack.id}")]]


def _features(text: str) -> str:
    names = [name for name in text.rstrip("]").split(",") if name]
    plain = [name for name in names if name != "-default"]
    bare = "default-features = false, " if "-default" in names else ""
    return f"{bare}features = {plain!r}".replace("'", '"')


def _java(stack: Stack) -> list[list[str]]:
    deps = "".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId><version>{version}</version></dependency>"
        for group, name, version in (package.split(":") for package in stack.packages)
    )
    pom = (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>say</groupId>'
        f"<artifactId>say</artifactId><version>1</version><dependencies>{deps}</dependencies></project>"
    )
    (stack.place / "pom.xml").write_text(pom)
    (stack.place / "jars").mkdir(exist_ok=True)
    fetch = ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=jars"]
    return [*([fetch] if stack.packages else []), ["javac", "-cp", "jars/*", "-d", "classes", "Main.java"]]


def _shell(stack: Stack) -> list[list[str]]:
    return [["sh", "-c", stack.more["build"]]] if "build" in stack.more else []


def _bin(stack: Stack) -> list[str]:
    """A program that an npm package ships, with ours."""
    program = stack.place / "node_modules" / ".bin" / stack.more["bin"]
    return [str(program), *stack.more.get("args", "").split(), str(stack.place / "main.mjs")]


def _jvm(stack: Stack) -> list[str]:
    return ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{stack.place}/classes:{stack.place}/jars/*", "Main"]


def _cargo(stack: Stack) -> list[str]:
    return [str(stack.place.parent / f"target-{stack.id}" / "debug" / "say")]


KINDS = {
    "python": Kind(
        (),
        _python,
        lambda stack: [sys.executable, str(stack.place / "main.py")],
        lambda stack: {"PYTHONPATH": str(stack.place / "packages")},
        (sys.executable, "--version"),
    ),
    "node": Kind(
        ("node", "npm"), _node, lambda stack: ["node", str(stack.place / "main.mjs")], runtime=("node", "--version")
    ),
    "bin": Kind(("npm",), _node, _bin),
    "go": Kind(("go",), _go, lambda stack: [str(stack.place / "main")], runtime=("go", "version")),
    "rust": Kind(("cargo",), _rust, _cargo, runtime=("rustc", "--version")),
    "java": Kind(("java", "javac", "mvn"), _java, _jvm, runtime=("javac", "-version")),
    "shell": Kind(("sh",), _shell, lambda stack: ["sh", str(stack.place / "main.sh")]),
}
