/* Films play without a kernel: what the engine did in each step is in the description of the picture. */
const LEFT = 120; // where the first step begins in the picture, and how wide all of them are (vllm_course/film/drawing.py)
const WIDE = 590;
const PAUSE = 700; // milliseconds from a step to the next

function states(picture) {
  const [title, ...lines] = picture.querySelector("desc").textContent.trim().split("\n");
  const requests = lines.map((line) => {
    const [name, said] = line.split(": ");
    const spans = [...said.matchAll(/(\w+) steps? (\d+)(?: to (\d+))?/g)];
    return { name, spans: spans.map(([, state, from, to]) => ({ state, from: +from, to: +(to ?? from) })) };
  });
  return { steps: +title.match(/(\d+) steps?/)[1], requests };
}

function make(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function play(figure) {
  const picture = figure.querySelector("svg");
  const { steps, requests } = states(picture);
  const cursor = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  const place = { y: 42, height: picture.viewBox.baseVal.height - 62, width: WIDE / steps, fill: "none", stroke: "#111" };
  Object.entries({ ...place, "stroke-width": 2 }).forEach(([name, value]) => cursor.setAttribute(name, value));
  picture.append(cursor);
  const slider = make("input", { type: "range", min: 1, max: steps, value: 1 });
  const button = make("button", { type: "button" }, "Play");
  const said = make("p", { className: "film-said" });
  said.setAttribute("role", "status");
  let timer = null;
  const show = () => {
    const step = +slider.value;
    const now = requests.map(({ name, spans }) => [name, spans.find(({ from, to }) => from <= step && step <= to)?.state]);
    cursor.setAttribute("x", LEFT + (WIDE / steps) * (step - 1));
    const text = now.map(([name, state]) => `${name} ${state ?? "is not there"}`).join(", ");
    said.textContent = `Step ${step} of ${steps}: ${text}.`;
  };
  const stop = () => {
    clearInterval(timer);
    timer = null;
    button.textContent = "Play";
    said.setAttribute("aria-live", "polite");
  };
  const next = () => {
    if (+slider.value === steps) return stop();
    slider.value = +slider.value + 1;
    show();
  };
  button.addEventListener("click", () => {
    if (timer) return stop();
    if (+slider.value === steps) slider.value = 1;
    button.textContent = "Pause";
    said.setAttribute("aria-live", "off"); // nobody wants every step of a film read out
    timer = setInterval(next, PAUSE);
    show();
  });
  slider.addEventListener("input", () => (stop(), show()));
  figure.append(make("div", { className: "film-controls" }, button, make("label", {}, "step ", slider)), said);
  show();
}

document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("figure.film").forEach(play));
