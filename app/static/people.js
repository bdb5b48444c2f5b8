// Lists of people: one box ticks them all, and says how many are ticked.
"use strict";

document.addEventListener("change", (event) => {
  const all = event.target.dataset.all;
  if (all) boxes(all).forEach((box) => (box.checked = event.target.checked));
  count(all || event.target.name);
});

function boxes(name) {
  return [...document.getElementsByName(name)].filter((box) => box.type === "checkbox");
}

function count(name) {
  const said = name && document.querySelector(`[data-count="${name}"]`);
  if (!said) return;
  const ticked = boxes(name).filter((box) => box.checked).length;
  said.textContent = ticked;
  const all = document.querySelector(`[data-all="${name}"]`);
  all.checked = ticked === boxes(name).length;
  all.indeterminate = ticked > 0 && !all.checked;
}
