"""What the repository says of itself is true."""

import re
from pathlib import Path

import pytest

import grpcdemo

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *(ROOT / ".github").glob("*.md")]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_link_leads_to_a_file(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https:|#)([^)#]+)", text) + re.findall(r'src(?:set)?="(?!https:)([^"]+)', text)
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_changelog_begins_with_this_version() -> None:
    changelog = (ROOT / ".github" / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[(.*?)\]", changelog, re.MULTILINE)
    assert next(version for version in versions if version != "Unreleased") == grpcdemo.__version__
