// The chat page: send without reload, follow the event log, keep the draft. The page works without it.
"use strict";

const log = document.getElementById("log");
const composer = document.getElementById("composer");
const writing = document.getElementById("writing");
let seq = Number(log.dataset.seq);
let sending = false;
let leaving = false;
let led = false;  // away from the conversation's end, to a panel that comes first
const drafts = `draft:${log.dataset.chat}`;
let settle = () => {};  // what stands in the text box may be among what is shown now

// A browser may refuse to keep anything: the page then works without drafts.
function remembered(name) {
  try { return JSON.parse(localStorage.getItem(name) || "null"); } catch { return null; }
}
function remember(name, value) {
  try {
    if (value) localStorage.setItem(name, JSON.stringify(value));
    else localStorage.removeItem(name);
  } catch { /* nothing is kept */ }
}

function nearEnd() {
  return window.innerHeight + window.scrollY > document.body.scrollHeight - 240;
}

// Beside a conversation on a wide page, before it on a narrow one: there nobody would see it appear, and
// where it is in sight, the page must not go on to the conversation's end.
function lead(panel) {
  const box = panel.getBoundingClientRect();
  const above = box.bottom <= log.getBoundingClientRect().top + 1;
  if (!above && box.top >= 0 && box.top < window.innerHeight / 2) return;
  // What is being sent still stands in the text box; with other words in it, the line above it leads there.
  if (composer && !sending && composer.elements.text.value.trim()) return;
  led = true;
  panel.scrollIntoView({ block: "start" });
  panel.focus({ preventScroll: true });
}

// A form's token is another in each answer.
function tokenless(part) {
  const copy = part.cloneNode(true);
  for (const token of copy.querySelectorAll("[name=csrfmiddlewaretoken]")) token.remove();
  return copy;
}

// What did not change stays as it is: a screen reader would read it out again, and focus would be lost.
function patch(old, fresh) {
  const focused = old.contains(document.activeElement) && document.activeElement.getAttribute("href");
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const [before, after] = [[...old.children], [...fresh.children]];
  const same = (one, other) => tokenless(one).isEqualNode(tokenless(other))
    || (one.matches(".text") && other.matches(".text") && one.textContent === other.textContent);
  after.forEach((child, at) => {
    if (!before[at]) old.append(child);
    else if (!same(before[at], child)) before[at].replaceWith(child);
  });
  for (const child of before.slice(after.length)) child.remove();
  window.htmx.process(old);
  // A card may be open on a tag of it.
  if (focused && !old.contains(document.activeElement)) old.querySelector(`[href="${focused}"]`)?.focus();
}

// Elements carry ids: what is there is changed, what is new is put in its place by index. Each change comes
// twice, by the answer to a post and by the stream, in any order; a panel's text is fixed, and it may be folded.
function show(html, newest) {
  if (newest <= seq) return;
  seq = newest;
  if (!html.trim()) return;
  const follow = nearEnd();
  const panels = [];
  const box = document.createElement("template");
  box.innerHTML = html;
  for (const element of [...box.content.children]) {
    const old = document.getElementById(element.id);
    const isPanel = element.matches("#human-panel, #crisis");
    if (old && (old.isEqualNode(element) || (isPanel && old.classList.contains("panel")))) continue;
    if (old && element.matches(".message, #reading")) patch(old, element);
    else if (old) {
      const way = element.querySelector("[data-compare]");
      if (way && !old.querySelector("[data-compare]")) say(way.textContent.trim());
      old.replaceWith(element);
      if (isPanel) panels.push(element);
    } else if (element.classList.contains("message")) {
      const after = [...log.children].find((other) => Number(other.dataset.index) > Number(element.dataset.index));
      log.insertBefore(element, after || null);
    } else continue;
    window.htmx.process(element);
  }
  const last = log.lastElementChild;
  // An answer may still be on its way when the tags are there; none comes once the chat has ended.
  const answered = !last || !last.dataset.awaits || !document.querySelector("#chat-status[data-open]");
  // Nobody answers what may be about the volunteer: the exercise is set aside.
  const waiting = last && !("aside" in last.dataset) && (last.dataset.turn === "pending" || !answered);
  if (writing) writing.hidden = !waiting;
  if (follow && last && writing) last.scrollIntoView({ block: "nearest" });
  settle();
  // Words that were not sent stay where they can be copied.
  const ended = document.querySelector("#chat-status form") === null;
  if (ended && composer && !composer.elements.text.value.trim()) composer.hidden = true;
  if (panels.length) lead(panels[0]);
  // Where the focus went there it is read out; the panel about oneself is an alert in itself.
  for (const panel of panels) {
    if (panel.id === "crisis" && panel !== document.activeElement) say(panel.querySelector("h2").textContent.trim());
  }
  if (rests()) stopStream();
  else askIfLate(LATE);
}

