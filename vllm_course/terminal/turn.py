"""One turn of a chat: the answer grows on the screen, Ctrl-C stops it, and what is odd about it is said."""

from typing import TYPE_CHECKING

from vllm_course.chat.answer import INTERRUPTED, Answer, Draft, stopped_by_ctrl_c

if TYPE_CHECKING:
    from vllm_course.chat.session import Session
    from vllm_course.terminal.view import View


def speak(session: "Session", view: "View", draft: Draft) -> Answer:
    """Generate and show an answer that was prepared; Ctrl-C ends it with what there is."""
    if draft.dropped:
        view.line(dropped(draft.dropped, session.context))
    with view.answer() as show, stopped_by_ctrl_c() as pressed:

        def on_text(text: str) -> bool:
            show(text)
            return not pressed.is_set()

        show(draft.begun or "")
        answer = session.answer(draft, on_text)
    if pressed.is_set() and answer.finish_reason != INTERRUPTED:  # with the last token
        raise KeyboardInterrupt
    if remark := _remark(answer, session.params["max_tokens"]):
        can_go_on = bool(answer.text) and not view.apart and answer.finish_reason != "stop"
        view.line(f"({remark}{': /continue goes on' * can_go_on})")
    return answer


def dropped(turns: int, context: int) -> str:
    """Say that old turns are not seen any more."""
    old = "1 old turn" if turns == 1 else f"{turns} old turns"
    return f"{old} dropped: with the answer, the conversation must fit into {context:,} tokens."


def _remark(answer: Answer, longest: int) -> str:
    """Return what there is to say about the end of an answer, "" for one that ended by itself."""
    if answer.finish_reason == INTERRUPTED:
        return "interrupted" if answer.text else "interrupted before the first word: the question is taken back"
    if answer.finish_reason == "length":
        return f"cut at max_tokens={longest}"
    return "" if answer.text.strip() else "the answer is empty: /retry asks again"
