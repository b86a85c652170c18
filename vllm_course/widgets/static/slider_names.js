// ipywidgets shows a slider's name beside it, but does not give it to the handle, so a screen reader says "slider" and
// no more. This gives every handle below `.vc-playground` the name that is shown.
function nameHandles(root) {
  for (const slider of root.querySelectorAll(".widget-slider")) {
    const label = slider.querySelector("label, .widget-label");
    const readout = slider.querySelector(".widget-readout");
    slider.querySelector("[role=slider]")?.setAttribute("aria-label", label.textContent);
    readout?.setAttribute("role", "textbox");
    readout?.setAttribute("aria-label", `${label.textContent}, value`);
  }
}

function render({ el }) {
  el.style.display = "none";
  let observer = null;
  const begin = () => {
    const root = el.closest(".vc-playground");
    if (!root) return requestAnimationFrame(begin); // not in the page yet
    nameHandles(root);
    observer = new MutationObserver(() => nameHandles(root));
    observer.observe(root, { childList: true, subtree: true });
  };
  begin();
  return () => observer?.disconnect();
}

export default { render };
