// Declaring a deed: the list narrows while one types, phrases are written by a tap, numbers go up and down.
"use strict";

document.documentElement.classList.add("scripted");

const searchBox = document.querySelector("[data-narrows]");
if (searchBox && document.querySelector("[data-named]")) {
  searchBox.addEventListener("input", () => {
    const wanted = searchBox.value.trim().toLowerCase();
    for (const item of document.querySelectorAll("[data-named]")) {
      item.hidden = !item.dataset.named.toLowerCase().includes(wanted);
    }
    for (const group of document.querySelectorAll("[data-group]")) {
      group.hidden = !group.querySelector("[data-named]:not([hidden])");
    }
    document.querySelector("[data-none]").hidden = Boolean(document.querySelector("[data-named]:not([hidden])"));
  });
}

document.addEventListener("click", (event) => {
  const phrase = event.target.closest("[data-phrase]");
  if (phrase) writePhrase(phrase);
  const step = event.target.closest("[data-step]");
  if (step) {
    const input = step.parentElement.querySelector("input");
    input.value = Math.min(Number(input.max), Math.max(Number(input.min), (Number(input.value) || 0) + Number(step.dataset.step)));
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
});

// What he said another time stands in place of the words; what only adds to them is added once.
function writePhrase(phrase) {
  const text = document.getElementById("description");
  const words = text.value.trim();
  if (phrase.hasAttribute("data-instead")) text.value = phrase.dataset.phrase;
  else if (!words.includes(phrase.dataset.phrase)) text.value = words ? `${words}，${phrase.dataset.phrase}` : phrase.dataset.phrase;
  text.value = text.value.slice(0, text.maxLength);
  text.dispatchEvent(new Event("input", { bubbles: true }));
}

// Whoever picks a date means that date.
const otherDay = document.getElementById("occurred_on");
if (otherDay) {
  otherDay.addEventListener("input", () => {
    document.querySelector("[data-other-day]").checked = true;
  });
}
