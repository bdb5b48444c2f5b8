// Entry on behalf by keyboard: down and up go through the people found, Enter chooses; the rules are narrowed down as one types.
"use strict";

const search = document.querySelector("[data-search]");
const entry = document.getElementById("entry");
const rules = document.getElementById("rule_id");
const filter = document.querySelector("[data-filters]");
const query = document.getElementById("q");
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

// Enter takes the first one found; where nothing was found yet, the one that is about to be.
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
  if (event.key === "Enter" && event.ctrlKey && entry.contains(document.activeElement)) {
    event.preventDefault();
    entry.requestSubmit();
  }
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target.id === "found") {
    search.dataset.answered = query.value;
    if (wanted && people().length > 0) people()[0].click();
    wanted = false;
  }
  // Somebody was chosen: on to the first thing that is still to be said of him.
  if (event.detail.target.id === "who") {
    document.getElementById("found").replaceChildren();
    query.value = "";
    goOn();
  }
});

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
