// The camera of the till: it shows what it sees, reads codes from it, and rests while nobody looks. Photos are read here too.
"use strict";

const tillCamera = (() => {
  const till = document.getElementById("till");
  const viewer = till.querySelector(".viewer");
  const video = document.getElementById("video");
  const torch = viewer.querySelector("[data-torch]");
  const reopen = viewer.querySelector("[data-reopen]");
  const EVERY_MS = 120;
  const MOST_PIXELS = 1280; // along the longer side: more only takes longer
  const canvas = document.createElement("canvas");
  let stream = null;
  let wanted = false;
  let turn = 0; // which start this is: what an older one brings is thrown away
  let found = () => {};
  let reader = null;

  function say(what) {
    for (const words of viewer.querySelectorAll("[data-says]")) words.hidden = words.dataset.says !== what;
    reopen.hidden = what === "starting" || what === "ready";
    viewer.dataset.state = what;
  }

  // The reader is fetched when it is first needed: a till with a scanner never needs it.
  function loadReader() {
    reader = reader || new Promise((done, fail) => {
      const script = document.createElement("script");
      script.src = till.dataset.reader;
      script.onload = () => {
        const locateFile = (file, at) => (file.endsWith(".wasm") ? till.dataset.wasm : at + file);
        ZXingWASM.prepareZXingModule({ overrides: { locateFile }, fireImmediately: true }).then(done, fail);
      };
      script.onerror = fail;
      document.head.append(script);
    }).catch((error) => {
      reader = null;
      throw error;
    });
    return reader;
  }

  async function textIn(source, width, height) {
    const scale = Math.min(1, MOST_PIXELS / Math.max(width, height));
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const drawing = canvas.getContext("2d", { willReadFrequently: true });
    drawing.drawImage(source, 0, 0, canvas.width, canvas.height);
    const picture = drawing.getImageData(0, 0, canvas.width, canvas.height);
    const codes = await ZXingWASM.readBarcodes(picture, { formats: ["QRCode"], tryHarder: true, maxNumberOfSymbols: 1 });
    return codes.length ? codes[0].text : "";
  }

  async function look(mine) {
    if (mine !== turn) return;
    if (video.readyState >= 2 && video.videoWidth) {
      const text = await textIn(video, video.videoWidth, video.videoHeight).catch(() => "");
      if (mine !== turn) return;
      if (text) found(text);
    }
    setTimeout(() => look(mine), EVERY_MS);
  }

  function close() {
    turn += 1;
    if (stream) for (const track of stream.getTracks()) track.stop();
    stream = null;
    video.srcObject = null;
    torch.hidden = true;
  }

  async function open() {
    close();
    const mine = turn;
    say("starting");
    if (!navigator.mediaDevices || !window.WebAssembly) return say("unable");
    let opened;
    try {
      const size = { width: { ideal: 1280 }, height: { ideal: 720 } };
      opened = await navigator.mediaDevices.getUserMedia({ video: { facingMode: { ideal: "environment" }, ...size } });
    } catch (error) {
      if (mine !== turn) return;
      const why = { NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "none", OverconstrainedError: "none" };
      return say(why[error.name] || "busy");
    }
    if (mine !== turn) return opened.getTracks().forEach((track) => track.stop());
    stream = opened;
    video.srcObject = stream;
    await video.play().catch(() => {});
    try {
      await loadReader();
    } catch {
      if (mine === turn) {
        close();
        say("lost");
      }
      return;
    }
    if (mine !== turn) return;
    say("ready");
    const track = stream.getVideoTracks()[0];
    torch.hidden = !(track.getCapabilities && track.getCapabilities().torch);
    torch.setAttribute("aria-pressed", "false");
    // A camera that is pulled out, or taken by a call, can be opened again.
    track.addEventListener("ended", () => mine === turn && (close(), say("busy")));
    look(mine);
  }

  torch.addEventListener("click", () => {
    const on = torch.getAttribute("aria-pressed") !== "true";
    torch.setAttribute("aria-pressed", String(on));
    stream.getVideoTracks()[0].applyConstraints({ advanced: [{ torch: on }] }).catch(() => (torch.hidden = true));
  });
  reopen.addEventListener("click", open);
  document.addEventListener("visibilitychange", () => {
    if (!wanted) return;
    if (document.hidden) close();
    else open();
  });

  return {
    // Begin to look, and hand every code that is seen to `take`, each time that it is seen.
    start(take) {
      found = take;
      if (wanted) return;
      wanted = true;
      if (!document.hidden) open();
    },
    stop() {
      wanted = false;
      close();
    },
    // The text of the code on a photo; empty where there is none.
    async read(file) {
      await loadReader();
      const picture = await createImageBitmap(file);
      return textIn(picture, picture.width, picture.height);
    },
  };
})();
