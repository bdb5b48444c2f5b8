// Coming in: a page that only passes a code on sends it by itself, and what was filled in outlasts the way over WeChat.
"use strict";

const KEPT = "defen-kept-form";

document.querySelectorAll("a[data-keeps]").forEach((link) => {
  link.addEventListener("click", () => {
    try {
      if (link.dataset.keeps) sessionStorage.setItem(KEPT, link.dataset.keeps);
    } catch {
      // It is too large for the browser to keep: then it must be filled in again.
    }
  });
});

document.querySelectorAll("form[data-goes-on]").forEach((form) => {
  const kept = sessionStorage.getItem(KEPT);
  if (kept) {
    const field = Object.assign(document.createElement("input"), { type: "hidden", name: "kept", value: kept });
    form.append(field);
    sessionStorage.removeItem(KEPT);
  }
  form.requestSubmit();
});
