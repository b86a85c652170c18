"""Serve a model over HTTP: POST /generate completes a prompt, GET /health says that the server answers.

Examples:
  python solutions/02-text-generation/web_api.py
  python solutions/02-text-generation/web_api.py --model pocket-base-mini --port 8123
  curl http://127.0.0.1:8123/generate -H 'content-type: application/json' -d '{"prompt": "The moon", "seed": 1}'
"""

import argparse
import socket
import threading

from fastapi import FastAPI, HTTPException
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from vllm_course import load_model
from vllm_course.parameters import SEEDS
from vllm_course.tool import ToolParser, UsageError, model_name, number, tool


class Request(BaseModel):
    """What a client may ask; FastAPI answers 422 and names the field when a request is not like this."""

    model_config = ConfigDict(extra="forbid")

    prompt: str = Field(min_length=1)
    temperature: float = Field(0.7, ge=0, le=2)
    top_p: float = Field(1.0, gt=0, le=1)
    max_tokens: int = Field(64, ge=1, le=512)
    seed: int | None = Field(None, ge=0, le=SEEDS)


class Reply(BaseModel):
    """What a client gets."""

    text: str
    tokens: int
    finish_reason: str


def create_app(llm) -> FastAPI:
    """Return the web application around an engine.

    FastAPI runs a handler that is a plain `def` in a thread of its own, so /health answers while text is generated.
    The engine must never be called by two threads at once, hence the lock.
    """
    app, one_at_a_time = FastAPI(title="Text generation"), threading.Lock()

    @app.exception_handler(RequestValidationError)
    def refuse(_, error: RequestValidationError) -> JSONResponse:
        # FastAPI's own answer holds what was sent too, and fails where JSON cannot: half a character, NaN, bytes.
        broken = [{name: rule[name] for name in ("type", "loc", "msg")} for rule in error.errors()]
        return JSONResponse({"detail": broken}, status_code=422)

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/generate")
    def generate(request: Request) -> Reply:
        from vllm import SamplingParams
        from vllm.exceptions import VLLMValidationError

        try:
            params = SamplingParams(**request.model_dump(exclude={"prompt"}))
            with one_at_a_time:
                (output,) = llm.generate(request.prompt, params)
        except VLLMValidationError as error:  # not a ValueError; for example a prompt longer than the context
            raise HTTPException(status_code=400, detail=str(error)) from None
        completion = output.outputs[0]
        return Reply(
            text=completion.text, tokens=len(completion.token_ids), finish_reason=completion.finish_reason or ""
        )

    return app


def build_parser() -> argparse.ArgumentParser:
    """Return the parser."""
    parser = ToolParser(description=__doc__)
    parser.add_argument(
        "--model", type=model_name, help="shipped model, folder or Hugging Face id (default: pocket-base)"
    )
    parser.add_argument(
        "--port",
        type=number(int, low=0, high=65535, remedy="Use 0 for any that is free."),
        default=8123,
        help="port on 127.0.0.1, which other machines cannot reach; 0 takes a free one (default: %(default)s)",
    )
    return parser


def listen(port: int) -> socket.socket:
    """Take a port of this machine, before the seconds that loading takes.

    Raises:
        UsageError: The port is taken.
    """
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise UsageError(f"port must be free, got {port} ({error.strerror}). Use 0 for any that is free.") from None


@tool
def main(argv: list[str] | None = None) -> int:
    """Serve until Ctrl-C.

    Args:
        argv: Command line without the program's name; None takes the real one.

    Returns:
        Exit code: 1 for a failed run, 130 after Ctrl-C. A wrong command line exits with 2.
    """
    import uvicorn

    args = build_parser().parse_args(argv)
    with listen(args.port) as listener:
        app = create_app(load_model(args.model))
        print(f"http://127.0.0.1:{listener.getsockname()[1]}/docs shows what can be asked; Ctrl-C ends it.", flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
