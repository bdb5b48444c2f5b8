// Goods taken in at the counter: what a tariff gives is reckoned at once, and the sum of all lines is shown.
"use strict";

const counter = document.querySelector("[data-counter]");
const total = document.querySelector("[data-total]");
const rates = JSON.parse(counter.dataset.rates);

document.addEventListener("person:chosen", () => counter.querySelector("[data-line] select").focus());

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
