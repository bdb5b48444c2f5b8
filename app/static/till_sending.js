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
  let pending = null;
  let timer = 0;
  let inFlight = ""; // the key of the record whose answer is being waited for
  let listen = () => {};

  const key = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

  function keep(record) {
    pending = record;
    try {
      if (record) localStorage.setItem(KEPT, JSON.stringify(record));
      else localStorage.removeItem(KEPT);
    } catch {
      // A device that keeps nothing forgets over a reload, and scans all the same.
    }
  }

  async function load(address, request) {
    const impatience = new AbortController();
    const patience = setTimeout(() => impatience.abort(), PATIENCE_MS);
    try {
      const answer = await fetch(address, { ...request, headers: { Accept: "text/html" }, signal: impatience.signal });
      return { status: answer.status, page: new DOMParser().parseFromString(await answer.text(), "text/html") };
    } finally {
      clearTimeout(patience);
    }
  }

  function ask(record) {
    const body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value, _key: record.key, token: record.token });
    if (record.pieces) body.set("pieces", record.pieces);
    return load(form.action, { method: "POST", body });
  }

  // The till's page anew, for the token that forms of the present session have; whether it is still the same one's till.
  async function renew() {
    const { page } = await load(window.location.pathname, {});
    const fresh = page.querySelector(`#till[data-login="${till.dataset.login}"] #scan [name="csrf_token"]`);
    if (fresh) form.elements.csrf_token.value = fresh.value;
    return Boolean(fresh);
  }

  // What the server says of the scan. Whatever does not speak of it (a gateway's error, the sign-in page of a public network)
  // is no answer.
  async function judged(record) {
    let { status, page } = await ask(record);
    if (page.querySelector("[data-code='form_expired']")) {
      if (!(await renew())) return { kind: "signed-out" };
      ({ status, page } = await ask(record));
    }
    if (status === 401) return { kind: "signed-out" };
    const result = page.getElementById("result");
    if (!result || status >= 500 || result.dataset.code === "idempotency_in_progress") return { kind: "lost" };
    return { kind: result.dataset.kind, result, latest: page.getElementById("latest") };
  }

  async function send() {
    clearTimeout(timer);
    if (!pending || inFlight === pending.key) return;
    keep({ ...pending, tries: pending.tries + 1 });
    const record = pending;
    inFlight = record.key;
    const answer = await judged(record).catch(() => ({ kind: "lost" }));
    if (inFlight === record.key) inFlight = "";
    if (pending !== record) return; // given up meanwhile
    if (answer.kind === "lost") timer = setTimeout(send, Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** (record.tries - 1)));
    else if (answer.kind !== "signed-out") keep(null);
    listen({ ...answer, late: record.tries > 1 });
  }

  window.addEventListener("online", send);

  return {
    busy: () => pending !== null,
    again: send,
    // Send a code; `tell` hears what becomes of it: success, refused, signed-out, or lost, and then once more.
    begin(token, pieces, tell) {
      listen = tell;
      keep({ token, pieces, key: key(), since: Date.now(), tries: 0 });
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
