// Questions as forms that every browser and screen reader knows: a fieldset with its legend, radio buttons or boxes, a
// button, and a place that is read out when its text changes. What is right stays in Python until it was answered.
const HOW = { one: "Choose one.", several: "Choose all that are right.", number: "Write a number." };
let forms = 0; // so that the radio buttons of two views do not belong together

function make(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function choices({ kind, options }, group) {
  const inputs = options.map(() => make("input", { type: kind === "one" ? "radio" : "checkbox", name: group }));
  const labels = inputs.map((input, n) => make("label", {}, input, make("span", { innerHTML: options[n] })));
  return {
    elements: labels,
    sent: () => inputs.flatMap((input, n) => (input.checked ? [n] : [])),
    fill: (sent) => inputs.forEach((input, n) => (input.checked = sent.includes(n))),
  };
}

function field({ unit }) {
  const input = make("input", { type: "text", inputMode: "decimal", autocomplete: "off", className: "vc-number" });
  return {
    elements: [make("label", {}, make("span", {}, "Your answer"), input, make("span", {}, unit))],
    sent: () => input.value,
    fill: (sent) => (input.value = sent),
  };
}

function reason([mark, what, why]) {
  const about = what ? [make("strong", { innerHTML: what }), ": "] : [];
  return make("p", {}, `${mark} `, ...about, make("span", { innerHTML: why }));
}

/** Return a question's `element`, and `show`, which tells what was said about an answer; the first time it fills it in.
 * `answer(sent)` is called with the numbers of the chosen options, or with what was written. */
export function form(question, title, answer) {
  const group = `vc-question-${++forms}`;
  const parts = question.kind === "number" ? field(question) : choices(question, group);
  const said = make("div", { className: "vc-said" });
  said.setAttribute("role", "status");
  const button = make("button", { type: "submit", className: "vc-check" }, "Check");
  const legend = make("legend", {}, make("strong", {}, `${title} `), make("span", { innerHTML: question.ask }));
  const code = question.code ? [make("pre", {}, make("code", {}, question.code))] : [];
  const how = make("p", { className: "vc-how" }, HOW[question.kind]);
  const element = make("form", { className: "vc-question", noValidate: true });
  element.append(make("fieldset", {}, legend, ...code, how, ...parts.elements, button, said));
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    answer(parts.sent());
  });
  element.addEventListener("keydown", (event) => event.stopPropagation()); // JupyterLab has shortcuts of its own
  const show = (told, fill = false) => {
    if (fill && told.sent !== undefined) parts.fill(told.sent);
    element.dataset.right = told.right ?? "";
    const verdict = told.problem ?? (told.right ? "Right." : "Not yet.");
    const look = told.right === false ? [make("p", {}, `Section ${question.see} of lesson ${question.lesson} has it.`)] : [];
    said.replaceChildren(make("p", {}, make("strong", {}, verdict)), ...(told.reasons ?? []).map(reason), ...look);
  };
  return { element, show };
}

function render({ model, el }) {
  el.classList.add("vc-quiz");
  const count = make("p", { className: "vc-count" });
  const trouble = make("p", { className: "vc-trouble" });
  trouble.setAttribute("role", "status");
  const shown = {};
  const entries = model.get("questions").map((question, n) => {
    const send = (sent) => model.send({ name: question.name, sent });
    return [question.name, form(question, `${n + 1}.`, send)];
  });
  const update = (fill) => {
    const answers = model.get("answers");
    for (const [name, { show }] of entries) {
      if (answers[name] && answers[name] !== shown[name]) show((shown[name] = answers[name]), fill);
    }
    const right = Object.values(answers).filter((told) => told.right).length;
    count.textContent = `${right} of ${entries.length} right`;
    trouble.textContent = model.get("trouble");
  };
  el.append(...entries.map(([, { element }]) => element), count, trouble);
  update(true);
  model.on("change:answers", () => update(false));
  model.on("change:trouble", () => update(false));
}

export default { render };
