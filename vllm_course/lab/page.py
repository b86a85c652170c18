"""JupyterLab's server side of the course page, for those who are logged in.

GET vllm-course/map is the map, GET vllm-course/review what is due, and POST to it judges an answer.

The page itself is extension/ beside this file. Installing the package copies it to share/jupyter/labextensions and
the two files of config/ to etc/jupyter (`shared-data` in pyproject.toml), where JupyterLab, JupyterHub and Binder
look. After a change there, `make` installs again; this file needs no more than a new start of JupyterLab.

config/settings.json holds the course's defaults for JupyterLab; a learner's own settings still win:

- no question about Jupyter news, because the course needs no network;
- Markdown opens rendered, because the concept pages are there to be read (right click, Open With, Editor to edit);
- long lines of code wrap, so that a narrow window shows all of them;
- closing a notebook shuts its kernel down, because each kernel holds an engine and its memory;
- a widget's buttons are heard where cells run, not in a thread beside them (a subshell of the kernel): a button would
  otherwise use the engine in the middle of a cell, and two changes of a widget could overtake each other.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join
from tornado import web

from vllm_course.errors import CourseError
from vllm_course.lab.lesson_map import lesson_map


class MapHandler(APIHandler):
    """Answers with `lesson_map` as JSON."""

    auth_resource = "contents"
    # The page asks again and again while it is visible; that alone must not keep an idle server from being stopped.
    _track_activity = False

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Read the map in a thread: a kernel that writes its progress must not hold up the whole server."""
        self.finish(await asyncio.to_thread(lesson_map, Path(self.contents_manager.root_dir)))


class ReviewHandler(APIHandler):
    """Answers with what is due for a review, and judges what is sent: lesson and name of a question, and an answer."""

    auth_resource = "contents"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Read what is due."""
        await self._finish(_review)

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Judge an answer and keep it."""
        sent = self.get_json_body() or {}
        await self._finish(lambda: _judge(sent))

    async def _finish(self, work: Callable[[], dict[str, Any]]) -> None:
        try:
            self.finish(await asyncio.to_thread(work))
        except CourseError as error:
            self.finish({"problem": str(error)})


def _review() -> dict[str, Any]:
    from vllm_course.reviewing.asking import today  # takes pandas along, which a start of JupyterLab does not need

    found = today()
    return found.as_document() | {"nothing": "" if found.questions else found.nothing()}


def _judge(sent: dict[str, Any]) -> dict[str, Any]:
    from vllm_course.reviewing.answering import answer
    from vllm_course.reviewing.asking import find

    return answer(find(str(sent.get("lesson")), str(sent.get("name"))), sent.get("sent"))


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Tell the Jupyter server which module to load."""
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: ServerApp) -> None:
    """Add the handler below the server's own address, whatever that is (JupyterHub's has the user's name)."""
    base = server.web_app.settings["base_url"]
    handlers = {"map": MapHandler, "review": ReviewHandler}
    routes = [(url_path_join(base, "vllm-course", name), handler) for name, handler in handlers.items()]
    server.web_app.add_handlers(".*$", routes)
