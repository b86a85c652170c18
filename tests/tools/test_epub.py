"""The e-book: a valid container, all pages in its spine, XML throughout, nothing from another host."""

import re
import subprocess
import zipfile
from xml.etree import ElementTree

import pytest

from tools.book import outline
from vllm_course import paths

ROOT = paths.root()
PYTHON = ROOT / ".venv-book" / "bin" / "python"
MAKE = """
import sys; from pathlib import Path; from tools.book.__main__ import epub; from tools.book.staging import stage
source, target = map(Path, sys.argv[1:]); stage(Path.cwd(), source); sys.exit(epub(source, target))
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The e-book, opened."""
    if not PYTHON.exists():
        pytest.skip("Sphinx is not there: make book installs it into .venv-book")
    folder = tmp_path_factory.mktemp("epub")
    target = folder / "book.epub"
    done = subprocess.run([PYTHON, "-c", MAKE, folder / "a", target], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(target) as opened:
        yield opened


def test_the_container_begins_with_its_type(book):
    first = book.infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
    assert book.read(first) == b"application/epub+zip"


def test_every_page_is_in_the_spine(book):
    package = next(book.read(name).decode() for name in book.namelist() if name.endswith(".opf"))
    tree = ElementTree.fromstring(package)
    hrefs = {item.get("id"): item.get("href") for item in tree.iter("{http://www.idpf.org/2007/opf}item")}
    order = [hrefs[item.get("idref")] for item in tree.iter("{http://www.idpf.org/2007/opf}itemref")]
    read = {path.removesuffix(".xhtml") for path in order}
    wanted = {page.rpartition(".")[0] for section in outline.contents(ROOT) for page in section.pages}
    assert wanted - read == set()


def test_pages_are_xml_and_load_nothing_from_elsewhere(book):
    pages = [name for name in book.namelist() if name.endswith(".xhtml")]
    assert len(pages) > 70
    for page in pages:
        text = book.read(page).decode()
        ElementTree.fromstring(text.replace("&nbsp;", " "))
        assert not re.search(r'<(script|img|link|iframe)[^>]*(src|href)="(https?:)?//', text), page
