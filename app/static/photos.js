// Photos in forms: each is made smaller and sent as soon as it is chosen, so that the form only names it.
// And photos in pages: one opens large, over the page. Without this script the form carries the files, and a photo is a link.
"use strict";

const LONGEST_EDGE = 2048; // pixels: the server keeps no more, so no more is sent
const SMALL_ENOUGH = 1500000; // bytes: below this, and not too wide, a photo is sent as it is

for (const picker of document.querySelectorAll("[data-photos]")) pickerOf(picker);

function pickerOf(picker) {
  const form = picker.form || picker.closest("form");
  const list = picker.querySelector("[data-picked]");
  const shoot = picker.querySelector("[data-shoot]");
  const said = picker.querySelector("[data-said]");
  const most = Number(picker.dataset.most);
  const hint = said.textContent;
  let line = Promise.resolve(); // the photos that wait for their turn
  let waiting = null; // the button of a form that was to be sent while photos were still on their way

  picker.classList.add("scripted");
  for (const item of list.children) {
    const button = picker.querySelector("[data-item]").content.querySelector("[data-remove]").cloneNode(true);
    item.append(hiddenId(item.dataset.id));
    item.querySelector(".keep").replaceWith(button);
  }
  for (const input of shoot.querySelectorAll("input")) {
    input.addEventListener("change", () => {
      const files = [...input.files];
      input.value = ""; // they are sent by themselves, and not once more with the form
      for (const file of files.slice(0, room())) add(file);
      if (files.length > 0 && room() === 0) tell(`已经有 ${most} 张，不能再加了。`);
    });
  }
  list.addEventListener("click", (event) => {
    const item = event.target.closest("li");
    if (event.target.closest("[data-remove]")) remove(item);
    if (event.target.closest("[data-again]")) send(item);
  });
  // A form waits for its photos, and is sent by itself when the last one has arrived.
  form.addEventListener("submit", (event) => {
    if (list.querySelector(".failed")) {
      event.preventDefault();
      waiting = null;
      tell("有照片没有传上去，请点“重试”，或者移除它。");
      list.querySelector(".failed button").focus();
    } else if (list.querySelector(".sending")) {
      event.preventDefault();
      waiting = event.submitter || form.querySelector("[type=submit]");
      tell("照片还在上传，传完会自动提交，请稍等。");
    }
  });
  // The words of a draft come back with its photos, as long as the server has them.
  picker.addEventListener("photos:restore", (event) => {
    for (const id of event.detail.slice(0, room())) {
      if (list.querySelector(`[data-id="${CSS.escape(id)}"]`)) continue;
      const item = newItem();
      const picture = item.querySelector("img");
      picture.addEventListener("error", () => remove(item));
      picture.src = `${picker.dataset.to}/${encodeURIComponent(id)}`;
      arrived(item, id);
    }
    changed();
  });
  changed();

  function room() {
    return Math.max(0, most - list.children.length);
  }

  function newItem() {
    const item = picker.querySelector("[data-item]").content.firstElementChild.cloneNode(true);
    list.append(item);
    return item;
  }

  // One after the other: an old phone has no room for nine pictures at once, and a poor network none for nine uploads.
  function add(file) {
    const item = newItem();
    item.classList.add("sending");
    changed();
    line = line.then(async () => {
      if (!item.isConnected) return;
      item.photo = await smallerPhoto(file);
      const picture = item.querySelector("img");
      picture.addEventListener("error", () => {
        // This browser cannot draw it; the server can, once it has it.
        picture.removeAttribute("src");
        item.blind = true;
      }, { once: true });
      picture.src = URL.createObjectURL(item.photo);
      await send(item);
    });
  }

  function send(item) {
    const progress = item.querySelector("progress");
    item.classList.remove("failed");
    item.classList.add("sending");
    progress.hidden = false;
    progress.value = 0;
    item.querySelector("[data-wrong]").hidden = true;
    item.querySelector("[data-again]").hidden = true;
    const body = new FormData();
    body.append("csrf_token", form.elements.csrf_token.value);
    body.append("file", item.photo, item.photo.name || "photo.jpg");
    const request = new XMLHttpRequest();
    item.request = request;
    request.open("POST", picker.dataset.to);
    request.timeout = 120000;
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress.value = Math.round((100 * event.loaded) / event.total);
    });
    request.addEventListener("load", () => {
      if (request.status === 201) arrived(item, JSON.parse(request.responseText).id);
      else if (request.status === 401) anew(item, "登录已失效", "重新登录");
      else if (request.responseText.includes('data-code="form_expired"')) anew(item, "页面打开得太久了", "刷新页面");
      else failed(item, reasonOfUpload(request), request.status === 415 || request.status === 413);
    });
    request.addEventListener("error", () => failed(item, "网络断了，没有传上去"));
    request.addEventListener("timeout", () => failed(item, "网络太慢，没有传上去"));
    return new Promise((done) => {
      request.addEventListener("loadend", done);
      request.send(body);
    });
  }

  function arrived(item, id) {
    item.classList.remove("sending", "failed");
    item.dataset.id = id;
    item.querySelector("progress").hidden = true;
    if (item.blind) item.querySelector("img").src = `${picker.dataset.to}/${id}`;
    item.append(hiddenId(id));
    changed();
    if (waiting && !list.querySelector(".sending, .failed")) form.requestSubmit(waiting);
  }

  function failed(item, why, forGood) {
    item.classList.remove("sending");
    item.classList.add("failed");
    item.querySelector("progress").hidden = true;
    const wrong = item.querySelector("[data-wrong]");
    wrong.textContent = why;
    wrong.hidden = false;
    item.querySelector("[data-again]").hidden = Boolean(forGood);
    waiting = null;
    changed();
  }

  // Who must sign in again finds what he wrote where the form keeps a draft; else the form itself is kept over the sign-in.
  function anew(item, why, how) {
    failed(item, form.dataset.draft ? `${why}，填写的内容还在。` : `${why}。请移除这张照片后提交，登录后接着办。`, true);
    if (!form.dataset.draft) return;
    const link = document.createElement("a");
    link.href = window.location.href; // which leads to the sign-in, and back here
    link.textContent = how;
    item.querySelector("[data-wrong]").append(link);
  }

  function remove(item) {
    if (item.request) item.request.abort();
    const next = item.nextElementSibling || item.previousElementSibling;
    const held = item.contains(document.activeElement);
    item.remove();
    changed();
    if (held) (next || shoot).querySelector("button, input").focus();
  }

  function changed() {
    shoot.hidden = room() === 0;
    const sending = list.querySelectorAll(".sending").length;
    const there = list.querySelectorAll("input[type=hidden]").length;
    if (sending) tell(`正在上传 ${sending} 张照片……`);
    else if (there) tell(`已加 ${there} 张照片${room() ? `，还可以加 ${room()} 张` : ""}。`);
    else tell(hint);
    picker.dispatchEvent(new CustomEvent("photos:change", { bubbles: true }));
  }

  function tell(words) {
    if (said.textContent !== words) said.textContent = words;
  }
}

