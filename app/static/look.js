// The sample shows the size that is being chosen, before it is saved.
"use strict";

document.querySelectorAll("form[data-look]").forEach((form) => {
  const sample = form.querySelector("[data-sample]");
  form.addEventListener("change", () => {
    const care = form.querySelector("input[type=checkbox]").checked;
    const size = form.querySelector("input[type=radio]:checked");
    sample.className = care && size ? `sample look-${size.value}` : "sample look-17";
  });
});
