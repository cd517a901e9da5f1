// The account page: the browser's own time zone as a suggestion; nothing is saved by itself.
"use strict";

const field = document.getElementById("time-zone");
const hint = document.getElementById("zone-hint");
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;

if (here !== field.value && Array.from(field.options).some((option) => option.value === here)) {
  hint.querySelector("strong").textContent = here.replaceAll("_", " ");
  hint.hidden = false;
  hint.querySelector("button").addEventListener("click", () => {
    field.value = here;
    hint.hidden = true;
    field.focus();
  });
}
