// Somebody is found by keyboard: down and up go through the people found, Enter chooses. Whoever was chosen is told of by the event
// "person:chosen", so that the page goes on to what is to be said of him. Ctrl and Enter send the form that says data-ctrl-enter.
"use strict";

(() => {
  const search = document.querySelector("[data-search]");
  const query = document.getElementById("q");
  const form = document.querySelector("[data-ctrl-enter]");
  let wanted = false; // Enter was pressed while the answer was still on its way

  const people = () => [...document.querySelectorAll("#found a[data-person]")];

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
    if (event.key === "Enter" && event.ctrlKey && form.contains(document.activeElement)) {
      event.preventDefault();
      form.requestSubmit();
    }
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target.id === "found") {
      search.dataset.answered = query.value;
      if (wanted && people().length > 0) people()[0].click();
      wanted = false;
    }
    if (event.detail.target.id === "who") {
      document.getElementById("found").replaceChildren();
      query.value = "";
      document.dispatchEvent(new CustomEvent("person:chosen"));
    }
  });
})();
