"""Debian packages of any architecture, by an apt of the lab's own: nothing of the machine's packages is touched.

Owns the sources (those of the machine, with another release and architecture), the lists and the downloaded files.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

RELEASE = "bookworm"
"""The Debian that Raspberry Pi OS stands on."""

_SUITE = re.compile(r"(?P<release>[a-z]+)(?P<part>(-security|-updates)?)")


class PackagesError(Exception):
    """apt could not do it; the text says why."""


class Packages:
    """The packages of one architecture. Several threads may fetch the same.

    Args:
        cache: A directory of the lab's; lists and files are kept there.
        architecture: As Debian calls it.
    """

    def __init__(self, cache: Path, architecture: str) -> None:
        self.architecture = architecture
        self._home = cache / "apt" / architecture
        self._fetching = threading.Lock()
        for directory in ("lists/partial", "archives/partial", "log"):
            (self._home / directory).mkdir(parents=True, exist_ok=True)
        (self._home / "status").touch()
        (self._home / "sources.list").write_text("".join(sources(architecture)))
        self._conf = self._home / "apt.conf"
        self._conf.write_text(
            f'APT::Architecture "{architecture}"; APT::Architectures {{ "{architecture}"; }};\n'
            f'Dir::State "{self._home}"; Dir::State::status "{self._home}/status"; Dir::State::lists "{self._home}/lists";\n'
            f'Dir::Cache "{self._home}"; Dir::Cache::archives "{self._home}/archives"; Dir::Log "{self._home}/log";\n'
            f'Dir::Etc::SourceList "{self._home}/sources.list"; Dir::Etc::SourceParts "/dev/null"; Dir::Etc::PreferencesParts "/dev/null";\n'
            'APT::Install-Recommends "false"; APT::Sandbox::User "root"; Debug::NoLocking "true";\n'
            'Acquire::Languages "none"; Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";\n'
            'Acquire::IndexTargets::deb-src::Sources::DefaultEnabled "false"; Binary::apt-get::APT::Keep-Downloaded-Packages "true";\n'
        )

    def update(self) -> None:
        """Fetch the lists; those that did not change are not fetched again."""
        self._apt("apt-get", "update")

    def closure(self, names: Sequence[str]) -> list[str]:
        """``name=version`` of the packages and all they need, in no order of importance."""
        said = self._apt("apt-get", "install", "--simulate", "--quiet=2", *names)
        found = re.findall(r"^Inst (\S+?)(?::\w+)? \((\S+)", said, re.MULTILINE)
        return sorted(f"{name}={version}" for name, version in found)

    def depends(self, name: str, pattern: str) -> str:
        """The package that `name` depends on and whose name matches `pattern`."""
        for line in self._apt("apt-cache", "depends", "--important", name).splitlines():
            found = re.fullmatch(rf"\s*\|?(?:Pre)?Depends: ({pattern})(?::\w+)?", line)
            if found:
                return found[1]
        raise PackagesError(f"{name} depends on nothing like {pattern}")

    def version(self, name: str) -> str:
        """The newest version there is."""
        found = re.search(r"^Version: (\S+)$", self._apt("apt-cache", "show", name), re.MULTILINE)
        if found is None:
            raise PackagesError(f"there is no package {name}")
        return found[1]

    def fetch(self, packages: Sequence[str]) -> list[Path]:
        """Download ``name=version`` without what they depend on, unless they are there; returns the files."""
        with self._fetching:
            missing = [package for package in packages if self._file(package) is None]
            if missing:
                self._apt("apt-get", "download", "--quiet=2", *missing, directory=self._home / "archives")
        files = [self._file(package) for package in packages]
        lost = [package for package, path in zip(packages, files, strict=True) if path is None]
        if lost:
            raise PackagesError(f"not downloaded: {', '.join(lost)}")
        return [path for path in files if path is not None]

    def _file(self, package: str) -> Path | None:
        name, _, version = package.partition("=")
        for architecture in (self.architecture, "all"):
            path = self._home / "archives" / f"{name}_{version.replace(':', '%3a')}_{architecture}.deb"
            if path.exists():
                return path
        return None

    def _apt(self, *command: str, directory: Path | None = None) -> str:
        done = subprocess.run(
            command,
            env={**os.environ, "APT_CONFIG": str(self._conf), "LC_ALL": "C"},
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        if done.returncode:
            raise PackagesError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout


def unpack(files: Sequence[Path], root: Path) -> None:
    """Unpack packages into a tree with a merged /usr. No script of theirs runs."""
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        if not (root / name).is_symlink():
            (root / name).symlink_to(f"usr/{name}")
    for file in files:
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", file], stdout=subprocess.PIPE) as reader:
            subprocess.run(
                ["tar", "-x", "--keep-directory-symlink", "--directory", root],
                stdin=reader.stdout,
                check=True,
            )
        if reader.returncode:
            raise PackagesError(f"{file} cannot be unpacked")


def sources(architecture: str) -> list[str]:
    """Lines of a sources.list: the machine's own Debian archives, for `RELEASE` and an architecture.

    Raises:
        PackagesError: The machine has none.
    """
    lines: list[str] = []
    for entry in _machine_sources():
        for uri in entry["URIs"].split():
            for suite in entry["Suites"].split():
                found = _SUITE.fullmatch(suite)
                if found is None or found["release"] != _machine_release():
                    continue
                signed = entry.get("Signed-By", "")
                option = f" signed-by={signed}" if signed.startswith("/") else ""
                line = f"deb [arch={architecture}{option}] {uri} {RELEASE}{found['part']} main\n"
                if line not in lines:
                    lines.append(line)
    if not lines:
        raise PackagesError("no source of Debian packages in /etc/apt")
    return lines


def _machine_release() -> str:
    found = re.search(r"^VERSION_CODENAME=(\w+)$", Path("/etc/os-release").read_text(), re.MULTILINE)
    return found[1] if found else RELEASE


def _machine_sources() -> list[dict[str, str]]:
    """Every source of binary packages, as the fields of a deb822 file."""
    found: list[dict[str, str]] = []
    for path in sorted(Path("/etc/apt/sources.list.d").glob("*.sources")):
        for paragraph in re.split(r"\n\s*\n", path.read_text()):
            fields = dict(re.findall(r"^([\w-]+):[ \t]*(.*)$", paragraph, re.MULTILINE))
            if "deb" in fields.get("Types", "").split() and fields.get("Enabled", "yes") == "yes":
                found.append(fields)
    for path in [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*.list"))]:
        for line in path.read_text().splitlines() if path.exists() else ():
            entry = re.match(r"deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s", line)
            if entry:
                signed = re.search(r"signed-by=(\S+)", entry["options"] or "")
                found.append(
                    {
                        "URIs": entry["uri"],
                        "Suites": entry["suite"],
                        "Signed-By": signed[1] if signed else "",
                    }
                )
    return [entry for entry in found if _has_debian(entry)]


def _has_debian(entry: dict[str, str]) -> bool:
    """Whether an archive is Debian's and not somebody's that has packages for it."""
    return "main" in entry.get("Components", "main").split() and "debian" in entry["URIs"]


def clean(directory: Path, keep: str) -> None:
    """Remove everything in a directory of cached things but `keep`."""
    for path in directory.iterdir() if directory.exists() else ():
        if path.name != keep:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
