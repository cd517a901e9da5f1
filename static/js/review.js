// The review pages by keyboard: a key per technique, word steps for its place. The form works without it.
"use strict";

const form = document.getElementById("coding");
const undone = document.getElementById("undo");
const keysOn = document.getElementById("keys-on");
const help = document.querySelector(".keys-help");

function kept(name) { try { return localStorage.getItem(name); } catch { return null; } }
function keep(name, value) { try { localStorage.setItem(name, value); } catch { /* not kept then */ } }

if (keysOn) {
  keysOn.checked = kept("review-keys") !== "off";
  keysOn.addEventListener("change", () => keep("review-keys", keysOn.checked ? "on" : "off"));
}

if (form) {
  const text = document.getElementById("said");
  const bar = document.getElementById("span-bar");
  const boxes = [...form.querySelectorAll('input[name="codes"]')];
  const guides = [...document.querySelectorAll(".guide-one")];
  const whole = Array.from(text.textContent);  // characters as people count them
  const words = [...text.textContent.matchAll(/\S+/gu)].map((found) => {
    const start = Array.from(text.textContent.slice(0, found.index)).length;
    return { start, end: start + Array.from(found[0]).length };
  });
  const undoList = [];
  let active = null;

  // What keys and the bar change is a change as a click is: it is drawn, and drafts.js keeps it.
  const changed = () => form.dispatchEvent(new Event("input", { bubbles: true }));
  form.addEventListener("input", draw);
  const placeOf = (box) => form.elements[`span_${box.value}`];
  function span(box) {
    const [start, end] = placeOf(box).value.split("-").map(Number);
    return end > start ? [start, end] : [0, whole.length];
  }

  function draw() {
    for (const guide of guides) guide.hidden = !active || guide.dataset.code !== active.value;
    document.getElementById("guide-hint").hidden = Boolean(active);
    bar.hidden = !(active && active.checked);
    if (bar.hidden) { text.textContent = whole.join(""); return; }
    const [start, end] = span(active);
    mark(text, start, end);
    document.getElementById("span-name").textContent = active.closest("label").querySelector("span").textContent.trim();
    document.getElementById("span-words").textContent = whole.slice(start, end).join("");
  }

  function toggle(box) {
    undoList.push([box, box.checked, placeOf(box).value]);
    box.checked = !box.checked;
    active = box;
    changed();
  }

  const steps = { "start-back": [0, -1], "start-on": [0, 1], "end-back": [1, -1], "end-on": [1, 1] };
  function move(step) {
    if (!active || !active.checked || !words.length) return;
    const [side, by] = steps[step];
    const [start, end] = span(active);
    let first = words.findIndex((word) => word.end > start);
    let last = words.findLastIndex((word) => word.start < end);
    if (side === 0) first = Math.min(Math.max(0, first + by), last);
    else last = Math.max(Math.min(words.length - 1, last + by), first);
    undoList.push([active, active.checked, placeOf(active).value]);
    placeOf(active).value = `${words[first].start}-${words[last].end}`;
    changed();
  }

  function takeBack() {
    const last = undoList.pop();
    if (!last) { if (undone) undone.requestSubmit(); return; }
    const [box, checked, place] = last;
    box.checked = checked;
    placeOf(box).value = place;
    active = box;
    changed();
  }

  for (const box of boxes) {
    box.addEventListener("change", () => {
      undoList.push([box, !box.checked, placeOf(box).value]);
      active = box;
      draw();
    });
    // By keyboard only: what moves between press and release would take the box from under a pointer.
    box.addEventListener("focus", () => { if (box.matches(":focus-visible")) { active = box; draw(); } });
  }
  bar.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    if (button) move(button.dataset.move);
  });
  active = boxes.find((box) => box.checked) || null;
  draw();

  const moves = { "[": "start-back", "]": "start-on", "{": "end-back", "}": "end-on" };
  const byKey = new Map(boxes.map((box) => [box.dataset.key, box]));
  const go = (rel) => { const link = document.querySelector(`a[rel="${rel}"]`); if (link) link.click(); };
  const commands = {
    j: () => go("next"), k: () => go("prev"), u: takeBack,
    n: () => form.elements.note.focus(),
    Enter: () => form.requestSubmit(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
      return;
    }
    const field = event.target.tagName;
    if (field === "TEXTAREA") {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (!keysOn.checked || document.querySelector("dialog[open]")) return;
    if (event.key === "Enter" && (field === "A" || field === "BUTTON" || field === "SUMMARY")) return;
    const command = commands[event.key] || (moves[event.key] && (() => move(moves[event.key])))
      || (byKey.has(event.key) && (() => toggle(byKey.get(event.key))));
    if (!command) return;
    event.preventDefault();
    command();
  });
  // "?" opens the site's list; on this page the list of its own keys stands in it.
  const own = help.querySelector(".keys").cloneNode(true);
  document.querySelector("#shortcuts .keys").replaceWith(own);
  form.addEventListener("submit", () => { form.querySelector("button.primary").disabled = true; });
} else {
  document.addEventListener("keydown", (event) => {
    if (event.target !== document.body || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.key === "Enter") document.getElementById("begin")?.click();
    if (event.key === "u" && kept("review-keys") !== "off") undone?.requestSubmit();
  });
}
