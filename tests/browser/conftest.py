"""Browser tests: `make test-browser`. One JupyterLab and one page serve nearly all of them.

They are not among the tests of `make test`: they need Chromium, which no Python package brings.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect, sync_playwright

from tests.browser.lab import HEIGHT, WIDE, Lab, Notebook
from tests.browser.report import BROWSER, SERVER, add_to, clear
from tests.browser.scratch import write
from tests.browser.server import LabServer

CHROMIUM = "/usr/bin/chromium"
PATIENCE = 20_000  # milliseconds until something expected must be seen; a busy machine with two cores is slow
QUIET = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say where the browser is, and where pictures go."""
    group = parser.getgroup("browser tests")
    group.addoption("--chromium", default=CHROMIUM, metavar="FILE", help=f"browser to drive (default: {CHROMIUM})")
    group.addoption("--screenshots", type=Path, metavar="DIR", help="keep pictures of the widgets in this folder")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to start without a browser: a test that is skipped looks like one that passed."""
    chromium = config.getoption("--chromium")
    if not os.access(chromium, os.X_OK):
        raise pytest.UsageError(
            f"the browser tests need Chromium, got none at {chromium}. Install Debian's package: apt-get install "
            "chromium. Or name another: make test-browser ARGS=--chromium=/path/to/chrome"
        )
    if not hasattr(config, "workerinput"):
        clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show the logs of a failed test, and keep a picture of every page."""
    report = yield
    if report.failed:
        add_to(report, item.session.stash)
    return report


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[LabServer]:
    """JupyterLab over a copy of the course; stopped with all its kernels at the end."""
    started = LabServer(tmp_path_factory.mktemp("lab"))
    request.session.stash[SERVER] = started
    try:
        started.wait_until_ready()
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="session")
def chromium(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """The browser."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # root cannot have one
    path = request.config.getoption("--chromium")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*QUIET, *sandbox])
        request.session.stash[BROWSER] = browser
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(server: LabServer, chromium: Browser) -> Lab:
    """The page with JupyterLab that the tests share."""
    shared = Lab(chromium.new_page(viewport={"width": WIDE, "height": HEIGHT}), server)
    shared.start()
    return shared


@pytest.fixture(scope="session")
def bench(lab: Lab) -> Iterator[Notebook]:
    """A notebook with an engine, and a playground in its last cell."""
    loading = "from vllm_course import load_model, playground\nllm = load_model()"
    notebook = write(lab, "bench.ipynb", [loading, "playground(llm)"])
    notebook.run(0)
    yield notebook
    notebook.shut_down()


@pytest.fixture
def playground(bench: Notebook) -> Locator:
    """A new playground, in front."""
    bench.show()
    bench.run(1)
    shown = bench.panel.locator(".vc-playground")
    expect(shown.locator(".vc-entropy")).to_be_visible()
    return shown


@pytest.fixture(scope="session")
def screening(lab: Lab) -> Iterator[Notebook]:
    """A notebook with the film of a run in two places: request 2 waits, and the prefix cache knows its beginning."""
    filming = (
        "from vllm import SamplingParams\nfrom vllm_course import load_model, xray\n"
        "llm = load_model(max_num_seqs=2, block_size=32)\nllm.reset_prefix_cache()\n"
        "story = 'Once upon a time there was a little girl who lived in a house by the sea. ' * 3\n"
        "params = [SamplingParams(temperature=0, max_tokens=tokens, ignore_eos=True) for tokens in (3, 6, 4)]\n"
        "with xray(llm) as film:\n    llm.generate(['Hello', story, story], params)"
    )
    notebook = write(lab, "film.ipynb", [filming, "film.show()"])
    notebook.run(0)
    yield notebook
    notebook.shut_down()


@pytest.fixture
def film(screening: Notebook) -> Locator:
    """A new player of a film, in front."""
    screening.show()
    screening.run(1)
    shown = screening.panel.locator(".vc-film")
    expect(shown.get_by_role("slider", name="step")).to_be_visible()
    return shown


@pytest.fixture(scope="session")
def talks(lab: Lab) -> Iterator[Notebook]:
    """A notebook with a chat model and chat boxes in its cells: one with a conversation, one with long answers.

    A token lasts 0.03 s at least, so that there is time to stop an answer, however fast the machine is.
    """
    loading = "from vllm_course import chat_box, load_chat_model\nllm = load_chat_model('pocket-chat')\n"
    loading += "import time\nengine = llm.llm_engine\nstep = engine.step\n"
    loading += "engine.step = lambda: [step(), time.sleep(0.03)][0]"
    said = 'chat_box(llm, system="", say=["Hello!", "Write Python code that counts to ten."])'
    long = 'chat_box(llm, system="You are a pirate.", max_tokens=500, ignore_eos=True)'
    heard = "import threading\nheard, box = [], chat_box(llm)\n"
    heard += "box.parts.talk.on_msg(lambda *_: heard.append(threading.current_thread().name))\nbox"
    notebook = write(lab, "talks.ipynb", [loading, said, long, "1 + 1", heard, "heard"])
    notebook.run(0)
    yield notebook
    notebook.shut_down()


@pytest.fixture
def chat(talks: Notebook) -> Locator:
    """A new chat box with a conversation, in front."""
    return _chat_box(talks, 1)


@pytest.fixture
def long_chat(talks: Notebook) -> Locator:
    """A new, empty chat box whose answers end only when they are stopped, in front."""
    return _chat_box(talks, 2)


@pytest.fixture
def heard_chat(talks: Notebook) -> Locator:
    """A new, empty chat box, in front; the last cell of its notebook says which thread heard its buttons."""
    return _chat_box(talks, 4)


def _chat_box(talks: Notebook, cell: int) -> Locator:
    talks.show()
    talks.clear()
    talks.run(cell)
    shown = talks.panel.locator(".vc-chat")
    expect(shown.locator(".vc-log")).to_be_visible()
    return shown