// A session ended, or another began in another tab: this page is had again, with its draft.
const renewed = () => !leaving && renew();

async function poll() {
  const answer = await fetch(`${log.dataset.events}?after=${seq}`, { headers: { "X-Fragments": "1" } });
  if (answer.redirected || answer.status === 403 || answer.status === 404) return renewed();
  if (answer.ok) show(await answer.text(), Number(answer.headers.get("X-Seq")));
}

// Server-sent events; where they fail, the same log is asked for once a second until they work again.
// A browser has few connections to a server: a page that nobody looks at holds none, nor one that rests.
let source = null;
let timer = null;
let retry = null;
function rests() {
  return !document.querySelector("#chat-status[data-open], #log [data-turn=pending], #reading progress");
}
function startPolling() {
  timer = timer || setInterval(() => poll().catch(() => {}), 1000);
}
function stopPolling() {
  clearInterval(timer);
  timer = null;
}
// A proxy may hold back what an open stream says: what is long in coming is asked for, less and less often.
const LATE = 5000;
let late = null;
function askIfLate(after) {
  const last = log.lastElementChild;
  const waits = log.querySelector("[data-turn=pending]") || last?.dataset.awaits || document.querySelector("#reading progress");
  clearTimeout(late);
  if (!source || !waits) return;
  late = setTimeout(async () => {
    const was = seq;
    await poll().catch(() => {});
    askIfLate(seq > was ? LATE : Math.min(2 * after, 60000));
  }, after);
}
function stopStream() {
  clearTimeout(retry);
  clearTimeout(late);
  stopPolling();
  if (source) source.close();
  source = null;
}
function startStream() {
  if (source || document.hidden || rests()) return;
  if (!window.EventSource) return startPolling();
  const own = source = new EventSource(`${log.dataset.stream}?after=${seq}`);
  own.addEventListener("fragments", (event) => show(event.data, Number(event.lastEventId)));
  own.addEventListener("gone", () => {
    own.close();
    if (!leaving) window.location.reload();
  });
  own.addEventListener("error", () => {
    if (own.readyState !== EventSource.CLOSED) return;
    source = null;
    startPolling();
    retry = setTimeout(startStream, 10000 + 10000 * Math.random());
  });
  own.addEventListener("open", stopPolling);
  askIfLate(LATE);
}
function lookAgain() {
  if (document.hidden) stopStream();
  else if (rests()) poll().catch(() => {});
  else startStream();
}
document.addEventListener("visibilitychange", lookAgain);
window.addEventListener("focus", () => { if (rests()) lookAgain(); });
window.addEventListener("pagehide", stopStream);
// What is disputed says so on its tag, where no stream brings it, too.
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target.id === "dispute") poll().catch(() => {});
});
// A form that is on its way to another page may be what makes the chat go: the page is not loaded again.
document.addEventListener("submit", (event) => {
  leaving = leaving || (!event.defaultPrevented && event.target.method === "post");
});
startStream();
// A chat is gone on with at its end; one that was brought whole is read from its beginning.
if (writing) log.lastElementChild?.scrollIntoView({ block: "nearest" });

// What can be sent no more is not kept.
if (!composer && !document.querySelector("#chat-status[data-open]")) remember(drafts, null);

// Words that were not sent go with the chat that is ended: it stops once and says so, before page.js takes the form
// for one that was sent.
let warned = "";
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.id !== "end" || !composer) return;
  const words = composer.elements.text.value.trim();
  if (words === warned) return remember(drafts, null);
  event.preventDefault();
  warned = words;
  form.querySelector(".error")?.remove();
  const said = document.createElement("p");
  said.className = "error";
  said.setAttribute("role", "alert");
  said.textContent = form.dataset.unsent;
  form.prepend(said);
}, true);

