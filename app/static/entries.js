// Entry on behalf by keyboard: the rules are narrowed down as one types, and Enter goes on to the next thing to be said.
"use strict";

const rules = document.getElementById("rule_id");
const filter = document.querySelector("[data-filters]");

document.addEventListener("person:chosen", goOn);

function goOn() {
  (rules.value ? document.getElementById("description") : filter).focus();
}

filter.hidden = false;
filter.addEventListener("input", () => {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const option of rules.options) {
    const text = option.dataset.find.toLowerCase();
    option.hidden = !words.every((word) => text.includes(word));
  }
  for (const group of rules.querySelectorAll("optgroup")) group.hidden = ![...group.children].some((option) => !option.hidden);
  const left = [...rules.options].filter((option) => !option.hidden);
  if (left.length > 0 && (left.length === 1 || !rules.value || rules.selectedOptions[0].hidden)) left[0].selected = true;
});
filter.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "ArrowDown") {
    event.preventDefault();
    rules.focus();
  }
  if (event.key === "Enter" && !event.ctrlKey) {
    event.preventDefault();
    if (rules.value) document.getElementById("description").focus();
  }
});
rules.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.ctrlKey) {
    event.preventDefault();
    document.getElementById("description").focus();
  }
});
// Only what is paid by the unit has a quantity.
const quantity = document.getElementById("quantity");
function count() {
  const unit = rules.selectedOptions[0]?.dataset.perUnit;
  quantity.readOnly = !unit;
  if (!unit) quantity.value = 1;
  document.getElementById("quantity-hint")?.replaceChildren(unit ? `按“${unit}”算，写几个` : "这一项按次计分");
}
rules.addEventListener("change", count);
filter.addEventListener("input", count);
if (rules.value) count();
if (rules.selectedOptions[0]) rules.selectedOptions[0].scrollIntoView({ block: "nearest" });
if (document.querySelector("#who [name=resident_id]")) goOn(); // the page came with somebody chosen
