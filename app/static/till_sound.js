// The till is heard and felt: one sound for what worked, another for what did not. It can be muted on each device.
"use strict";

const tillSound = (() => {
  const MUTED = "till.muted";
  let context = null;

  // A browser makes no noise before somebody touched the page; asking earlier only fills its console.
  const touched = () => !navigator.userActivation || navigator.userActivation.hasBeenActive;
  const muted = () => localStorage.getItem(MUTED) === "yes";

  function tone(frequency, begins, lasts, shape) {
    const at = context.currentTime + begins;
    const source = context.createOscillator();
    const loudness = context.createGain();
    source.type = shape;
    source.frequency.value = frequency;
    loudness.gain.setValueAtTime(0.0001, at);
    loudness.gain.exponentialRampToValueAtTime(0.4, at + 0.02);
    loudness.gain.exponentialRampToValueAtTime(0.0001, at + lasts);
    source.connect(loudness).connect(context.destination);
    source.start(at);
    source.stop(at + lasts);
  }

  function play(kind) {
    if (!touched()) return;
    if (navigator.vibrate) navigator.vibrate(kind === "success" ? 120 : [250, 100, 250]);
    if (muted() || !window.AudioContext) return;
    context = context || new AudioContext();
    if (context.state === "suspended") context.resume();
    if (kind === "success") {
      // Up, and bright.
      tone(880, 0, 0.15, "sine");
      tone(1320, 0.13, 0.3, "sine");
    } else {
      // Low, and twice.
      tone(196, 0, 0.25, "square");
      tone(165, 0.3, 0.4, "square");
    }
  }

  function show() {
    for (const button of document.querySelectorAll("[data-sound]")) {
      button.setAttribute("aria-pressed", muted() ? "false" : "true");
      const word = button.querySelector("[data-sound-word]");
      if (word) word.textContent = muted() ? "关" : "开";
    }
  }

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-sound]")) return;
    localStorage.setItem(MUTED, muted() ? "no" : "yes");
    show();
    if (!muted()) play("success");
  });
  show();
  return { play };
})();
