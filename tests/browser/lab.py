"""JupyterLab in a browser page: open notebooks, run cells, change the looks."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.server import LabServer

DRIVER = Path(__file__).with_name("driver.js")
WIDE, NARROW, HEIGHT = 1300, 800, 900  # pixels
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
KERNEL_SECONDS = 120  # for one run: loading vLLM takes 15 to 30 s on two cores


class Lab:
    """One page with JupyterLab.

    Args:
        page: An empty browser page.
        server: A server that answers.
    """

    def __init__(self, page: Page, server: LabServer) -> None:
        self.page = page
        self.server = server
        page.on("console", lambda message: self._log(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self._log(f"uncaught: {error}"))
        page.add_init_script(path=DRIVER)

    def _log(self, line: str) -> None:
        with self.server.console.open("a", encoding="utf-8") as console:
            console.write(f"{line}\n")

    def start(self, path: str = "lab") -> None:
        """Load JupyterLab and wait until it shows what it restores."""
        self.page.goto(self.server.url(path))
        self.page.wait_for_function("window.jupyterapp !== undefined")
        self.page.evaluate("driver.ready()")

    def open(self, path: str) -> "Notebook":
        """Open a notebook of the course, by its path from the course's folder, and start its kernel."""
        self.page.evaluate("path => driver.open(path)", path)
        return Notebook(self, path)

    def tabs(self) -> list[str]:
        """Return the labels of the tabs in the main area, from left to right."""
        return self.page.evaluate("driver.tabs()")

    def wait_until_in_front(self, tab: str) -> None:
        """Wait until a tab is the current one: a file's path, or the label of a tab without a file."""
        self.page.wait_for_function("tab => driver.current() === tab", arg=tab)

    def command(self, name: str, **arguments: Any) -> None:
        """Execute one of JupyterLab's commands."""
        self.page.evaluate("([name, args]) => window.jupyterapp.commands.execute(name, args)", [name, arguments])

    @contextmanager
    def look(self, *, theme: str, width: int) -> Iterator[None]:
        """Show everything in a theme ("light" or "dark") and a width in pixels, for a while."""
        self._set_look(theme, width)
        yield
        self._set_look("light", WIDE)

    def _set_look(self, theme: str, width: int) -> None:
        self.page.set_viewport_size({"width": width, "height": HEIGHT})
        self.page.evaluate("shown => driver.showFileBrowser(shown)", width >= WIDE)
        self.command("apputils:change-theme", theme=THEMES[theme])
        light = str(theme == "light").lower()
        expect(self.page.locator("body")).to_have_attribute("data-jp-theme-light", light)
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)  # covers the page while the theme loads


@dataclass(frozen=True)
class Notebook:
    """A notebook that is open in JupyterLab; cells count from 0, Markdown cells included."""

    lab: Lab
    path: str

    def show(self) -> None:
        """Bring its tab to the front."""
        self._ask("show")

    def run_all(self, *, seconds: int = KERNEL_SECONDS) -> None:
        """Run all cells from the first to the last and wait until the kernel is idle."""
        self._ask("runAll", seconds)

    def run(self, index: int, *, seconds: int = KERNEL_SECONDS) -> None:
        """Run one cell and wait until the kernel is idle."""
        self._ask("run", index, seconds)

    def clear(self) -> None:
        """Clear the outputs of all cells."""
        self._ask("clear")

    def restart(self) -> None:
        """Restart the kernel; what the cells show stays."""
        self._ask("restart")

    def code_cells(self) -> list[dict[str, Any]]:
        """Return what the notebook holds: of each code cell the keys index, executed, tags, source and outputs."""
        return self._ask("codeCells")

    def find(self, text: str) -> int:
        """Return the index of the one code cell whose source contains a text."""
        (found,) = [cell["index"] for cell in self.code_cells() if text in cell["source"]]
        return found

    def cell(self, index: int) -> Locator:
        """Return a cell as the page shows it."""
        return self.panel.locator(".jp-Notebook .jp-Cell").nth(index)

    @property
    def panel(self) -> Locator:
        """The notebook's tab as the page shows it."""
        return self.lab.page.locator(f"[id='{self._ask('panelId')}']")

    def type_into(self, index: int, source: str) -> None:
        """Replace a cell's source by keyboard."""
        editor = self.cell(index).locator(".cm-content")
        editor.scroll_into_view_if_needed()
        editor.click()
        self.lab.page.keyboard.press("Control+A")
        self.lab.page.keyboard.insert_text(source)

    def shut_down(self) -> None:
        """End the kernel, save and close the tab."""
        self._ask("shutDown")

    def _ask(self, what: str, *arguments: Any) -> Any:
        return self.lab.page.evaluate(f"args => driver.{what}(...args)", [self.path, *arguments])
