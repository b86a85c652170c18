"""`Endpoint`: a model behind any server that speaks OpenAI's API, with errors of one line."""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import openai

from vllm_course.errors import CourseError, UsageError, did_you_mean
from vllm_course.remote.address import is_loopback
from vllm_course.remote.reply import Reply

NO_KEY = "EMPTY"  # what vLLM's examples give a client that must have some
LETTERS = 3  # of a token, where nobody counts tokens: rather too many tokens than too few
SHORT = 200  # characters of what a server says, in an error
COUNTING_WITHIN = 30.0  # seconds
STARTED = "Start the server, or correct --base-url."


class Endpoint:
    """A model behind a server, in an `async with` block, or between `open` and `aclose`.

    Args:
        base_url: What comes before `/chat/completions`, for example `http://127.0.0.1:8000/v1`.
        model: Its name there; None takes the first.
        api_key: What the server wants to see, None for nothing.
        timeout: Seconds that an answer may take.

    Attributes:
        model: The model's name.
        context: The longest request in tokens, None where the server does not say.
        counts_tokens: Whether the server counts tokens; without that they are estimated from letters.

    Raises:
        UsageError: The URL is none.
    """

    def __init__(
        self, base_url: str, *, model: str | None = None, api_key: str | None = None, timeout: float = 300
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"--base-url must be an address such as http://127.0.0.1:8000/v1, got {base_url!r:.80}.")
        self.url, self.model, self.timeout = base_url.rstrip("/"), model, timeout
        self.context: int | None = None
        self.counts_tokens = True
        # A proxy is for other machines: it could not reach this one.
        self._http = openai.DefaultAsyncHttpxClient(trust_env=not is_loopback(base_url), timeout=timeout)
        self.client = openai.AsyncOpenAI(
            base_url=self.url, api_key=api_key or NO_KEY, http_client=self._http, max_retries=0
        )

    async def open(self) -> "Endpoint":
        """See that the server is there, takes the key, and has the model.

        Raises:
            CourseError: It is not, does not, or has not.
        """
        try:
            await self._find_model()
        except BaseException:
            await self.aclose()
            raise
        return self

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> "Endpoint":
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def stream(
        self, messages: list[dict[str, Any]], tools: list[dict] | None = None, **options: Any
    ) -> AsyncIterator[Reply]:
        """Ask for an answer, and yield it as it grows: one object, which is complete at the end.

        Args:
            messages: The conversation.
            tools: What the model may call, as OpenAI's schemas.
            **options: More fields of the request, such as `max_tokens` or `temperature`.

        Raises:
            CourseError: The server refuses, ends in the middle, or takes longer than `timeout`.
        """
        reply = Reply()
        asked = {"model": self.model, "messages": messages, **({"tools": tools} if tools else {}), **options}
        end = asyncio.get_running_loop().time() + self.timeout
        with self._in_one_line():
            async with asyncio.timeout_at(end):
                stream = await self.client.chat.completions.create(
                    **asked, stream=True, stream_options={"include_usage": True}
                )
            try:
                while True:
                    # Around each wait only: what the reader does with a piece is no time of the server.
                    async with asyncio.timeout_at(end):
                        chunk = await anext(stream, None)
                    if chunk is None:
                        break
                    reply.add(chunk)
                    yield reply
            finally:
                await stream.close()
        if reply.finish_reason is None:
            raise CourseError(
                f"the server at {self.url} must finish its answer, got a stream that ended in the middle. Ask again; "
                "the server's log says more."
            )
        yield reply

    async def count(self, messages: list[dict[str, Any]], tools: list[dict] | None = None) -> int:
        """Return the length of a prompt in tokens, template and tools included."""
        body = {"messages": messages, "tools": tools} if tools else {"messages": messages}
        letters = len(str(messages)) + len(str(tools or ""))
        return await self._tokenized(body, letters)

    async def count_text(self, text: str) -> int:
        """Return the length of a text in tokens."""
        return await self._tokenized({"prompt": text, "add_special_tokens": False}, len(text))

    async def _tokenized(self, body: dict[str, Any], letters: int) -> int:
        """Ask vLLM's /tokenize; other servers have none."""
        if self.counts_tokens:
            root = self.url.removesuffix("/v1")
            with self._in_one_line():
                answer = await self._http.post(
                    f"{root}/tokenize",
                    json={"model": self.model, **body},
                    headers=self.client.auth_headers,
                    timeout=COUNTING_WITHIN,
                )
            if answer.status_code == 200:
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    found = answer.json()
                    self.context = int(found["max_model_len"])
                    return int(found["count"])
            elif answer.status_code == 400 and "messages" in body:
                raise CourseError(f"the server must take the conversation, got: {_said(answer.text)}. Shorten it.")
            self.counts_tokens = False
        return math.ceil(letters / LETTERS)

    async def _find_model(self) -> None:
        with self._in_one_line():
            try:
                async with asyncio.timeout(min(self.timeout, COUNTING_WITHIN)):
                    served = {model.id: model for model in (await self.client.models.list()).data or []}
            except openai.NotFoundError:
                raise CourseError(
                    f"--base-url must lead to OpenAI's API, got {self.url}, which has no /models. It usually ends in "
                    "/v1."
                ) from None
            except (ValueError, AttributeError, TypeError):  # a page for people, or other JSON
                raise CourseError(
                    f"--base-url must lead to OpenAI's API, got {self.url}, which answers with something else. It "
                    "usually ends in /v1."
                ) from None
        if not served:
            raise CourseError(f"the server at {self.url} must serve a model, got none. Start it with one.")
        self.model = self.model or next(iter(served))
        if self.model not in served:
            remedy = did_you_mean(self.model, served, otherwise=f"It serves {', '.join(served)}.")
            raise UsageError(f"--model must be one that the server serves, got {self.model!r}. {remedy}")
        self.context = getattr(served[self.model], "max_model_len", None)

    @contextlib.contextmanager
    def _in_one_line(self) -> Iterator[None]:
        """Turn what a request may fail with into one line."""
        at = f"the server at {self.url}"
        try:
            yield
        except CourseError:
            raise
        except (TimeoutError, openai.APITimeoutError, httpx2.TimeoutException):
            raise CourseError(
                f"{at} must answer within {self.timeout:g} s, got no whole answer. Ask for less, or raise --timeout."
            ) from None
        except openai.AuthenticationError:
            raise CourseError(
                f"{at} must accept the API key, got 401. Put the right key into the variable that --api-key-env names."
            ) from None
        except openai.APIStatusError as error:
            rule = f"{at} must accept the request, got {error.status_code}"
            raise CourseError(f"{rule}: {_said(error.message)}. Its log says more.") from None
        except (openai.APIConnectionError, httpx2.ConnectError) as error:
            reason = error.__cause__ or error
            raise CourseError(f"{at} must be there, got {_said(str(reason))}. {STARTED}") from None
        # The last three: what is no answer of OpenAI's API, which the client hands on as it is.
        except (openai.APIError, httpx2.HTTPError, ValueError, TypeError, AttributeError) as error:
            reason = _said(str(error)) or type(error).__name__
            raise CourseError(f"{at} must answer to the end, got: {reason}. Ask again; its log says more.") from None


def _said(text: str) -> str:
    """Return what a server says, as a part of a line that a terminal can show."""
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(text.split()).rstrip(".")[:SHORT]
