"""Chat with a model behind any server that speaks OpenAI's API, and let it use the tools of MCP servers.

Examples:
  python lessons/09-chat-client-and-tools/chat_client.py
  python lessons/09-chat-client-and-tools/chat_client.py --enable-mcp --message "What is the weather in Oslo?" --json
  echo "What is 17 plus 25?" | python lessons/09-chat-client-and-tools/chat_client.py --enable-mcp
  python lessons/09-chat-client-and-tools/chat_client.py --enable-mcp --mcp-config servers.yaml --load a.json

Start a server first, in another terminal: python lessons/08-serving/serve_model.py --model pocket-chat

At a terminal, /help shows the commands, Ctrl-C stops an answer, and Ctrl-D leaves. Each --message is one turn of the
same conversation. Without --message, all of standard input is one message. Answers go to stdout, all else to stderr.
--enable-mcp starts the MCP servers of --mcp-config, or those of this lesson. Before a tool runs that may do more than
read, you are asked at the terminal. Where there is none, the call is declined. --yes answers for you.
A question whose answer fails or is stopped is forgotten, with all its calls. --save writes at the end.
"""

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

from vllm_course import CourseError
from vllm_course.remote.reply import Reply
from vllm_course.runtime.interrupting import raise_from_now_on
from vllm_course.terminal.commands import is_command
from vllm_course.terminal.line import Prompt, left_on_signals, without_echo
from vllm_course.terminal.view import choose_view
from vllm_course.tool import ToolParser, number, tool
from vllm_course.tool_chat.asked import add_options, read_asked
from vllm_course.tool_chat.commands import COMMANDS, obey
from vllm_course.tool_chat.talk import ToolChat
from vllm_course.toolbox.config import McpConfig
from vllm_course.toolbox.confirming import confirm
from vllm_course.toolbox.judging import Judged, judge
from vllm_course.toolbox.results import for_model

OWN = Path(__file__).with_name("configs") / "mcp_servers.yaml"


def build_parser() -> argparse.ArgumentParser:
    """Return the parser."""
    parser = ToolParser(description=__doc__)
    add_options(parser)  # the server, the messages, the files, sampling
    parser.add_argument("--enable-mcp", action="store_true", help="let the model use the tools of MCP servers")
    parser.add_argument("--mcp-config", type=Path, metavar="FILE.yaml", help="which servers (default: this lesson's)")
    parser.add_argument("--yes", action="store_true", help="run every tool without asking")
    rounds = {"type": number(int, low=1, high=100, remedy="Leave it out for 5."), "default": 5, "metavar": "N"}
    parser.add_argument("--max-rounds", **rounds, help="rounds of calls for one question (default: 5)")
    return parser


async def answer(chat: ToolChat, question: str, *, rounds: int, yes: bool) -> dict[str, Any]:
    """Answer a question: ask the model, run what it calls, hand the results back, until it answers with a text."""
    said, calls = [{"role": "user", "content": question}], []
    for left in reversed(range(rounds + 1)):
        fitted = await chat.fit(said)
        tools = chat.schemas if left else None  # after the last round nothing is offered: it must answer
        with chat.shown() as show:
            async for reply in chat.endpoint.stream(fitted.messages, tools, **chat.options):
                show(reply.text)  # it grows; calls come in pieces as well, which the reply collects
        if not left:
            reply.drop_calls()  # of what was not offered
        said.append(reply.message)
        if not reply.calls:
            break
        for call, result in zip(reply.calls, await run_calls(chat, reply, yes=yes), strict=True):
            chat.show_call(call, result)
            calls.append(vars(call) | {"result": result})
            said.append({"role": "tool", "tool_call_id": call.id, "content": result})
    chat.remark(reply, rounds_left=left)
    chat.messages += said  # only now: what fails before leaves the conversation as it was
    return reply.summary | {"calls": calls}


async def run_calls(chat: ToolChat, reply: Reply, *, yes: bool) -> list[str]:
    """Judge the calls, ask the user where one may do more than read, and run at the same time what may run."""
    judged = [judge(call, chat.tools, finish_reason=reply.finish_reason) for call in reply.calls]
    declined = [one.problem or ("" if yes or one.tool.read_only else confirm(*one[:2])) for one in judged]
    return await asyncio.gather(*(run(chat, one, problem) for one, problem in zip(judged, declined, strict=True)))


async def run(chat: ToolChat, judged: Judged, problem: str) -> str:
    """Run a tool, and return what the model is told: the result, or why there is none."""
    if problem:
        return json.dumps({"error": problem})
    result = await chat.toolbox.call(judged.tool, judged.arguments)  # whatever fails comes back as a result
    return await for_model(result, chat.endpoint, budget=chat.result_tokens, one_line=chat.one_line)


def talk(chat: ToolChat, runner: asyncio.Runner, **options: Any) -> None:
    """Read and answer lines until the user leaves. A mistake is shown, and the conversation stays as it was."""
    prompt = Prompt(COMMANDS)
    chat.greet()
    while (line := prompt.read(on_ctrl_c=lambda: chat.view.line("(Ctrl-C once more, or Ctrl-D, leaves)"))) is not None:
        try:
            with without_echo():
                if is_command(line):
                    obey(chat, line)
                else:
                    runner.run(answer(chat, line.removeprefix("/"), **options))
        except CourseError as error:
            chat.view.error(error)
        except KeyboardInterrupt:
            chat.view.line("(stopped: the question and its answer are forgotten)")


def answer_all(chat: ToolChat, runner: asyncio.Runner, says: list[str], *, as_json: bool, **options: Any) -> None:
    """Answer messages one after the other, as turns of one conversation."""
    answers = []
    chat.notes()
    for text in says:
        if len(says) > 1:
            chat.view.question(text)
        answers.append(runner.run(answer(chat, text, **options)))
    if as_json:
        print(json.dumps(chat.as_content() | {"answers": answers}, indent=2, ensure_ascii=False))


@tool
def main(argv: list[str] | None = None) -> int:
    """Run the tool.

    Args:
        argv: Command line without the program's name; None takes the real one.

    Returns:
        Exit code: 0 when done, 1 for a failed run, 2 for a wrong value, 130 after Ctrl-C outside a chat.
    """
    args = build_parser().parse_args(argv)
    asked, options = read_asked(args), {"rounds": args.max_rounds, "yes": args.yes}
    config = McpConfig.from_yaml(args.mcp_config or OWN) if args.enable_mcp or args.mcp_config else None
    view = choose_view(plain=args.plain, silent=args.json, apart=asked.says is not None)
    raise_from_now_on()
    with left_on_signals(), asyncio.Runner() as runner:
        chat = runner.run(ToolChat.open(asked.endpoint, config, view, asked.messages, asked.params))
        try:
            with chat.kept(asked.save, also_failed=asked.says is None):  # --save
                if asked.says is None:
                    talk(chat, runner, **options)
                else:
                    answer_all(chat, runner, asked.says, as_json=args.json, **options)
        finally:
            runner.run(chat.aclose())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
