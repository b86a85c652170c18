// The transcript, the field below it and its buttons. What a model or a learner wrote goes into the page as text, never
// as HTML, and rows stay while their texts change: that is how a screen reader tells a new answer from an old one.
const BUTTONS = [
  ["send", "Send", "Send the message"],
  ["stop", "Stop", "End the answer in progress"],
  ["retry", "Retry", "Answer the last question, again with another seed; at temperature 0 the answer stays the same"],
  ["continue", "Continue", "Go on with an answer that was cut or stopped"],
  ["reset", "Reset", "Clear the conversation; the system prompt stays"],
];

function make(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function newRow(role) {
  const parts = ["vc-role", "vc-said"].map((className) => make("div", { className }));
  return make("div", { className: `vc-turn vc-${role}` }, ...parts);
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function draw(log, rows) {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 20;
  rows.forEach(({ role, label, text }, index) => {
    const row = log.children[index] ?? log.appendChild(newRow(role));
    write(row.firstChild, label);
    write(row.lastChild, text);
  });
  while (log.children.length > rows.length) log.lastChild.remove();
  if (atEnd) log.scrollTop = log.scrollHeight;
}

// A button that has the focus and is disabled would take the focus with it.
function enable(button, on, field) {
  if (!on && document.activeElement === button) field.focus();
  button.disabled = !on;
}

function render({ model, el }) {
  const log = make("div", { className: "vc-log", role: "log", ariaLabel: "conversation", tabIndex: 0 });
  const field = make("textarea", { rows: 2 });
  field.dataset.lmSuppressShortcuts = "true"; // JupyterLab's keys
  const buttons = Object.fromEntries(
    BUTTONS.map(([name, textContent, title]) => [
      name,
      make("button", { type: "button", textContent, title, className: "jupyter-widgets jupyter-button widget-button" }),
    ]),
  );
  const hint = make("span", { className: "vc-hint", textContent: "Enter sends, Shift+Enter begins a new line." });
  const label = make("label", { className: "vc-field" }, make("span", { textContent: "message" }), field);
  el.classList.add("vc-talk");
  el.append(log, label, make("div", { className: "vc-buttons" }, ...Object.values(buttons), hint));

  let waiting = false; // for the kernel to take a message: a second Enter must not send it twice
  const send = () => {
    if (waiting || model.get("running") || !field.value.trim()) return;
    waiting = true;
    model.send({ do: "send", text: field.value });
  };
  const show = () => {
    const rows = model.get("rows");
    const running = model.get("running");
    log.ariaBusy = String(running); // read out when the answer is complete
    draw(log, rows);
    enable(buttons.send, !running, field);
    enable(buttons.stop, running, field);
    enable(buttons.retry, rows.length > 0, field);
    enable(buttons.continue, !running && model.get("unfinished"), field);
    enable(buttons.reset, rows.length > 0, field);
  };

  for (const [name, button] of Object.entries(buttons)) {
    button.addEventListener("click", name === "send" ? send : () => model.send({ do: name }));
  }
  field.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  });
  model.on("msg:custom", ({ done, taken }) => {
    if (done !== "send" || !waiting) return;
    waiting = false;
    if (taken) field.value = "";
  });
  model.on("change:rows", show);
  model.on("change:running", show);
  model.on("change:unfinished", show);
  show();
}

export default { render };
