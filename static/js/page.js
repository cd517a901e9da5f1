// Every page: evidence cards in a dialog, the stretch of text a tag is about, and the "?" list.
"use strict";

const card = document.getElementById("card");

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "card-body" && !card.open) card.showModal();
});

// A click on the backdrop closes; focus goes back to the tag by itself.
for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
}

// Offsets count characters as people do (code points), not UTF-16 units.
function mark(text, start, end) {
  const chars = Array.from(text.textContent);
  const spoken = document.createElement("span");
  spoken.className = "spoken";
  spoken.textContent = chars.slice(start, end).join("");
  text.replaceChildren(chars.slice(0, start).join(""), spoken, chars.slice(end).join(""));
}

function point(event) {
  const tag = event.target.closest ? event.target.closest("a.tag") : null;
  if (!tag) return;
  const text = tag.closest(".message")?.querySelector(".text");
  if (!text) return;
  mark(text, Number(tag.dataset.start), Number(tag.dataset.end));
}
document.addEventListener("focusin", point);
document.addEventListener("mouseover", point);

// A menu of the header closes by Escape, by a click beside it and when the focus leaves it.
const menus = [...document.querySelectorAll("details.menu")];
for (const menu of menus) {
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
}
document.addEventListener("click", (event) => {
  for (const menu of menus) if (!menu.contains(event.target)) menu.open = false;
});

// Unsent drafts stay on this device; they go with the person who signs out.
document.querySelector("form.who")?.addEventListener("submit", () => {
  try {
    for (const name of Object.keys(localStorage)) if (name.startsWith("draft:")) localStorage.removeItem(name);
  } catch { /* a browser that keeps nothing has nothing to forget */ }
});

document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (event.key === "?" && !typing) document.getElementById("shortcuts").showModal();
});
