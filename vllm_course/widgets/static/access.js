// What ipywidgets leaves out for those who do not see, or use no mouse, in the box that holds this:
// - The name of a slider is shown beside it, but its handle does not have it, so a screen reader says "slider" only.
// - A text with the class `vc-live` is read out when it changes. The part that is read must stay while its text changes.
// - A button that has the focus and is disabled takes the focus with it, and JupyterLab gets the next keys.
function describe(root) {
  for (const slider of root.querySelectorAll(".widget-slider")) {
    const label = slider.querySelector("label, .widget-label");
    const readout = slider.querySelector(".widget-readout");
    slider.querySelector("[role=slider]")?.setAttribute("aria-label", label.textContent);
    readout?.setAttribute("role", "textbox");
    readout?.setAttribute("aria-label", `${label.textContent}, value`);
    if (label.title === "null") label.removeAttribute("title"); // what ipywidgets shows where there is no tooltip
  }
  for (const text of root.querySelectorAll(".vc-live .widget-html-content")) text.setAttribute("aria-live", "polite");
}

function keepFocus(root, last) {
  const lost = last?.disabled && [last, document.body].includes(document.activeElement);
  if (lost) root.querySelector("button:not([disabled])")?.focus();
}

function render({ el }) {
  el.style.display = "none";
  let observer = null;
  let last = null; // the control that had the focus last
  const begin = () => {
    const root = el.closest(".widget-container");
    if (!root) return requestAnimationFrame(begin); // not in the page yet
    const look = () => {
      describe(root);
      keepFocus(root, last);
    };
    look();
    root.addEventListener("focusin", (event) => (last = event.target));
    observer = new MutationObserver(look);
    observer.observe(root, { childList: true, subtree: true, attributeFilter: ["disabled"] });
  };
  begin();
  return () => observer?.disconnect();
}

export default { render };
