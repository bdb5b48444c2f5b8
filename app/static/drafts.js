// Drafts: what was filled in stays on this phone, and nowhere else, until it was sent or two days are over.
// It survives a reload and a closed page. Photos were sent already; the draft remembers which.
"use strict";

const PREFIX = "draft/";
const KEPT_MS = 2 * 24 * 3600 * 1000; // as long as the server keeps photos that nothing names

forgetOld();
const draftForm = document.querySelector("form[data-draft]");
if (draftForm) keepDraftOf(draftForm);
for (const done of document.querySelectorAll("[data-draft-done]")) {
  // The page of a deed: what was sent became it, or another of its kind.
  for (const name of done.dataset.draftDone.split(" ")) {
    const draft = readDraft(name);
    if (draft && draft.sent) dropDraft(name);
  }
}

function keepDraftOf(form) {
  const name = form.dataset.draft;
  const picker = form.querySelector("[data-photos]");
  const note = document.querySelector("[data-draft-note]");
  const draft = readDraft(name);
  // A refused form comes filled in by the server, and knows better.
  if (draft && !form.hasAttribute("data-refused")) {
    fillIn(form, draft.fields);
    if (picker) picker.dispatchEvent(new CustomEvent("photos:restore", { detail: draft.photos }));
    note.hidden = false;
    note.querySelector("[data-draft-drop]").addEventListener("click", () => {
      dropDraft(name);
      window.location.reload();
    });
  }
  const save = () => writeDraft(name, { fields: fieldsOf(form), photos: photosOf(form), at: Date.now() });
  if (form.hasAttribute("data-refused")) save();
  form.addEventListener("input", save);
  form.addEventListener("photos:change", save);
  document.addEventListener("submit", (event) => {
    if (event.target === form && !event.defaultPrevented) {
      writeDraft(name, { fields: fieldsOf(form), photos: photosOf(form), at: Date.now(), sent: true });
    }
  });
}

function fieldsOf(form) {
  const fields = {};
  for (const field of form.elements) {
    if (!field.name || ["hidden", "file", "checkbox"].includes(field.type)) continue;
    if (field.type !== "radio" || field.checked) fields[field.name] = field.value;
  }
  return fields;
}

function photosOf(form) {
  return [...form.querySelectorAll("[data-picked] input[name=upload_ids]")].map((input) => input.value);
}

function fillIn(form, fields) {
  for (const [name, value] of Object.entries(fields)) {
    if (name === "day") chooseDay(form, value);
    else if (form.elements[name] && value) form.elements[name].value = value;
  }
}

// The day that was “today” when the draft was written may have another name by now.
function chooseDay(form, value) {
  const tap = form.querySelector(`[name=day][value="${CSS.escape(value)}"]`);
  (tap || form.querySelector("[data-other-day]")).checked = true;
  if (!tap) form.elements.occurred_on.value = value;
}

// A browser that keeps nothing, as in private windows, works without drafts.
function readDraft(name) {
  try {
    return JSON.parse(window.localStorage.getItem(PREFIX + name));
  } catch {
    return null;
  }
}

function writeDraft(name, draft) {
  try {
    window.localStorage.setItem(PREFIX + name, JSON.stringify(draft));
  } catch {
    // Full, or not allowed: nothing is lost but the draft.
  }
}

function dropDraft(name) {
  try {
    window.localStorage.removeItem(PREFIX + name);
  } catch {
    // There was none.
  }
}

function forgetOld() {
  try {
    for (const key of Object.keys(window.localStorage)) {
      if (!key.startsWith(PREFIX)) continue;
      const draft = readDraft(key.slice(PREFIX.length));
      if (!draft || Date.now() - draft.at > KEPT_MS) window.localStorage.removeItem(key);
    }
  } catch {
    // This browser keeps nothing.
  }
}
