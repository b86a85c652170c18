"""Chat with a language model at the terminal, or let it answer messages from the command line or a pipe.

Examples:
  python lessons/03-chat-interface/chat_interface.py
  python lessons/03-chat-interface/chat_interface.py --system "You are a pirate." --temperature 0.3
  python lessons/03-chat-interface/chat_interface.py --message "My name is Kelvo." --message "What is my name?" --json
  python lessons/03-chat-interface/chat_interface.py --load chat.json --message "And of Spain?" --save chat.json
  echo "What is the capital of France?" | python lessons/03-chat-interface/chat_interface.py

At a terminal, /help shows the commands, Ctrl-C stops an answer, and Ctrl-D leaves. An answer that you stop stays as far
as it came. A question that has no answer yet waits for /retry. Your lines are remembered for the next time, in a file
in your data folder.

Each --message is one turn of the same conversation. Without --message, all of standard input is one message. Without
both, the model answers an example conversation: when standard input is /dev/null, or with --json at a terminal. Answers
go to stdout, below their questions when there are several. Everything else goes to stderr.

Sampling parameters that you do not give are the model's own, with two exceptions. The seed is 0. The longest answer has
256 tokens, or half of a smaller context.

--save writes when all is answered, when you leave the chat, or when the program is told to end. It makes a new file, or
replaces an empty one or a saved conversation. It refuses any other file, which stays as it is. After --load, the model
of --model answers. It uses the parameters of the file where the command line gives none.
"""

import argparse
import json
from dataclasses import asdict

from vllm_course.chat.conversation import INTERRUPTED, Answer, Draft
from vllm_course.chat.settings import RULES
from vllm_course.errors import CourseError
from vllm_course.terminal.commands import COMMANDS, is_command, run_command
from vllm_course.terminal.line import Prompt, stopped_by_ctrl_c, without_echo
from vllm_course.terminal.settings import read_settings
from vllm_course.terminal.talk import Chat, open_chat
from vllm_course.terminal.view import choose_view
from vllm_course.tool import ToolParser, model_name, number, tool


def build_parser() -> argparse.ArgumentParser:
    """Return the parser. Sampling parameters have no defaults here: those of the model count."""
    parser = ToolParser(description=__doc__)
    parser.add_argument("--message", action="append", metavar="TEXT", help="what you say; repeat it for more turns")
    parser.add_argument("--system", metavar="TEXT", help='system prompt, "" for none')
    parser.add_argument("--load", metavar="FILE", help="go on with a saved conversation")
    parser.add_argument("--save", metavar="FILE", help="save the conversation")
    parser.add_argument("--model", type=model_name, help="model with a chat template (default: pocket-chat)")
    parser.add_argument(
        "--max-model-len",
        type=number(int, low=16, remedy="Leave it out for all that the model can."),
        help="context in tokens: question, answer and all that was said before (default: all that the model can)",
    )
    for name in ("temperature", "top_p", "max_tokens", "seed"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=RULES[name].kind, help=RULES[name].meaning)
    parser.add_argument("--plain", action="store_true", help="no Markdown and no colours; NO_COLOR does the same")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    return parser


def answer(chat: Chat, draft: Draft) -> Answer:
    """Answer a question, which `ask` has appended to the history: fit the history, stream the answer, append it."""
    conversation = chat.conversation
    with stopped_by_ctrl_c() as pressed:
        fitted = conversation.fit(draft)  # the oldest turns go until the prompt and the answer have space
        chat.dropped(fitted.dropped - conversation.dropped)
        with chat.view.answer() as show:
            conversation.begin(draft, fitted)  # the template makes the prompt, and the engine takes it
            show(draft.begun)
            while conversation.running and not pressed.is_set():
                show(conversation.step())  # one more token, shown and appended to the history
            conversation.stop()
    if pressed.is_set() and conversation.answer.finish_reason != INTERRUPTED:  # it came with the last token
        raise KeyboardInterrupt
    chat.remark()
    return conversation.answer


def obey(chat: Chat, line: str) -> None:
    """Do what a line says: it is a command, or a message for the model."""
    # /retry and /continue ask for an answer as well; // begins a message that begins with /
    draft = run_command(chat, line) if is_command(line) else chat.conversation.ask(line.removeprefix("/"))
    if draft:
        answer(chat, draft)


def talk(chat: Chat) -> None:
    """Read and obey lines until the user leaves. A mistake is shown, and the conversation stays as it was."""
    prompt = Prompt(COMMANDS)
    if prompt.note:
        chat.view.line(prompt.note)
    while chat.goes_on:
        line = prompt.read(on_ctrl_c=lambda: chat.view.line("(Ctrl-C once more, or Ctrl-D, leaves)"))
        try:
            with without_echo():
                if line is None:
                    chat.leave()
                else:
                    obey(chat, line)
        except CourseError as error:
            chat.view.error(error)
        except KeyboardInterrupt:  # between two steps of a command
            chat.view.line("(interrupted)")


def answer_all(chat: Chat, says: list[str]) -> list[Answer]:
    """Answer messages one after the other, as turns of one conversation."""
    answers = []
    for text in says:
        if len(says) > 1:
            chat.view.question(text)
        answers.append(answer(chat, chat.conversation.ask(text)))
        if answers[-1].finish_reason == INTERRUPTED:
            raise KeyboardInterrupt
    return answers


def as_json(chat: Chat, answers: list[Answer]) -> str:
    """Return the conversation, and what is known about each answer, as one JSON object."""
    found = chat.conversation
    content = {"model": found.model, "params": found.params, "messages": found.messages}
    return json.dumps(content | {"answers": [asdict(one) for one in answers]}, indent=2, ensure_ascii=False)


@tool
def main(argv: list[str] | None = None) -> int:
    """Run the tool.

    Args:
        argv: Command line without the program's name; None takes the real one.

    Returns:
        Exit code: 0 when done, 1 for a failed run, 2 for a wrong value, 130 after Ctrl-C outside a chat.
    """
    args = build_parser().parse_args(argv)
    settings = read_settings(args)
    chat = open_chat(settings, choose_view(plain=args.plain, silent=args.json, apart=settings.says is not None))
    with chat.kept(also_failed=settings.says is None):  # --save, also when the terminal's window is closed
        if settings.says is None:
            talk(chat)
            return 0
        answers = answer_all(chat, settings.says)
        if args.json:
            print(as_json(chat, answers))
        chat.leave()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
