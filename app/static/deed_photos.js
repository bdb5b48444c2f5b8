// Photos of a deed as large as the screen: by a click, or Enter; the arrow keys turn to the next one, Esc closes.
"use strict";

(() => {
  const dialog = document.getElementById("large");
  if (!dialog) return;
  const picture = dialog.querySelector("img");
  let at = 0;

  const photos = () => [...document.querySelectorAll("[data-photo]")];

  function turn(to) {
    const all = photos();
    if (!all.length) return;
    at = (to + all.length) % all.length;
    picture.src = all[at].href;
    picture.alt = all[at].querySelector("img").alt;
    dialog.querySelector("p").textContent = all.length > 1 ? `${at + 1} / ${all.length}` : "";
    dialog.querySelectorAll("[data-turn]").forEach((button) => { button.hidden = all.length < 2; });
    if (!dialog.open) dialog.showModal();
  }

  document.addEventListener("click", (event) => {
    const photo = event.target.closest("[data-photo]");
    if (photo && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      turn(photos().indexOf(photo));
    }
  });
  dialog.addEventListener("click", (event) => {
    const turned = event.target.closest("[data-turn]");
    if (turned) turn(at + Number(turned.dataset.turn));
    else dialog.close();
  });
  document.addEventListener("keydown", (event) => {
    if (dialog.open) {
      if (event.key === "ArrowLeft") turn(at - 1);
      if (event.key === "ArrowRight") turn(at + 1);
      if (event.key === "Enter" && event.target === document.body) dialog.close();
    } else if (event.key === "Enter" && !event.repeat && event.target === document.body && !document.querySelector("dialog[open]")) {
      event.preventDefault();
      turn(0);
    }
  });
})();
