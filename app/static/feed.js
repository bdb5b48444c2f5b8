// Liking without leaving the page: the same form, sent in the background. Where that does not work it is sent as ever.
"use strict";

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.like || form.dataset.plain) return;
  event.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = "yes";
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" });
    if (answer.type !== "opaqueredirect") throw new Error(answer.status);
    turn(form);
  } catch {
    form.dataset.plain = "yes";
    form.requestSubmit();
  }
  delete form.dataset.busy;
}, true);

function turn(form) {
  const button = form.querySelector("button");
  const count = form.querySelector("[data-count]");
  const liked = button.getAttribute("aria-pressed") !== "true";
  const likes = Number(count.textContent) + (liked ? 1 : -1);
  button.setAttribute("aria-pressed", String(liked));
  button.setAttribute("aria-label", button.getAttribute("aria-label").replace(/\d+ 个赞$/, `${likes} 个赞`));
  count.textContent = likes;
  form.action = liked ? form.dataset.unlike : form.dataset.like;
}
