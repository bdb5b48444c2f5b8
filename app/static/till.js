// The till: whatever way a code comes in, it goes through one form, and what became of it fills the screen.
"use strict";

(() => {
  const till = document.getElementById("till");
  const form = document.getElementById("scan");
  const token = document.getElementById("token");
  const pieces = document.getElementById("pieces");
  const hint = document.getElementById("hint");
  const WAY = "till.way";
  const SAME_CODE_MS = 4000; // a code that is still being held there, or scanned twice by a hasty hand
  const WAITING_SHOWS_AFTER_MS = 350;
  const HINT_MS = 6000;
  const last = { token: "", order: "", at: 0, kind: "" };
  let shown = null; // the screen over everything
  let waiting = 0;
  let hintEnds = 0;

  // --- what is said ---------------------------------------------------------------------------------------------------------

  function say(word) {
    const place = (shown && shown.querySelector(".result-hint")) || hint;
    const { textContent } = document.getElementById("words").content.querySelector(`[data-word="${word}"]`);
    if (place.textContent !== textContent) place.textContent = textContent;
    clearTimeout(hintEnds);
    hintEnds = setTimeout(() => (place.textContent = ""), HINT_MS);
  }

  function close() {
    clearTimeout(waiting);
    if (!shown) return;
    shown.remove();
    shown = null;
    for (const part of document.body.children) part.inert = false;
    last.at = Date.now();
    if (till.dataset.way === "typing") token.focus();
    else till.querySelector(`[data-way="${till.dataset.way}"]`).focus({ preventScroll: true });
  }

  function show(result) {
    clearTimeout(waiting);
    const before = document.getElementById("result");
    if (before) before.remove();
    shown = document.adoptNode(result);
    shown.classList.add("over");
    shown.setAttribute("role", "alertdialog");
    shown.setAttribute("aria-modal", "true");
    for (const part of document.body.children) part.inert = true;
    document.body.append(shown);
    const next = shown.querySelector("[data-next]:not([hidden])") || shown.querySelector("button:not([hidden])");
    if (next) next.focus();
    else shown.focus();
  }

  function showWaiting(why) {
    const result = document.getElementById("waiting").content.firstElementChild.cloneNode(true);
    const part = (selector) => result.querySelector(selector);
    result.tabIndex = -1;
    part("[data-next]").hidden = true;
    if (why) {
      part("#result-title").textContent = why === "lost" ? "正在确认，请先不要交付…" : "还没有确认，请先不要交付";
      part(".result-who").hidden = true;
      part(`[data-waiting="${why}"]`).hidden = false;
      part("[data-give-up]").hidden = false;
      part(why === "lost" ? "[data-again]" : "[data-sign-in]").hidden = false;
    }
    result.dataset.why = why;
    show(result);
  }

  function tell(answer) {
    if (answer.kind === "lost" || answer.kind === "signed-out") {
      // It is asked again and again: the screen that says so stays as it is, and with it where the focus was.
      if (!shown || shown.dataset.why !== answer.kind) {
        showWaiting(answer.kind);
        tillSound.play("lost");
      }
      return;
    }
    const late = answer.result.querySelector("[data-late]");
    if (late) late.hidden = !answer.late;
    last.kind = answer.kind;
    last.at = Date.now();
    if (answer.kind === "success") {
      token.value = "";
      document.getElementById("latest").replaceWith(document.adoptNode(answer.latest));
    }
    setPieces("");
    show(answer.result);
    tillSound.play(answer.kind);
  }

  document.addEventListener("click", (event) => {
    if (!shown || !shown.contains(event.target)) return;
    if (event.target.closest("[data-next]")) {
      event.preventDefault();
      close();
    } else if (event.target.closest("[data-again]")) {
      tillSending.again();
    } else if (event.target.closest("[data-give-up]")) {
      tillSending.giveUp();
      close();
      say("given-up");
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && shown && shown.querySelector("[data-next]:not([hidden])")) close();
  });

  // --- a code, from wherever ------------------------------------------------------------------------------------------------

  const tidy = (text) => text.normalize("NFKC").replace(/\s+/g, "");
  const orderOf = (code) => (/^87\d{16}$/.test(code) ? code.slice(2, 10) : code);

  function take(text) {
    const code = tidy(text);
    if (!code) return token.focus();
    if (tillSending.busy()) return say("busy");
    if (code === last.token && Date.now() - last.at < SAME_CODE_MS) return say("again");
    close();
    hint.textContent = "";
    Object.assign(last, { token: code, order: orderOf(code), at: Date.now(), kind: "" });
    waiting = setTimeout(() => tillSending.busy() && showWaiting(""), WAITING_SHOWS_AFTER_MS);
    tillSending.begin(code, pieces.value.trim(), tell);
  }

  // The camera sees a code many times a second. One that was just taken is let alone for as long as it is held there, and so is
  // its successor, as the codes of an order change every half minute.
  function see(text) {
    const code = tidy(text);
    if (tillSending.busy()) return;
    const same = code === last.token || (last.kind === "success" && orderOf(code) === last.order);
    if (same && (shown || Date.now() - last.at < SAME_CODE_MS)) {
      if (!shown) say("again");
      if (shown || last.kind === "success") last.at = Date.now();
      return;
    }
    if (!/^\d{18}$/.test(code)) return shown || say("other");
    take(code);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    take(token.value);
  });

  document.getElementById("photo").addEventListener("change", async (event) => {
    const [file] = event.target.files;
    event.target.value = "";
    if (!file) return;
    say("reading");
    try {
      const text = await tillCamera.read(file);
      if (text) take(text);
      else say("no-code");
    } catch {
      say("no-photo");
    }
  });

  // --- a USB scanner types faster than any hand, wherever the focus is, and ends with Enter ------------------------------------

  const burst = { text: "", at: 0, field: null, before: "" };
  const FAST_MS = 1000; // from key to key, on a slow PC too; whoever types a code by hand as fast has typed a code as well
  const SHORTEST = 6;
  const LENGTH = 18;

  // Where an input method for Chinese is on, the key is said to be in process; the code still says which.
  function typed(event) {
    if (event.key.length === 1) return event.key;
    const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code);
    return event.key === "Process" && digit ? digit[1] : "";
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const fast = event.timeStamp - burst.at < FAST_MS;
    if (event.key === "Enter") {
      if (fast && burst.text.length >= SHORTEST) {
        event.preventDefault();
        event.stopImmediatePropagation();
        const inField = burst.field === token ? tidy(token.value) : "";
        if (burst.field) burst.field.value = burst.field === token ? "" : burst.before;
        // A scanner that stumbled on its way has still put all of the code into the field.
        take(burst.text.length < LENGTH && inField.length === LENGTH ? inField : burst.text);
      }
      burst.text = "";
      return;
    }
    const character = typed(event);
    if (!character) return;
    if (!fast || !burst.text) {
      burst.text = "";
      burst.field = event.target.matches("input") ? event.target : null;
      burst.before = burst.field ? burst.field.value : "";
    }
    burst.text += character;
    burst.at = event.timeStamp;
  }, true);

  // --- digits by hand, in the groups in which they stand under the code -------------------------------------------------------

  const grouped = (digits) => [digits.slice(0, 2), ...(digits.slice(2).match(/.{1,4}/g) || [])].join(" ").trim();

  token.addEventListener("input", (event) => {
    if (event.isComposing || /[^\d\s]/.test(token.value.normalize("NFKC"))) return;
    const before = tidy(token.value.slice(0, token.selectionStart)).length;
    token.value = grouped(tidy(token.value));
    let at = 0;
    for (let seen = 0; seen < before; at += 1) if (token.value[at] !== " ") seen += 1;
    token.setSelectionRange(at, at);
  });

  // --- how many pieces: all that are left, unless said before the scan --------------------------------------------------------

  function setPieces(value) {
    pieces.value = value;
    form.querySelector("[data-step='all']").hidden = value === "";
    form.querySelector("[data-step='-1']").disabled = value === "";
  }

  form.addEventListener("click", (event) => {
    const step = event.target.closest("[data-step]");
    if (!step) return;
    const number = step.dataset.step === "all" ? 0 : (parseInt(pieces.value, 10) || 0) + Number(step.dataset.step);
    setPieces(number > 0 ? String(number) : "");
  });
  pieces.addEventListener("input", () => setPieces(pieces.value));

  // --- which way was used last on this device ---------------------------------------------------------------------------------

  function go(way, byHand) {
    till.dataset.way = way;
    for (const button of till.querySelectorAll("button[data-way]")) {
      button.setAttribute("aria-pressed", String(button.dataset.way === way));
    }
    if (byHand) localStorage.setItem(WAY, way);
    if (way === "camera") tillCamera.start(see);
    else tillCamera.stop();
    if (way === "typing" && (byHand || matchMedia("(pointer: fine)").matches)) token.focus({ preventScroll: true });
  }

  till.querySelector(".ways").addEventListener("click", (event) => {
    const button = event.target.closest("button[data-way]");
    if (button) go(button.dataset.way, true);
  });

  setPieces(pieces.value);
  go(localStorage.getItem(WAY) || (matchMedia("(max-width: 899px)").matches ? "camera" : "typing"), false);
  if (tillSending.resume(tell)) showWaiting("lost");
})();
