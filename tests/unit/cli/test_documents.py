"""What the documents promise exists: targets of make, verbs, files, and configuration that loads."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tympan.cli.main import VERBS
from tympan.config import load

ROOT = Path(__file__).parents[3]
DOCUMENTS = [
    ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/configuration.md")
]


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_target_exists(path):
    promised = set(re.findall(r"(?:`|^|\n|&& )make ([a-z]+)", text_of(path)))
    known = set(re.findall(r"(?m)^([a-z]+):", text_of(ROOT / "Makefile")))
    assert promised <= known
    if path.name == "README.md":
        assert {"run", "test"} <= promised


def test_make_without_a_target_lists_them():
    done = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for target in ("run", "test", "check", "bench"):
        assert f"make {target} " in done.stdout


def test_the_readme_has_every_verb_and_no_other():
    promised = set(re.findall(r"`tympan ([a-z-]+)", text_of(ROOT / "README.md")))
    assert promised == set(VERBS)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_inside_the_repository_lead_somewhere(path):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text_of(path)):
        assert (path.parent / target).exists(), target


EXAMPLES = [
    (path.name, block)
    for path in DOCUMENTS
    for block in re.findall(r"```toml\n(.*?)```", text_of(path), re.DOTALL)
    if "[[printers]]" in block
]


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_configuration_in_the_documents_is_right(name, example, tmp_path):
    path = tmp_path / name
    path.write_text(example, encoding="utf-8")
    assert load(path, {}).printers


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-dev.txt"])
def test_the_pins_have_hashes_and_no_addresses(name):
    text = text_of(ROOT / name)
    assert "://" not in text
    entries = re.split(r"\n(?=\S)", text.strip())
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+==[^ ]+", entry), entry[:80]
        assert "--hash=sha256:" in entry, entry[:80]


def test_the_service_is_pinned_to_what_it_is_tested_with():
    pins = [
        dict(re.findall(r"(?m)^([a-z0-9._-]+)==([^ ;\\]+)", text_of(ROOT / name)))
        for name in ("constraints.txt", "constraints-dev.txt")
    ]
    assert {name: pins[1].get(name) for name in pins[0]} == pins[0]
