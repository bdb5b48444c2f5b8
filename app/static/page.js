// What every page does where scripts run: a form is sent once, what takes long says so, and a confirmation is asked for.
"use strict";

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.confirm && !form.dataset.asked) {
    if (!window.confirm(form.dataset.confirm)) {
      event.preventDefault();
      return;
    }
  }
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  // A form whose answer opens beside this page, such as a sheet to print, may be sent again.
  if ((event.submitter?.getAttribute("formtarget") || form.getAttribute("target")) === "_blank") return;
  if (form.method === "post" && !event.defaultPrevented && !form.hasAttribute("hx-post")) {
    form.dataset.sent = "yes";
    const button = event.submitter;
    if (button) {
      button.setAttribute("aria-busy", "true");
      // After the browser has collected the fields: a disabled button would not be among them.
      setTimeout(() => button.setAttribute("disabled", ""), 0);
    }
  }
});

// A page that comes back out of the browser's memory can be used again.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.forms) {
    delete form.dataset.sent;
    form.querySelectorAll("[aria-busy]").forEach((button) => {
      button.removeAttribute("aria-busy");
      button.removeAttribute("disabled");
    });
  }
});

// A choice that acts at once, where its form says so.
document.addEventListener("change", (event) => {
  if (event.target.form && event.target.hasAttribute("data-submits")) event.target.form.requestSubmit();
});