if (composer) {
  const text = composer.elements.text;
  const key = composer.elements.key;
  const problem = document.getElementById("composer-error");

  // The draft and the key it will be sent with live together until the message is confirmed, so
  // that a send whose answer was lost is the same send after a reload.
  const saved = remembered(drafts);
  if (saved && !text.value) { text.value = saved.text; key.value = saved.key; }
  function keep() {
    remember(drafts, text.value ? { text: text.value, key: key.value } : null);
    if (!text.value.trim()) {
      warned = "";
      document.querySelector("#end .error")?.remove();
    }
    text.style.height = "auto";
    text.style.height = `${Math.min(text.scrollHeight, 220)}px`;
  }
  // What was sent leaves the text box; what was written behind it meanwhile stays, and so does the caret in it.
  function takeOut(words) {
    const [whole, from, to] = [text.value, text.selectionStart, text.selectionEnd];
    text.value = whole.trimStart().slice(words.trim().length).trimStart();
    const cut = whole.length - text.value.length;
    text.setSelectionRange(Math.max(0, from - cut), Math.max(0, to - cut));
    complain("");
  }
  // An answer may be lost where the message was not. What is written next must not bear the same key.
  let last = {};  // what was sent last, with its key, and whether it still stands at the beginning of the box
  function taken(words) {
    const rest = text.value.trimStart().slice(words.trim().length);
    const stands = text.value.trimStart().startsWith(words.trim()) && /^(\s|$)/.test(rest);
    const isLast = last.key === key.value && last.words === words;
    if (isLast ? last.stands : stands) takeOut(words);
    if (problem.textContent === composer.dataset.offline) complain("");
    key.value = freshKey();
    keep();
  }
  settle = () => {
    const sent = log.querySelector(`[data-key="${CSS.escape(key.value)}"]`);
    if (!sent) return;
    // The log says what was kept: an earlier send bore the same key, where its answer was lost.
    const kept = sent.querySelector(".text").textContent;
    taken(last.key === key.value && last.words.trim() === kept.trim() ? last.words : kept);
  };
  text.addEventListener("input", () => {
    last.stands = last.stands && text.value.startsWith(last.words);
    keep();
    if (problem.textContent === composer.dataset.empty) complain("");
  });

  function complain(words) {
    problem.textContent = words;
    problem.hidden = !words;
  }

  function freshKey() {
    return [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");
  }

  const button = composer.querySelector("button");
  const word = button.textContent;
  let slow = null;
  function busy(is) {
    sending = is;
    button.setAttribute("aria-busy", is);
    clearTimeout(slow);
    // A short wait has no look of its own.
    if (is) slow = setTimeout(() => { button.textContent = composer.dataset.sending; }, 300);
    else button.textContent = word;
  }

  async function send() {
    if (sending) return;
    if (!text.value.trim()) {
      complain(composer.dataset.empty);
      text.focus();
      return;
    }
    busy(true);
    led = false;
    complain("");
    const body = new FormData(composer);
    last = { key: key.value, words: text.value, stands: true };
    try {
      // What was kept although its answer did not come in time bears its key: to send it again is the same send.
      const answer = await fetch(`${composer.action}?after=${seq}`, {
        method: "POST", body, headers: { "X-Fragments": "1" }, signal: AbortSignal.timeout?.(15000),
      });
      const words = await answer.text();
      // Signed out meanwhile: what came back is the login page, and nothing was kept there.
      if (answer.redirected) {
        complain(composer.dataset.signedOut);
        return;
      }
      if (answer.status === 403 && renewed()) return;
      if (!answer.ok) {
        complain(answer.status === 400 ? words : composer.dataset.notSent);
        if (answer.status === 400) { key.value = freshKey(); keep(); }  // nothing of it was kept
        return;
      }
      if (key.value === last.key) taken(last.words);
      show(words, Number(answer.headers.get("X-Seq")));
      if (!led) log.lastElementChild?.scrollIntoView({ block: "nearest" });
    } catch {
      // Unless the stream has brought it meanwhile.
      if (key.value === last.key) complain(composer.dataset.offline);
      poll().catch(() => {});  // it may have been kept all the same
    } finally {
      busy(false);
      if (!led) text.focus();
    }
  }
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-goes-on]")) return;
    event.preventDefault();
    event.target.closest("details").open = false;
    text.focus();
  });
  // What has the focus is not behind the text box, however much is written in it.
  new ResizeObserver(() => {
    document.documentElement.style.setProperty("--composer", `${composer.offsetHeight}px`);
  }).observe(composer);
  settle();
  if (text.value && renewedWithin(30000)) complain(composer.dataset.renewed);
  composer.addEventListener("submit", (event) => { event.preventDefault(); send(); });
  text.addEventListener("keydown", (event) => {
    // On glass there is no Shift to keep a line break from sending.
    if (window.matchMedia("(pointer: coarse)").matches) return;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); send(); }
  });
}
