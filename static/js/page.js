// Every page: evidence cards in a dialog, the stretch of text a tag is about, and the "?" list.
"use strict";

const card = document.getElementById("card");

// To who listens to the page, once. What lies behind an open dialog is not heard: it waits until that is closed.
function say(words) {
  const over = document.querySelector("dialog:modal");
  if (over) return over.addEventListener("close", () => say(words), { once: true });
  const line = document.createElement("p");
  line.textContent = words;
  document.getElementById("told").append(line);
  setTimeout(() => line.remove(), 20000);
}

// What opened a card may be replaced behind it, as when its tag is disputed: the focus goes to what took its place.
let openedBy = null;
function openCard(asker) {
  if (card.open) return;
  openedBy = asker;
  card.showModal();
}
card.addEventListener("close", () => {
  if (!openedBy.isConnected) document.querySelector(`a.tag[href="${openedBy.getAttribute("href")}"]`)?.focus();
});

document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target.id === "card-body") openCard(detail.requestConfig.elt);
});

// A page that was overtaken (by a sign-in, by what was done in another tab) is had again; not again and again.
const RENEWED = `renewed:${window.location.pathname}`;
function renewedWithin(ms) {
  try { return Date.now() - Number(sessionStorage.getItem(RENEWED)) < ms; } catch { return true; }
}
function renew() {
  if (renewedWithin(30000)) return false;
  sessionStorage.setItem(RENEWED, Date.now());
  window.location.reload();
  return true;
}

const asksByItself = (asker) => Boolean(asker.getAttribute("hx-trigger")?.startsWith("every"));

// To try again helps only where nothing but the way there failed.
function whyNot(xhr, wasSent) {
  const words = document.getElementById("card-body").dataset;
  if (xhr.status === 400 && xhr.getResponseHeader("Content-Type")?.startsWith("text/plain")) return xhr.responseText;
  if (xhr.status === 403 && wasSent) return words.overtaken;
  return xhr.status === 403 || xhr.status === 404 ? words.gone : words.failed;
}

// What could not be had says so where it was asked for. A panel that asks by itself asks again, unless what it is
// about went: then the page is another.
for (const name of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(name, ({ detail: { elt, target, xhr } }) => {
    if (asksByItself(elt)) {
      if (xhr.status === 403 || xhr.status === 404) renew();
      return;
    }
    const said = document.createElement("p");
    said.className = "error";
    said.setAttribute("role", "alert");
    said.textContent = whyNot(xhr, elt.matches("form"));
    if (target.id === "card-body") {
      target.replaceChildren(said);
      openCard(elt);
    } else if (elt.matches("form")) {
      elt.querySelector(":scope > .error")?.remove();
      elt.prepend(said);
    }
  });
}

// A panel that asks by itself and hears the same again stays as it is: nothing is read out, no focus goes astray.
// What had focus is found again by its id, and so is how far a table was scrolled. (A form's token is another
// in each answer.)
// What it brings says in data-said what it has come to, and so does a row of it. Where what had focus is not there
// any more, the focus goes to the first heading in sight.
const heard = new Map();
const scrolled = new Map();
const before = new Set();
let swapped = null;
const sayingOf = (part) => [part, ...part.querySelectorAll("[data-said]")].filter((one) => one.dataset.said);
const keyOf = (part) => `${part.id}:${part.dataset.said}`;
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const asker = detail.requestConfig.elt;
  if (!asksByItself(asker)) return;
  const words = detail.serverResponse.replace(/name="csrfmiddlewaretoken" value="[^"]*"/g, "");
  if (heard.get(asker.id) === words) detail.shouldSwap = false;
  heard.set(asker.id, words);
  for (const table of document.querySelectorAll(".scroll[id]")) scrolled.set(table.id, table.scrollLeft);
  if (!detail.shouldSwap) return;
  before.clear();
  for (const one of sayingOf(detail.target)) before.add(keyOf(one));
  swapped = { id: detail.target.id, hadFocus: detail.target.contains(document.activeElement) };
});
document.addEventListener("htmx:afterSettle", () => {
  for (const [id, left] of scrolled) document.getElementById(id)?.scrollTo({ left });
  scrolled.clear();
  const fresh = swapped && document.getElementById(swapped.id);
  const hadFocus = swapped?.hadFocus;
  swapped = null;
  if (!fresh) return;
  if (hadFocus && document.activeElement === document.body) {
    const place = [...fresh.querySelectorAll("h2, h3, summary")].find((one) => one.checkVisibility?.() ?? true) || fresh;
    if (place.tagName !== "SUMMARY") place.tabIndex = -1;
    place.focus();
  }
  for (const one of sayingOf(fresh)) if (!before.has(keyOf(one))) say(one.dataset.said);
});

