// A scan on its way to the server, and back. Where the answer is lost nobody knows what became of it: it is sent again with the
// same key, for which the server counts once, until there is an answer. It is kept on the device meanwhile, also over a reload.
"use strict";

const tillSending = (() => {
  const till = document.getElementById("till");
  const form = document.getElementById("scan");
  const KEPT = `till.pending.${till.dataset.login}`;
  const GIVEN_UP_AFTER_MS = 24 * 3600 * 1000; // the server knows keys for two days
  const PATIENCE_MS = 10000;
  const LONGEST_PAUSE_MS = 20000;
  const NOBODY_KNOWS = "nobody knows"; // what is thrown where the answer says nothing about the scan
  let pending = null;
  let timer = 0;
  let sending = false;
  let listen = () => {};

  const key = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

  function keep(record) {
    pending = record;
    if (record) localStorage.setItem(KEPT, JSON.stringify(record));
    else localStorage.removeItem(KEPT);
  }

  async function ask() {
    const body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value, _key: pending.key, token: pending.token });
    if (pending.pieces) body.set("pieces", pending.pieces);
    const impatience = new AbortController();
    const patience = setTimeout(() => impatience.abort(), PATIENCE_MS);
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" }, signal: impatience.signal });
      return { status: answer.status, page: new DOMParser().parseFromString(await answer.text(), "text/html") };
    } finally {
      clearTimeout(patience);
    }
  }

  // What the server says of the scan. Whatever does not speak of it (a gateway's error, the sign-in page of a public network)
  // is no answer.
  async function judged() {
    let { status, page } = await ask();
    if (page.querySelector("[data-code='form_expired']")) {
      // Signed in anew meanwhile: the answer brings a token of the new session.
      const fresh = page.querySelector("#scan [name='csrf_token']");
      if (!fresh) throw NOBODY_KNOWS;
      form.elements.csrf_token.value = fresh.value;
      ({ status, page } = await ask());
    }
    if (status === 401) return { kind: "signed-out" };
    const result = page.getElementById("result");
    if (!result || status >= 500 || result.dataset.code === "idempotency_in_progress") throw NOBODY_KNOWS;
    return { kind: result.dataset.kind, result, latest: page.getElementById("latest") };
  }

  async function send() {
    clearTimeout(timer);
    if (!pending || sending) return;
    sending = true;
    keep({ ...pending, tries: pending.tries + 1 });
    const record = pending;
    try {
      const answer = await judged();
      if (pending !== record) return;
      if (answer.kind !== "signed-out") keep(null);
      listen({ ...answer, late: record.tries > 1, way: record.way, token: record.token });
    } catch {
      if (pending !== record) return;
      timer = setTimeout(send, Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** (record.tries - 1)));
      listen({ kind: "lost" });
    } finally {
      sending = false;
    }
  }

  window.addEventListener("online", send);

  return {
    busy: () => pending !== null,
    again: send,
    // Send a code; `tell` hears what becomes of it: success, refused, lost (and is told again later), signed-out.
    begin(token, pieces, way, tell) {
      listen = tell;
      keep({ token, pieces, way, key: key(), since: Date.now(), tries: 0 });
      send();
    },
    // Go on with what was on its way when the page was left; whether there is something.
    resume(tell) {
      let record = null;
      try {
        record = JSON.parse(localStorage.getItem(KEPT));
      } catch {
        keep(null);
      }
      if (!record || !record.key || Date.now() - record.since > GIVEN_UP_AFTER_MS) return keep(null), false;
      listen = tell;
      pending = { ...record, tries: Math.max(1, record.tries) };
      send();
      return true;
    },
    giveUp() {
      clearTimeout(timer);
      keep(null);
    },
  };
})();
