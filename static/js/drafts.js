// Every page: what is typed, ticked and chosen in a form with data-drafts is kept in this tab until it was taken.
//
// Kept: per person and address of the form, what its fields said (was) and what they say now. Not passwords, codes,
// files and what bears data-never, as a consent; of hidden fields those that the page itself changes (data-was).
// Given back: to fields that say what they said then. A page that only shows what was sent (data-untaken) is given
// nothing but what was sent right before: it may show something else, as an earlier version.
// Forgotten: once what was sent was taken, which a page for nobody (sign in, a refusal), one with an error and one
// that only shows it do not mean; once the form says again what it said; by a link with data-forget and by "Throw it
// away"; as soon as somebody else signs in; and when they sign out (page.js).
"use strict";

{
  const person = document.body.dataset.person;
  const own = `draft:form:${person}:`;
  const never = ["hidden", "password", "file", "submit", "button", "image", "reset"];
  const KEPT = `textarea, select, input[data-was],
    input:not([data-never], [autocomplete=one-time-code], ${never.map((type) => `[type=${type}]`).join(", ")})`;
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

  // What a form holds.
  const ticked = (field) => field.type === "checkbox" || field.type === "radio";
  const isText = (field) => field.matches("textarea");
  const keyOf = (field) => (ticked(field) ? `${field.name}=${field.value}` : field.name);
  const valueOf = (field) => (ticked(field) ? field.checked : field.value);
  const setTo = (field, value) => { field[ticked(field) ? "checked" : "value"] = value; };
  function pageSays(field) {
    if (ticked(field)) return field.defaultChecked;
    if (field.options) return ([...field.options].find((one) => one.defaultSelected) || field.options[0])?.value;
    return field.dataset.was ?? field.defaultValue;
  }
  const fieldsOf = (form) => [...form.elements].filter((field) => field.name && field.matches(KEPT));
  const sheet = (form, said) => Object.fromEntries(fieldsOf(form).map((field) => [keyOf(field), said(field)]));
  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
  const wrote = (form) => fieldsOf(form).some((field) => isText(field) && valueOf(field) !== pageSays(field));
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

  // Giving back. -> what says that these fields are as they were left, with a way to have them as the page gave them.
  function notice(form, fields) {
    const make = (tag, given) => Object.assign(document.createElement(tag), given);
    const line = make("p", { className: "small" });
    const words = make("span", { textContent: document.body.dataset.restored });
    words.setAttribute("role", "status");
    const away = make("button", { type: "button", className: "quiet", textContent: document.body.dataset.throw });
    away.addEventListener("click", () => {
      for (const field of fields) setTo(field, pageSays(field));
      line.remove();
      fields.find((field) => field.type !== "hidden")?.focus();
      form.dispatchEvent(new Event("input", { bubbles: true }));
    });
    line.append(words, " ", away);
    return line;
  }

  function tell(form, back) {
    if (back.every(isText)) for (const field of back) field.after(notice(form, [field]));
    else form.prepend(notice(form, back));
    for (const field of back) {
      const folded = field.closest("details");
      if (folded) folded.open = true;
    }
  }

  function putBack(form) {
    const draft = read(nameOf(form));
    const isEcho = echoed.has(nameOf(form));
    if (!draft || (!isEcho && document.querySelector("[data-untaken]"))) return;
    const page = sheet(form, pageSays);
    const asItWas = same(page, draft.was);
    // Where the form says something else by now, ticks, numbers and choices do not belong to it any more; words
    // do where their own field is as it was.
    const back = fieldsOf(form).filter((field) => {
      const key = keyOf(field);
      if (draft.now[key] === draft.was[key] || valueOf(field) !== page[key]) return false;
      return asItWas || (isText(field) && page[key] === draft.was[key]);
    });
    for (const field of back) setTo(field, draft.now[keyOf(field)]);
    if (back.length) tell(form, back);
    // What was sent and not taken, and what the page made of it, is a draft of what the form said before.
    if (!isEcho || asItWas) return;
    origins.set(form, draft.was);
    write(nameOf(form), draftOf(form));
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

  // What came of what was sent last.
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
    document.addEventListener("input", (event) => {
      const form = event.target.closest("form") || event.target.form;
      if (!form?.matches("[data-drafts]")) return;
      waiting.add(form);
      clearTimeout(timer);
      timer = setTimeout(keep, 300);
    });
    document.addEventListener("click", (event) => {
      const link = event.target.closest("[data-forget]");
      const form = link && document.getElementById(link.dataset.forget);
      if (!form || (link.matches("[data-unless-words]") && wrote(form))) return;
      waiting.delete(form);
      drop(nameOf(form));
    });
    document.addEventListener("submit", (event) => {
      if (event.target.matches("form.who")) waiting.clear();  // page.js forgets the rest: they sign out
      if (event.defaultPrevented || !event.target.matches("form[data-drafts]")) return;
      keep();
      write(nameOf(event.target), { ...draftOf(event.target), sent: true });
    });
    document.addEventListener("htmx:afterSwap", () => { keep(); restore(); });
    window.addEventListener("pagehide", keep);
  }
}