// Where the whole page comes anew at the end of a wait, it says there what it has come to.
const WAITED = "waited";
document.addEventListener("htmx:beforeOnLoad", ({ detail: { elt, xhr } }) => {
  if (!asksByItself(elt) || !xhr.getResponseHeader("HX-Refresh")) return;
  try { sessionStorage.setItem(WAITED, elt.id); } catch { /* it is not told then */ }
});
try {
  const part = document.getElementById(sessionStorage.getItem(WAITED));
  sessionStorage.removeItem(WAITED);
  // What is there from the beginning is not read out.
  if (part) setTimeout(() => sayingOf(part).forEach((one) => say(one.dataset.said)), 500);
} catch { /* nothing was kept */ }

// What was taken is no draft any more: the form holds what was sent, and drafts.js keeps what differs from that.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const asker = detail.requestConfig.elt;
  if (!detail.shouldSwap || !asker.matches("form[data-drafts]")) return;
  for (const field of asker.querySelectorAll("textarea, input")) {
    if (/^(checkbox|radio)$/.test(field.type)) field.defaultChecked = field.checked;
    else if (field.type !== "hidden") field.defaultValue = field.value;
  }
  asker.dispatchEvent(new Event("input", { bubbles: true }));
});

// A click on the backdrop closes, not a selection that ends there; focus goes back to the tag by itself.
for (const dialog of document.querySelectorAll("dialog")) {
  let began = null;
  dialog.addEventListener("pointerdown", (event) => { began = event.target; });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog && began === dialog) dialog.close();
  });
}

// Offsets count characters as people do (code points), not UTF-16 units.
function mark(text, start, end) {
  const chars = Array.from(text.textContent);
  const spoken = document.createElement("span");
  spoken.className = "spoken";
  spoken.textContent = chars.slice(start, end).join("");
  text.replaceChildren(chars.slice(0, start).join(""), spoken, chars.slice(end).join(""));
}

// The stretch of the tag that is pointed at; of a message that shows none yet, that of its first tag. In the log of a
// chat it is drawn over the text: what is changed there is read out again, and a selection would be lost.
const spoken = window.Highlight && CSS.highlights ? new Highlight() : null;
if (spoken) CSS.highlights.set("spoken", spoken);
const drawn = new WeakMap();  // of a text: the place that is drawn, and its range

function placeOf(text) {
  const span = text.querySelector(".spoken");
  if (drawn.has(text) || !span) return drawn.get(text)?.place;
  const start = Array.from(span.previousSibling?.textContent || "").length;
  return `${start}-${start + Array.from(span.textContent).length}`;
}

function draw(text, place, start, end) {
  const chars = Array.from(text.textContent);
  const [from, to] = [start, end].map((at) => chars.slice(0, at).join("").length);
  const range = new Range();
  const nodes = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
  let before = 0;
  range.selectNodeContents(text);
  while (nodes.nextNode()) {
    const { currentNode: node } = nodes;
    if (from >= before && from <= before + node.length) range.setStart(node, from - before);
    if (to >= before && to <= before + node.length) range.setEnd(node, to - before);
    before += node.length;
  }
  if (drawn.has(text)) spoken.delete(drawn.get(text).range);
  drawn.set(text, { place, range });
  spoken.add(range);
  text.classList.add("drawn");
}

function point(event) {
  const message = event.target.closest?.(".message");
  const text = message?.querySelector(".text");
  const first = text && placeOf(text) ? null : message?.querySelector("a.tag");
  const tag = event.target.closest?.("a.tag") || first;
  if (!text || !tag) return;
  const { start, end } = tag.dataset;
  const place = `${start}-${end}`;
  if (placeOf(text) === place) return;
  if (spoken) return draw(text, place, Number(start), Number(end));
  // A browser that cannot draw over a text changes it unheard, and not while something of it is selected.
  const chosen = window.getSelection();
  if (!chosen.isCollapsed && chosen.containsNode(text, true)) return;
  text.setAttribute("aria-live", "off");
  mark(text, Number(start), Number(end));
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
    for (const store of [localStorage, sessionStorage]) {
      for (const name of Object.keys(store)) if (name.startsWith("draft:")) store.removeItem(name);
    }
  } catch { /* a browser that keeps nothing has nothing to forget */ }
});

// Words that were not sent go with a chat that is left for good: nobody is held up, nothing stays on the device.
document.addEventListener("submit", (event) => {
  const { dataset, elements } = event.target;
  if (event.defaultPrevented || !dataset.leaves || elements.sure?.checked === false) return;
  try { localStorage.removeItem(`draft:${dataset.leaves}`); } catch { /* nothing was kept */ }
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input:not([type=checkbox], [type=radio]), textarea, select");
  if (event.key === "?" && !typing) document.getElementById("shortcuts").showModal();
});

// Who signs in and never chose a time zone gets the browser's.
for (const field of document.querySelectorAll("input[name=browser_zone]")) {
  field.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
}

// Enter presses the first button of a form; in a field that names another, that one.
document.addEventListener("keydown", (event) => {
  const button = event.target.matches("[data-enter]") && document.getElementById(event.target.dataset.enter);
  if (event.key !== "Enter" || event.isComposing || !button) return;
  event.preventDefault();
  button.click();
});

// A form is sent once: two clicks are one. After a while again, for an answer that is a file leaves the page.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.getAttribute("method") !== "post") return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 10000);
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
