// The review queue by keyboard. The server answers pages; this takes the deed out of them, so that the next one is there at once.
// A decision is sent, and only when the server has said yes does its row count as decided and the next deed appear.
"use strict";

(() => {
  const review = document.querySelector(".review");
  if (!review) return;
  const pane = document.getElementById("open");
  const said = document.getElementById("said");
  const wrong = document.getElementById("wrong");
  const keys = document.getElementById("keys");
  const batch = document.getElementById("batch");
  let sending = false;
  let asked = 0; // the latest deed that was asked for: an answer that comes after it is not shown

  const rows = () => [...document.querySelectorAll("#queue li")];
  const deed = () => document.getElementById("deed");
  const row = (id) => rows().find((line) => line.dataset.id === id);
  const link = (line) => line.querySelector("a");
  const waits = (line) => !("done" in line.dataset);

  function tell(text, bad) {
    const [here, other] = bad ? [wrong, said] : [said, wrong];
    other.hidden = true;
    here.textContent = text;
    here.hidden = !text;
  }

  // The next row that still waits, from the open deed on, and then from the top; none where all are decided.
  function following() {
    const all = rows();
    const at = all.findIndex((line) => line.dataset.id === deed().dataset.id);
    return [...all.slice(at + 1), ...all.slice(0, Math.max(at, 0))].find(waits);
  }

  function neighbour(step) {
    const all = rows();
    return all[all.findIndex((line) => line.dataset.id === deed().dataset.id) + step];
  }

  // Put the deed out of a page into the pane. False where the page holds none, as when somebody must sign in first.
  function lay(page) {
    const found = new DOMParser().parseFromString(page, "text/html").getElementById("deed");
    if (!found) return false;
    pane.replaceChildren(document.adoptNode(found));
    pane.scrollTop = 0;
    rows().forEach((line) => {
      const open = line.dataset.id === found.dataset.id;
      if (open) link(line).setAttribute("aria-current", "true");
      else link(line).removeAttribute("aria-current");
      if (open) line.scrollIntoView({ block: "nearest" });
    });
    // A colleague was here since the list was made.
    const line = row(found.dataset.id);
    if (found.dataset.status !== "pending" && line && waits(line)) {
      decided(line, found.dataset);
      tell(`这一件已经处理过了：${found.dataset.last}。`, true);
    }
    const next = following();
    (next?.dataset.photos || "").split(" ").filter(Boolean).forEach((address) => { new Image().src = address; });
    return true;
  }

  function remember(line) {
    if (line && link(line).href !== window.location.href) history.pushState({ id: line.dataset.id }, "", link(line).href);
  }

  async function open(line, remembered = true) {
    const mine = ++asked;
    try {
      const answer = await fetch(link(line).dataset.open, { headers: { Accept: "text/html" } });
      const page = await answer.text();
      if (mine !== asked) return;
      if (!lay(page)) window.location.assign(link(line).href);
      else if (remembered) remember(line);
    } catch {
      if (mine === asked) tell("没有连上服务器，请检查网络后再试。", true);
    }
  }

  function decided(line, found) {
    if (!line) return;
    line.dataset.done = "";
    line.classList.add("decided");
    const mark = document.createElement("span");
    mark.className = `badge ${found.tone}`;
    mark.textContent = found.word;
    line.querySelector("[data-marks]").replaceChildren(mark);
    const tick = line.querySelector("[name=ids]");
    if (tick) {
      tick.checked = false;
      tick.disabled = true;
    }
    count();
  }

  function count() {
    const number = document.querySelector("#left b");
    if (number) number.textContent = rows().filter(waits).length;
    const ticked = document.querySelectorAll("[name=ids]:checked").length;
    const words = document.querySelector("[data-ticked]");
    if (words) words.textContent = ticked ? `已勾选 ${ticked} 件` : "勾选后可一起通过";
    if (batch) batch.dataset.confirm = `通过勾选的 ${ticked} 件？`;
  }

  // Where a decision leads on: to the next deed by itself, which is a short page, and at the end to the queue.
  function leadOn(form, next) {
    const action = new URL(form.action);
    action.searchParams.set("to", next ? link(next).dataset.open : review.dataset.queue);
    form.action = action.href;
  }

  function answered(page, code) {
    const parsed = new DOMParser().parseFromString(page, "text/html");
    return { deed: parsed.getElementById("deed"), text: parsed.querySelector(code ? "[data-code]" : ".notice[role=status]")?.textContent.trim(), code: parsed.querySelector("[data-code]")?.dataset.code };
  }

  async function decide(form, button) {
    if (sending) return;
    sending = true;
    const mine = ++asked;
    const line = row(deed().dataset.id);
    // Sent a second time after the network failed, it is the same request to the letter, and counts once.
    if (!form.dataset.next) {
      const next = following();
      form.dataset.next = next ? next.dataset.id : "none";
      leadOn(form, next);
    }
    button?.setAttribute("aria-busy", "true");
    try {
      const sent = new FormData(form, button);
      const answer = await fetch(form.action, { method: "POST", body: sent, headers: { Accept: "text/html" }, keepalive: true });
      if (answer.status === 401) return signIn(form, button);
      await after(form, line, mine, answer, await answer.text());
    } catch {
      tell("没有连上服务器，这一件还没有处理。请再按一次，不会重复处理。", true);
    } finally {
      sending = false;
      button?.removeAttribute("aria-busy");
    }
  }

  // Nobody is signed in any more: the page to sign in keeps the form, with the reason that its button gave.
  function signIn(form, button) {
    if (button?.name) {
      const given = document.createElement("input");
      Object.assign(given, { type: "hidden", name: button.name, value: button.value });
      form.append(given);
    }
    form.submit();
  }

  async function after(form, line, mine, answer, page) {
    const next = form.dataset.next === "none" ? null : row(form.dataset.next);
    const found = answered(page, !answer.ok);
    if (answer.ok && answer.redirected) {
      decided(line, WORDS[form.action.split("?")[0].split("/").pop()]);
      if (!next) return window.location.assign(answer.url);
      tell(found.text || "", false);
      if (mine === asked && lay(page)) remember(next);
    } else if (found.code === "already_reviewed" && found.deed) {
      decided(line, found.deed.dataset);
      tell(`这一件已经处理过了：${found.deed.dataset.last}。没有再处理一次。`, true);
      if (next) await open(next);
      else window.location.assign(review.dataset.queue);
    } else {
      lay(page);
      tell(found.text || "服务器没有处理成功，这一件还在，请再试一次。", true);
    }
  }

  const WORDS = {
    approve: { word: "已通过", tone: "good" },
    return: { word: "退回补充", tone: "warn" },
    reject: { word: "未通过", tone: "bad" },
    revoke: { word: "已撤销", tone: "bad" },
  };

  document.addEventListener("submit", (event) => {
    if (event.target.hasAttribute("data-decides")) {
      event.preventDefault();
      decide(event.target, event.submitter);
    }
  }, true);
  document.addEventListener("click", (event) => {
    const opened = event.target.closest("#queue a");
    if (opened && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      tell("", false);
      open(opened.closest("li"));
    }
    if (event.target.closest("[data-keys]")) keys.showModal();
    // A chooser closes when something else is touched.
    document.querySelectorAll(".chooser[open]").forEach((chooser) => {
      if (!chooser.contains(event.target)) chooser.open = false;
    });
  });
  document.addEventListener("change", (event) => {
    if (event.target.hasAttribute("data-all")) {
      rows().filter(waits).forEach((line) => { line.querySelector("[name=ids]").checked = event.target.checked; });
    }
    if (event.target.type === "checkbox") count();
  });
  window.addEventListener("popstate", (event) => {
    const line = row(event.state?.id || new URL(window.location.href).searchParams.get("deed") || rows()[0]?.dataset.id);
    if (line) open(line, false);
    else window.location.reload();
  });

  function choose(action) {
    const chooser = document.querySelector(`[data-chooser="${action}"]`);
    if (!chooser) return;
    document.querySelectorAll(".chooser[open]").forEach((other) => { if (other !== chooser) other.open = false; });
    chooser.open = true;
    chooser.querySelector("summary").focus();
  }

  function number(digit) {
    const chooser = document.querySelector(".chooser[open]");
    if (!chooser) return false;
    if (digit === "0") chooser.querySelector(".own input")?.focus();
    else chooser.querySelector(`[data-number="${digit}"]`)?.click();
    return true;
  }

  const KEYS = {
    KeyJ: () => step(1),
    KeyK: () => step(-1),
    // Not while a reason is being chosen for the contrary.
    KeyA: () => document.querySelector(".chooser[open]:not([data-chooser=points])") || document.getElementById("approve")?.requestSubmit(),
    KeyR: () => choose("return"),
    KeyX: () => choose("reject"),
    Space: () => {
      const tick = row(deed().dataset.id)?.querySelector("[name=ids]:enabled");
      if (tick) tick.checked = !tick.checked;
      count();
    },
  };

  function step(by) {
    const line = neighbour(by);
    if (!line) return;
    tell("", false);
    open(line);
  }

  document.addEventListener("keydown", (event) => {
    const on = event.target;
    if (event.key === "Escape") document.querySelectorAll(".chooser[open]").forEach((chooser) => { chooser.open = false; });
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || document.querySelector("dialog[open]")) return;
    if (on.closest("textarea, select, input:not([type=checkbox])")) return;
    if (event.key === "?") return keys.showModal();
    if (event.shiftKey && event.code === "KeyA") return document.querySelector("[name=ids]:checked") && batch?.requestSubmit();
    if (event.shiftKey) return;
    const digit = /^(?:Digit|Numpad)([0-9])$/.exec(event.code);
    if (digit) {
      if (number(digit[1])) event.preventDefault();
      return;
    }
    // The space bar presses the button that has the focus; everywhere else it ticks the deed.
    if (event.code === "Space" && on.closest("button, summary, input")) return;
    const act = KEYS[event.code];
    if (!act) return;
    event.preventDefault();
    act();
  });

  document.querySelectorAll("[data-keys], [data-all]").forEach((hidden) => { hidden.hidden = false; });
  count();
})();