function hiddenId(id) {
  const input = document.createElement("input");
  input.type = "hidden";
  input.name = "upload_ids";
  input.value = id;
  return input;
}

// The photo as it will be kept: upright, 2048 pixels at most. What this browser cannot draw, the server may: it goes as it is.
async function smallerPhoto(file) {
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, LONGEST_EDGE / Math.max(picture.width, picture.height));
    if (scale === 1 && file.size <= SMALL_ENOUGH) return file;
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const made = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    return made && made.size < file.size ? made : file;
  } catch {
    return file;
  }
}

// Why the server refused a photo, in its own words where it has any.
function reasonOfUpload(request) {
  const page = new DOMParser().parseFromString(request.responseText || "", "text/html");
  const title = page.querySelector("[data-code] h1, [data-code] span");
  return title ? title.textContent : "没有传上去，请重试";
}

// One photo large, the others a step away.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-large]");
  if (!link || event.ctrlKey || event.metaKey || typeof HTMLDialogElement === "undefined") return;
  event.preventDefault();
  openLarge([...link.closest(".gallery").querySelectorAll("a[data-large]")], link);
});

function openLarge(links, first) {
  const dialog = document.createElement("dialog");
  const picture = document.createElement("img");
  const bar = document.createElement("div");
  const [back, close, on] = ["上一张", "关闭", "下一张"].map((words) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words;
    bar.append(button);
    return button;
  });
  let at = links.indexOf(first);
  const show = (step) => {
    at = Math.min(links.length - 1, Math.max(0, at + step));
    picture.src = links[at].href;
    picture.alt = `第 ${at + 1} 张照片，共 ${links.length} 张`;
    back.disabled = at === 0;
    on.disabled = at === links.length - 1;
  };
  dialog.className = "viewer";
  dialog.setAttribute("aria-label", "照片");
  bar.className = "bar";
  back.addEventListener("click", () => show(-1));
  on.addEventListener("click", () => show(1));
  close.addEventListener("click", () => dialog.close());
  picture.addEventListener("click", () => dialog.close());
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") show(-1);
    if (event.key === "ArrowRight") show(1);
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    links[at].focus();
  });
  dialog.append(picture, bar);
  show(0);
  document.body.append(dialog);
  dialog.showModal();
  close.focus();
}
