// The chat page: send without reload, follow the event log, keep the draft. The page works without it.
"use strict";

const log = document.getElementById("log");
const composer = document.getElementById("composer");
const writing = document.getElementById("writing");
let seq = Number(log.dataset.seq);
let sending = false;
let leaving = false;
let led = false;  // away from the conversation's end, to a panel that comes first
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

// Elements carry ids: what is there is replaced, what is new is put in its place by index. Each change comes
// twice, by the answer to a post and by the stream, in any order; a panel's text is fixed, and it may be folded.
function show(html, newest) {
  if (newest) seq = Math.max(seq, newest);
  if (!html.trim()) return;
  const follow = nearEnd();
  let first = null;
  const box = document.createElement("template");
  box.innerHTML = html;
  for (const element of [...box.content.children]) {
    const old = document.getElementById(element.id);
    const isPanel = element.matches("#human-panel, #crisis");
    if (isPanel && old && old.classList.contains("panel")) continue;
    if (old) {
      // A card may be open on a tag of the old element; keep focus where it was.
      const focused = old.contains(document.activeElement) && document.activeElement.getAttribute("href");
      old.replaceWith(element);
      if (isPanel) first = first || element;
      if (focused) element.querySelector(`[href="${focused}"]`)?.focus();
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
  if (document.querySelector("#chat-status form") === null && composer) composer.hidden = true;
  if (follow && last && writing) last.scrollIntoView({ block: "nearest" });
  settle();
  if (first) lead(first);
}

async function poll() {
  const answer = await fetch(`${log.dataset.events}?after=${seq}`, { headers: { "X-Fragments": "1" } });
  if (answer.redirected) return;  // signed out meanwhile: that is the login page
  if (answer.ok) show(await answer.text(), Number(answer.headers.get("X-Seq")));
}

// Server-sent events; where they fail, the same log is asked for once a second until they work again.
let timer = null;
function startPolling() {
  timer = timer || setInterval(() => poll().catch(() => {}), 1000);
}
function stopPolling() {
  clearInterval(timer);
  timer = null;
}
function startStream() {
  if (!window.EventSource) return startPolling();
  const source = new EventSource(`${log.dataset.stream}?after=${seq}`);
  source.addEventListener("fragments", (event) => show(event.data, Number(event.lastEventId)));
  source.addEventListener("gone", () => {
    source.close();
    if (!leaving) window.location.reload();
  });
  source.addEventListener("error", () => {
    if (source.readyState !== EventSource.CLOSED) return;
    startPolling();
    setTimeout(startStream, 10000 + 10000 * Math.random());
  });
  source.addEventListener("open", stopPolling);
  window.addEventListener("pagehide", () => source.close());
}
// A form that is on its way to another page may be what makes the chat go: the page is not loaded again.
document.addEventListener("submit", (event) => {
  leaving = leaving || (!event.defaultPrevented && event.target.method === "post");
});
startStream();
// A chat is gone on with at its end; one that was brought whole is read from its beginning.
if (writing) log.lastElementChild?.scrollIntoView({ block: "nearest" });

if (composer) {
  const text = composer.elements.text;
  const key = composer.elements.key;
  const problem = document.getElementById("composer-error");
  const drafts = `draft:${composer.dataset.chat}`;

  // The draft and the key it will be sent with live together until the message is confirmed, so
  // that a send whose answer was lost is the same send after a reload.
  const saved = remembered(drafts);
  if (saved && !text.value) { text.value = saved.text; key.value = saved.key; }
  function keep() {
    remember(drafts, text.value ? { text: text.value, key: key.value } : null);
    text.style.height = "auto";
    text.style.height = `${Math.min(text.scrollHeight, 220)}px`;
  }
  // An answer may be lost where the message was not. What is written next must not bear the same key.
  settle = () => {
    const sent = log.querySelector(`[data-key="${CSS.escape(key.value)}"]`);
    if (!sent) return;
    if (text.value.trim() === sent.querySelector(".text").textContent.trim()) { text.value = ""; complain(""); }
    key.value = freshKey();
    keep();
  };
  text.addEventListener("input", () => {
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

  async function send() {
    if (sending) return;
    if (!text.value.trim()) {
      complain(composer.dataset.empty);
      text.focus();
      return;
    }
    sending = true;
    led = false;
    complain("");
    const body = new FormData(composer);
    try {
      const answer = await fetch(`${composer.action}?after=${seq}`, {
        method: "POST", body, headers: { "X-Fragments": "1" },
      });
      const words = await answer.text();
      // Signed out meanwhile: what came back is the login page, and nothing was kept there.
      if (answer.redirected) {
        complain("You are signed out. Your words are kept on this device: sign in again and come back here.");
        return;
      }
      if (!answer.ok) {
        complain(answer.status === 400 ? words : "The message was not sent. Your words are kept; please try again.");
        if (answer.status === 400) { key.value = freshKey(); keep(); }  // nothing of it was kept
        return;
      }
      if (text.value === body.get("text")) text.value = "";
      if (key.value === body.get("key")) key.value = freshKey();
      keep();
      show(words, Number(answer.headers.get("X-Seq")));
      if (!led) log.lastElementChild?.scrollIntoView({ block: "nearest" });
    } catch {
      // Unless the stream has brought it meanwhile.
      if (key.value === body.get("key")) complain("No connection. Your words are kept; please send again in a moment.");
    } finally {
      sending = false;
      if (!led) text.focus();
    }
  }
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-goes-on]")) return;
    event.preventDefault();
    event.target.closest("details").open = false;
    text.focus();
  });
  settle();
  composer.addEventListener("submit", (event) => { event.preventDefault(); send(); });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); send(); }
  });
}
