// Every page: what is typed into a form with data-drafts stays in this tab until the form was taken.
// A page for nobody (sign in, a refusal) or one with an error means that what was sent last was not.
"use strict";

{
  const person = document.body.dataset.person;
  const own = `draft:form:${person}:`;
  const waiting = new Set();
  let timer = null;

  // A browser may refuse to keep anything: forms then work without drafts.
  const quietly = (work) => { try { return work(); } catch { return null; } };
  const names = () => quietly(() => Object.keys(sessionStorage).filter((n) => n.startsWith("draft:form:"))) || [];
  const read = (name) => quietly(() => JSON.parse(sessionStorage.getItem(name)));
  const drop = (name) => quietly(() => sessionStorage.removeItem(name));
  const write = (name, draft) => quietly(() => sessionStorage.setItem(name, JSON.stringify(draft)));
  const nameOf = (field) => {
    const address = new URL(field.form.getAttribute("action") || "", window.location.href);
    return `${own}${address.pathname}:${field.id}`;
  };

  function keep() {
    clearTimeout(timer);
    for (const field of waiting) {
      const [text, was] = [field.value, field.defaultValue];
      if (text === was) drop(nameOf(field));
      else write(nameOf(field), { text, was });
    }
    waiting.clear();
  }

  function restore() {
    for (const field of document.querySelectorAll("form[data-drafts] textarea")) {
      field.removeAttribute("maxlength");  // what was pasted is refused in words, and kept here, not cut unseen
      const draft = read(nameOf(field));
      // Where the form says something else by now, what was written does not belong to it any more.
      if (!draft || field.value !== draft.was) continue;
      field.value = draft.text;
      const said = document.createElement("p");
      said.className = "small";
      said.setAttribute("role", "status");
      said.textContent = document.body.dataset.restored;
      field.after(said);
      const folded = field.closest("details");
      if (folded) folded.open = true;
    }
  }

  const arrived = quietly(() => performance.getEntriesByType("navigation")[0].type);
  const taken = person && arrived === "navigate" && !document.querySelector(".note-error, .error:not([hidden])");
  for (const name of names()) {
    const draft = read(name);
    if (person && !name.startsWith(own)) drop(name);
    else if (draft?.sent && taken) drop(name);
    else if (draft?.sent) write(name, { ...draft, sent: false });
  }
  if (person) {
    restore();
    document.addEventListener("input", (event) => {
      if (!event.target.matches("form[data-drafts] textarea")) return;
      waiting.add(event.target);
      clearTimeout(timer);
      timer = setTimeout(keep, 300);
    });
    document.addEventListener("submit", (event) => {
      if (event.target.matches("form.who")) waiting.clear();  // page.js forgets the rest: they sign out
      if (event.defaultPrevented || !event.target.matches("form[data-drafts]")) return;
      keep();
      for (const field of event.target.querySelectorAll("textarea")) {
        const draft = read(nameOf(field));
        if (draft) write(nameOf(field), { ...draft, sent: true });
      }
    });
    document.addEventListener("htmx:afterSwap", () => { keep(); restore(); });
    window.addEventListener("pagehide", keep);
  }
}
