"""The playground: sliders beside vLLM's next-token probabilities, and text that tells how sure the model was."""

import contextlib
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from vllm_course.widgets import rendering
from vllm_course.widgets.background import advance, call_before_cells, explained, in_background
from vllm_course.widgets.controls import make_controls
from vllm_course.widgets.parts import Parts
from vllm_course.widgets.scene import Scene, sampling_params
from vllm_course.widgets.view import said

if TYPE_CHECKING:
    from vllm import LLM

LONGEST = 1000  # largest max_tokens, where the context is that long


def playground(llm: "LLM", prompt: str = "The weather today is", **sampling: Any) -> "Playground":
    """Show how sampling parameters change what comes next.

    The chart follows every slider at once: it is computed, in vLLM's order, from the logits that the model gave for
    the prompt, and nothing is generated. The button draws from it, token by token.

    Args:
        llm: A vLLM engine, as `load_model` makes it.
        prompt: Text to begin with.
        **sampling: Where controls begin, for example `temperature=0.8, top_p=0.95`.

    Returns:
        A widget; as the last line of a cell it is shown. Where there are no widgets (GitHub, nbconvert), a figure with
        an alternative text is in its place.

    Raises:
        CourseError: There is no control of that name, or the engine runs in another process.
        VLLMValidationError: vLLM refuses the prompt or the parameters that it begins with.

    Source:
        `vllm.SamplingParams`, `vllm.v1.sample.sampler.Sampler`.
    """
    return Playground(llm, prompt, **sampling)


class Playground(widgets.VBox):
    """The widget that `playground` returns."""

    def __init__(self, llm: "LLM", prompt: str, **sampling: Any) -> None:
        self._llm, self._task = llm, None
        longest = min(LONGEST, llm.llm_engine.model_config.max_model_len)
        self.controls = make_controls(longest=longest, start=sampling)
        self.scene = Scene(llm, prompt)
        self.parts = Parts(prompt)
        self._draw_first()
        super().__init__(self.parts.laid_out(self.controls))
        self.add_class("vc-playground")
        self._watch()

    @property
    def settings(self) -> dict[str, Any]:
        """What the controls stand at, by vLLM's names."""
        return {name: control.value for name, control in self.controls.items()}

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """Return the widget, and for viewers without widgets a figure and a text of what it was drawn with."""
        return super()._repr_mimebundle_(**options) | self.scene.view(self.scene.drawn_with).bundle()

    def _watch(self) -> None:
        for control in self.controls.values():
            control.observe(lambda _: self._draw_chart(), "value")
        self.parts.position.observe(lambda _: self._draw_chart(), "value")
        self.parts.prompt.observe(lambda _: self._read_prompt(), "value")
        self.parts.generate.on_click(lambda _: self._begin())
        self.parts.stop.on_click(lambda _: self._stop())

    def _draw_first(self) -> None:
        """Show a first text, so that there is something to look at, in the static view too."""
        with contextlib.closing(self.scene.draw(self.settings)) as stream:
            while not stream.finished:
                stream.step()
        self._finish()

    def _begin(self) -> None:
        with self._explained():
            self.scene.draw(self.settings)
            self.parts.position.max = 0  # the new text has no later positions yet
            self._set_running(True)
            self._task = in_background(self._advance())

    async def _advance(self) -> None:
        with self._explained():
            await advance(self.scene.stream, self._show_text)
        self._set_running(False)
        self._finish()

    def _finish(self) -> None:
        self._show_text()
        self.parts.position.max = len(self.scene.output_ids)
        if not self.parts.error.value:
            self._draw_chart()

    def _stop(self) -> None:
        """End the text in progress. A cell that runs must not find it in its own outputs, so it ends it too."""
        self.scene.stream.close()

    def _set_running(self, running: bool) -> None:
        self.parts.stop.disabled = not running
        self.parts.generate.disabled = self.parts.prompt.disabled = self.parts.position.disabled = running
        self.parts.progress.layout.visibility = "visible" if running else "hidden"
        self.parts.progress.max = self.scene.drawn_with["max_tokens"] * self.scene.drawn_with["n"]
        call_before_cells(self._stop, wanted=running)

    def _show_text(self) -> None:
        completions = self.scene.stream.completions
        self.parts.progress.value = sum(len(completion.token_ids) for completion in completions)
        self.parts.text.value = rendering.text(completions, prompt=self.scene.prompt)
        self.parts.state.value = f"drawn with {said(self.scene.drawn_with)}"

    def _draw_chart(self) -> None:
        with self._explained():
            sampling_params(self.settings)
            at = self.parts.position.value
            found = self.scene.distribution(self.settings, at)
            chosen, context = self.scene.chosen(at), self.scene.context(at)
            self.parts.chart.value = rendering.chart(found, self.scene.labels(found), context=context, chosen=chosen)

    def _read_prompt(self) -> None:
        with self._explained():
            self.scene = Scene(self._llm, self.parts.prompt.value)
            self.parts.position.max, self.parts.text.value, self.parts.state.value = 0, "", ""
            self._draw_chart()

    def _explained(self) -> contextlib.AbstractContextManager[None]:
        return explained(self.parts.error)
