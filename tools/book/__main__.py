"""Build the book: `make book`, or `make book ARGS=--serve` to read it at once on 127.0.0.1.

The exit code is 1 where a link leads nowhere or Sphinx warns of something.
"""

import argparse
import functools
import http.server
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tools.book.staging import stage

ROOT = Path(__file__).parents[2]
STAGED = Path("build") / ".book"  # hidden, so that no test takes the copies for pages of the course
BOOK = Path("build") / "book"
EPUB = Path("build") / "vllm-course.epub"
PORT = 8000
UNDER = "The pages under this one"


def main(argv: list[str] | None = None) -> int:
    """Build the book and say where it is; return an exit code."""
    arguments = parser().parse_args(argv)
    started = time.monotonic()
    missing = stage(ROOT, ROOT / STAGED)
    for link in missing:
        print(f"{link} must lead to a file that is there.", file=sys.stderr)
    if missing and not arguments.draft:
        print("No book. --draft builds one without these links.", file=sys.stderr)
        return 1
    if arguments.epub:
        return epub(ROOT / STAGED, ROOT / EPUB)
    if not build(ROOT / STAGED, ROOT / BOOK):
        print("Sphinx must have nothing to warn of, and says above what it found. No book.", file=sys.stderr)
        return 1
    print(f"{BOOK}: {size(ROOT / BOOK) / 1e6:.0f} MB after {time.monotonic() - started:.0f} s.")
    if arguments.serve:
        return serve(ROOT / BOOK, arguments.port)
    print("Read it: make book ARGS=--serve")
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    result = argparse.ArgumentParser(prog="python -m tools.book", description=__doc__.splitlines()[0])
    result.add_argument("--serve", action="store_true", help="show the book on 127.0.0.1 until Ctrl-C")
    result.add_argument("--port", type=int, default=PORT, help="the port of --serve (default: %(default)s)")
    result.add_argument("--epub", action="store_true", help=f"write {EPUB} for a reader of e-books instead")
    result.add_argument("--draft", action="store_true", help="leave out links to files that are not there yet")
    return result


def build(source: Path, target: Path) -> bool:
    """Have Sphinx make the book, anew, with warnings as errors; return whether it did."""
    shutil.rmtree(target, ignore_errors=True)
    made = source / ".made" / "html"  # myst-nb leaves notebooks beside it, which no test may take for the course's
    if not sphinx("html", source, made):
        return False
    shutil.move(made, target)
    for page in target.rglob("*.html"):
        page.write_text(named(page.read_text("utf-8")), "utf-8")
    for unread in target.rglob("*.map"):  # for those who change the theme
        unread.unlink()
    return True


def named(html: str) -> str:
    """Return a page in which each switch of the table of contents has a name for those who do not see its arrow."""
    return html.replace(
        '<summary><span class="toctree-toggle"', f'<summary aria-label="{UNDER}"><span class="toctree-toggle"'
    )


def epub(source: Path, target: Path) -> int:
    """Have Sphinx make one file for readers of e-books, with warnings as errors; return an exit code."""
    made = source / ".made" / "epub"
    if not sphinx("epub", source, made):
        print("Sphinx must have nothing to warn of, and says above what it found. No e-book.", file=sys.stderr)
        return 1
    target.parent.mkdir(parents=True, exist_ok=True)
    (written,) = made.glob("*.epub")
    shutil.copy(written, target)
    print(f"{target.name}: {target.stat().st_size / 1e6:.0f} MB, in {target.parent}.")
    return 0


def sphinx(builder: str, source: Path, made: Path) -> bool:
    """Run one of Sphinx's builders over the copies, with the static files beside them; return whether it succeeded."""
    shutil.copytree(Path(__file__).with_name("static"), source / "static", dirs_exist_ok=True)
    shutil.copy(Path(__file__).with_name("conf.py"), source / "conf.py")
    command = [sys.executable, "-m", "sphinx", "-b", builder, "-q", "-W", "--keep-going", "-j", "2"]
    command += ["-D", f"version={version()}"]
    return subprocess.run([*command, "-d", source / f".doctrees-{builder}", source, made]).returncode == 0


def version() -> str:
    """Return the version of the course, which an e-book must have."""
    text = (ROOT / "vllm_course/__init__.py").read_text("utf-8")
    return re.search(r'^__version__ = "(.+?)"', text, re.MULTILINE).group(1)


def size(folder: Path) -> int:
    """Return the bytes of all files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def serve(folder: Path, port: int) -> int:
    """Serve a folder on this machine only, until Ctrl-C."""
    handler = functools.partial(QuietHandler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        print(f"The book is at http://127.0.0.1:{server.server_port}/ until Ctrl-C.", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 130
    return 0


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files without a line for each."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    sys.exit(main())
