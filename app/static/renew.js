// A code that is good for a minute and a half: the page brings the next one before this one ends.
"use strict";

const shown = document.querySelector("[data-renew-after]");
setTimeout(() => location.reload(), Math.max(5, Number(shown.dataset.renewAfter)) * 1000);
