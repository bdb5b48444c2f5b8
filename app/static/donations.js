// Goods taken in at the counter by keyboard: down and up go through the people found, Enter chooses; what a tariff gives is
// reckoned at once, and the sum of all lines is shown.
"use strict";

const search = document.querySelector("[data-search]");
const counter = document.querySelector("[data-counter]");
const query = document.getElementById("q");
const total = document.querySelector("[data-total]");
const rates = JSON.parse(counter.dataset.rates);
let wanted = false; // Enter was pressed while the answer was still on its way

function people() {
  return [...document.querySelectorAll("#found a[data-person]")];
}

search.addEventListener("keydown", (event) => {
  if (event.isComposing) return; // Enter and the arrows belong to the input method while it shows its candidates
  if (event.key === "ArrowDown" && people().length > 0) {
    event.preventDefault();
    people()[0].focus();
  }
});

search.addEventListener("submit", (event) => {
  event.preventDefault();
  if (people().length > 0 && search.dataset.answered === query.value) people()[0].click();
  else {
    wanted = true;
    window.htmx.trigger(query, "input");
  }
});

document.addEventListener("keydown", (event) => {
  const at = people().indexOf(document.activeElement);
  if (at >= 0 && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    const next = at + (event.key === "ArrowDown" ? 1 : -1);
    (people()[next] || (next < 0 ? query : people()[at])).focus();
  }
  if (event.key === "Enter" && event.ctrlKey && counter.contains(document.activeElement)) {
    event.preventDefault();
    counter.requestSubmit();
  }
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target.id === "found") {
    search.dataset.answered = query.value;
    if (wanted && people().length > 0) people()[0].click();
    wanted = false;
  }
  // Somebody was chosen: on to what he brought.
  if (event.detail.target.id === "who") {
    document.getElementById("found").replaceChildren();
    query.value = "";
    counter.querySelector("[data-line] select").focus();
  }
});

// A field of a line: tariff_id, item_id, name, quantity or points.
function field(line, name) {
  return line.querySelector(`[name$=".${name}"]`);
}

// What a line gives. A tariff says what it is and what it gives, so nothing else is to be said but how much.
function reckon(line) {
  const tariff = field(line, "tariff_id").value;
  const points = field(line, "points");
  for (const other of ["item_id", "name", "points"]) field(line, other).disabled = Boolean(tariff);
  field(line, "name").disabled = Boolean(tariff || field(line, "item_id").value);
  if (tariff) points.value = rates[tariff] * (Number(field(line, "quantity").value) || 0) || "";
  return Number(points.value) || 0;
}

function sum() {
  const lines = [...counter.querySelectorAll("[data-line]")];
  total.textContent = lines.map(reckon).reduce((some, more) => some + more, 0);
}

document.querySelector("[data-sum]").hidden = false;
counter.addEventListener("input", sum);
sum();
