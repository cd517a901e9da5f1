// Every page: what is typed, ticked and chosen in a form with data-drafts stays in this tab until the form was taken.
// A page for nobody (sign in, a refusal), one with an error and one that only shows what was sent (data-untaken)
// mean that what was sent last was not. Passwords, codes, files and hidden fields are never kept, but for hidden
// ones that the page itself changes (data-was says what they were).
"use strict";

{
  const person = document.body.dataset.person;
  const own = `draft:form:${person}:`;
  const never = ["hidden", "password", "file", "submit", "button", "image", "reset"];
  const KEPT = `textarea, select, input[data-was],
    input:not([autocomplete=one-time-code], ${never.map((type) => `[type=${type}]`).join(", ")})`;
  const waiting = new Set();
  const seen = new WeakSet();
  const origins = new WeakMap();  // a form that shows what was sent: what it said before
  const echoed = new Set();
  let timer = null;

  // A browser may refuse to keep anything: forms then work without drafts.
  const quietly = (work) => { try { return work(); } catch { return null; } };
  const names = () => quietly(() => Object.keys(sessionStorage).filter((n) => n.startsWith("draft:form:"))) || [];
  const read = (name) => quietly(() => JSON.parse(sessionStorage.getItem(name)));
  const drop = (name) => quietly(() => sessionStorage.removeItem(name));
  const write = (name, draft) => quietly(() => sessionStorage.setItem(name, JSON.stringify(draft)));
  const nameOf = (form) => own + new URL(form.getAttribute("action") || "", window.location.href).pathname;

  const ticked = (field) => field.type === "checkbox" || field.type === "radio";
  const isText = (field) => field.matches("textarea");
  const keyOf = (field) => (ticked(field) ? `${field.name}=${field.value}` : field.name);
  const valueOf = (field) => (ticked(field) ? field.checked : field.value);
  function pageSays(field) {
    if (ticked(field)) return field.defaultChecked;
    if (field.options) return ([...field.options].find((one) => one.defaultSelected) || field.options[0])?.value;
    return field.dataset.was ?? field.defaultValue;
  }
  const fieldsOf = (form) => [...form.elements].filter((field) => field.name && field.matches(KEPT));
  const sheet = (form, said) => Object.fromEntries(fieldsOf(form).map((field) => [keyOf(field), said(field)]));
  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
  const draftOf = (form) => ({ was: origins.get(form) || sheet(form, pageSays), now: sheet(form, valueOf) });

  function keep() {
    clearTimeout(timer);
    for (const form of waiting) {
      const draft = draftOf(form);
      if (same(draft.was, draft.now)) drop(nameOf(form));
      else write(nameOf(form), draft);
    }
    waiting.clear();
  }

  function tell(form, back) {
    const said = () => {
      const words = document.createElement("p");
      words.className = "small";
      words.setAttribute("role", "status");
      words.textContent = document.body.dataset.restored;
      return words;
    };
    if (back.every(isText)) for (const field of back) field.after(said());
    else form.prepend(said());
    for (const field of back) {
      const folded = field.closest("details");
      if (folded) folded.open = true;
    }
  }

  function putBack(form) {
    const draft = read(nameOf(form));
    if (!draft) return;
    const page = sheet(form, pageSays);
    const asItWas = same(page, draft.was);
    // Where the form says something else by now, ticks, numbers and choices do not belong to it any more; words
    // do where their own field is as it was.
    const back = fieldsOf(form).filter((field) => {
      const key = keyOf(field);
      if (draft.now[key] === draft.was[key] || valueOf(field) !== page[key]) return false;
      return asItWas || (isText(field) && page[key] === draft.was[key]);
    });
    for (const field of back) field[ticked(field) ? "checked" : "value"] = draft.now[keyOf(field)];
    if (back.length) tell(form, back);
    if (asItWas || !echoed.has(nameOf(form))) return;
    origins.set(form, draft.was);
    const typed = fieldsOf(form).map(keyOf).filter((key) => draft.now[key] !== draft.was[key]);
    const words = fieldsOf(form).filter((field) => isText(field) && typed.includes(keyOf(field)));
    const now = Object.fromEntries(words.map((field) => [keyOf(field), draft.now[keyOf(field)]]));
    write(nameOf(form), { was: draft.was, now: { ...sheet(form, valueOf), ...now } });
  }

  function restore() {
    for (const form of document.querySelectorAll("form[data-drafts]")) {
      if (seen.has(form)) continue;
      seen.add(form);
      // What was pasted is refused in words, and kept here, not cut unseen.
      for (const field of form.querySelectorAll("textarea")) field.removeAttribute("maxlength");
      putBack(form);
    }
  }

  const arrived = quietly(() => performance.getEntriesByType("navigation")[0].type);
  const untaken = ".note-error, .error:not([hidden], .said-of *), [data-untaken]";
  const taken = person && arrived === "navigate" && !document.querySelector(untaken);
  for (const name of names()) {
    const draft = read(name);
    if (!draft?.now || (person && !name.startsWith(own)) || (draft.sent && taken)) drop(name);
    else if (draft.sent) {
      echoed.add(name);
      write(name, { ...draft, sent: false });
    }
  }
  if (person) {
    restore();
    for (const kind of ["input", "change"]) {
      document.addEventListener(kind, (event) => {
        const form = event.target.closest("form") || event.target.form;
        if (!form?.matches("[data-drafts]")) return;
        waiting.add(form);
        clearTimeout(timer);
        timer = setTimeout(keep, 300);
      });
    }
    document.addEventListener("submit", (event) => {
      if (event.target.matches("form.who")) waiting.clear();  // page.js forgets the rest: they sign out
      if (event.defaultPrevented || !event.target.matches("form[data-drafts]")) return;
      waiting.add(event.target);
      keep();
      write(nameOf(event.target), { ...draftOf(event.target), sent: true });
    });
    document.addEventListener("htmx:afterSwap", () => { keep(); restore(); });
    window.addEventListener("pagehide", keep);
  }
}
