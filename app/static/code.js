// A code on the screen: drawn anew every half minute from codes that were fetched ahead, so that it is good for ten minutes without
// network. The time is the server's: what the phone's own clock says is only used to count from there.
"use strict";

const page = document.getElementById("code");
const squares = document.getElementById("squares");
const digits = document.getElementById("digits");
const note = document.getElementById("note");
const left = document.getElementById("left");
const usual = note.textContent;
const QUIET = 4; // squares of white around the code
const POLITE_MS = 4000; // between two questions whether the code was scanned
const LATE_MS = 6000; // an answer that takes longer is none
const FRESH_MS = 60000; // codes older than this are fetched anew

let codes = [];
let ahead_of_us = 0; // how many milliseconds the server's clock is ahead of this phone's
let fetched_at = 0;
let shown = "";
let over = false;
let away = false;
let looking = false;

function now() {
  return Date.now() + ahead_of_us;
}

function take(data) {
  ahead_of_us = Date.parse(data.now) - Date.now();
  if (!data.codes) return;
  codes = data.codes.map((code) => ({ ...code, from: Date.parse(code.valid_from), until: Date.parse(code.expires_at) }));
  fetched_at = now();
}

// The squares of a code as a path: a row is a number whose bits are the squares, the leftmost on top.
function drawn(rows) {
  let path = "";
  rows.forEach((row, y) => {
    for (let x = 0; x < rows.length; x += 1) {
      if ((row >> (rows.length - 1 - x)) & 1) path += `M${x + QUIET},${y + QUIET}h1v1h-1z`;
    }
  });
  return path;
}

function put(code) {
  if (code.token === shown) return;
  shown = code.token;
  squares.setAttribute("d", drawn(code.modules));
  const groups = code.token.match(/^\d\d|\d{4}/g);
  [...digits.children].forEach((group, place) => {
    group.textContent = groups[place];
  });
  digits.setAttribute("aria-label", groups.join(" "));
}

// Puts words over the code, which is of no use any more.
function cover(said, more, good) {
  over = good;
  document.getElementById("over").hidden = false;
  document.getElementById("over-good").hidden = !good;
  document.getElementById("over-said").textContent = said;
  document.getElementById("over-more").textContent = more;
  digits.classList.add("past");
  left.classList.add("past");
  note.textContent = "";
  if (good) document.getElementById("pieces").textContent = "";
  const on = document.getElementById("over-on");
  if (on) on.hidden = !good;
}

function uncover() {
  document.getElementById("over").hidden = true;
  digits.classList.remove("past");
  left.classList.remove("past");
}

function say(words) {
  if (note.textContent !== words) note.textContent = words;
}

// The newest code that has begun, and what is left of those that were fetched.
function show() {
  if (over) return;
  const moment = now();
  const present = codes.filter((code) => code.from <= moment && moment < code.until).pop();
  if (!present) {
    cover("码已用完", "请连上网络，码会自己更新", false);
    return;
  }
  uncover();
  put(present);
  left.value = Math.max(0, Math.ceil((present.from + 30000 - moment) / 1000));
  const minutes = Math.floor((codes[codes.length - 1].until - moment) / 60000);
  if (!away) say(usual);
  else say(minutes ? `网络断开，码还能用 ${minutes} 分钟` : "网络断开，码还能用不到 1 分钟");
}

// What an address of ours says, null where there is no network or it says nothing of use.
async function ask(address) {
  if (!navigator.onLine) return null;
  const patience = new AbortController();
  const late = setTimeout(() => patience.abort(), LATE_MS);
  try {
    const answer = await fetch(address, { headers: { Accept: "application/json" }, cache: "no-store", signal: patience.signal });
    return answer.ok && !answer.redirected ? await answer.json() : null;
  } catch {
    return null;
  } finally {
    clearTimeout(late);
  }
}

async function look() {
  if (over || looking || document.hidden) return;
  looking = true;
  await look_around();
  looking = false;
  show();
}

async function look_around() {
  const old = now() - fetched_at > FRESH_MS;
  const address = page.dataset.state || (old || away ? page.dataset.codes : null);
  const said = address && (await ask(address));
  if (address) away = !said;
  if (said) {
    take(said);
    if (page.dataset.state) tell(said);
    if (page.dataset.state && old && !over) take((await ask(page.dataset.codes)) || { now: said.now });
  }
}

// What became of the order meanwhile.
function tell(state) {
  const ended = { redeemed: "已领取", cancelled: "订单已取消", lapsed: "订单已过期", refunded: "积分已退回" }[state.status];
  if (ended) cover(ended, state.status === "redeemed" ? "积分已付给商户" : "留着的积分已退回", true);
  else if (state.pieces_left < Number(page.dataset.pieces)) {
    page.dataset.pieces = state.pieces_left;
    document.getElementById("pieces").textContent = `还有 ${state.pieces_left} ${page.dataset.unit}没有领`;
  }
}

// The screen stays awake while the code is shown, where the browser can do that.
function stay_awake() {
  if (!document.hidden && navigator.wakeLock) navigator.wakeLock.request("screen").catch(() => {});
}

take(JSON.parse(document.getElementById("ahead").textContent));
show();
stay_awake();
setInterval(show, 1000);
setInterval(look, POLITE_MS);
window.addEventListener("online", look);
window.addEventListener("offline", look);
document.addEventListener("visibilitychange", () => {
  stay_awake();
  show();
  look();
});
