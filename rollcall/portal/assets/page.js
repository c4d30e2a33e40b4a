// Sends without leaving the page, keeps what cannot be sent yet, and looks for news.
// Without it the page works as plain forms do.
"use strict";
(() => {
  const FIRST_MS = 15e3, SLOW_MS = 6e4, SLOWEST_MS = 3e5, PATIENCE_MS = 3e4, MOST_KEPT = 20;
  const find = (id, root = document) => root.getElementById(id);
  const page = find("page"), say = page.dataset, shelf = "rollcall:" + say.url;
  let memory = [], pause = FIRST_MS, timer, isSending = false;

  // what waits to be sent; on this device, so that it outlives the page
  const kept = () => {
    try { return JSON.parse(localStorage.getItem(shelf)) || []; } catch { return memory; }
  };
  const keep = (entries) => {
    memory = entries.slice(0, MOST_KEPT);
    try {
      if (memory.length) localStorage.setItem(shelf, JSON.stringify(memory));
      else localStorage.removeItem(shelf);
    } catch { /* no storage here: they are kept as long as the page */ }
  };
  const tell = (form, text) => { const at = find(form + "-told"); if (at) at.textContent = text; };
  const ask = (url, more = {}) => fetch(url, {
    cache: "no-store", headers: { "X-Fetch": "1" }, signal: AbortSignal.timeout?.(PATIENCE_MS), ...more,
  });

  const localise = () => {
    for (const time of page.querySelectorAll("time")) {
      const options = { dateStyle: "medium", timeStyle: "short" };
      try {
        time.textContent = new Date(time.dateTime).toLocaleString(document.documentElement.lang, options);
      } catch { /* it stays in UTC */ }
    }
  };

  const parse = (html) => new DOMParser().parseFromString(html, "text/html");
  // takes over what changes, and leaves alone what somebody is writing
  const show = (next) => {
    if (!find("page", next)) return "";
    const focused = document.activeElement?.value;
    for (const id of ["answer", "posts"]) {
      const fresh = find(id, next);
      const hadFocus = find(id)?.contains(document.activeElement);
      if (fresh) find(id)?.replaceWith(fresh);
      if (hadFocus && focused) fresh?.querySelector(`button[value="${focused}"]`)?.focus();
    }
    say.state = find("page", next).dataset.state;
    document.title = next.title;
    localise();
    return find("problem", next)?.textContent.trim() || "";
  };
  const leave = () => { keep([]); location.reload(); return " "; };

  const giveBack = ({ form, fields }) => {
    const text = find("text");
    if (form === "reply" && text && !text.value) text.value = fields.text;
  };
  // returns why an entry has to wait, if it has to
  const sendOne = async (entry) => {
    const { form, fields } = entry;
    tell(form, say.sending);
    let got, next;
    try {
      // how long ago it was said: kept for hours, it must undo nothing that was said since
      const late_s = Math.max(0, Math.round((Date.now() - entry.at) / 1e3)) || 0;
      const body = new URLSearchParams({ ...fields, late_s });
      got = await ask(say.url + "/" + form, { method: "POST", body });
      next = parse(await got.text());
    } catch {
      return say.kept;
    }
    // what is no page of ours, such as a proxy's, has taken nothing
    if (got.status === 429 || got.status >= 500 || (got.ok && !find("page", next))) return say.later;
    const others = kept().filter((one) => one.fields.tap !== fields.tap);
    // what was tapped while this was on its way comes after it, however long it waited
    keep(others.map((one) => (one.form === form ? { ...one, at: Date.now() } : one)));
    if (got.status === 410) return leave();
    const problem = show(next);
    if (!got.ok) giveBack(entry);
    tell(form, got.ok ? say.sent : problem || say.refused);
  };
  const sendAll = async () => {
    if (isSending) return;
    isSending = true;
    let entry, reason;
    while (!reason && (entry = kept()[0])) reason = await sendOne(entry);
    if (reason) for (const { form } of kept()) tell(form, reason);
    isSending = false;
  };

  const look = async () => {
    const before = say.state;
    try {
      await sendAll();
      const got = await ask(say.url + "/state");
      if (got.status === 410) return leave();
      const state = got.ok && (await got.text());
      if (!state) throw got.status;
      pause = Math.min(pause * 1.25, SLOW_MS);
      if (state !== say.state && before === say.state && !isSending) {
        const fresh = await ask(say.url + location.search);
        if (!fresh.ok) throw fresh.status;
        show(parse(await fresh.text()));
        tell("news", say.news);
        pause = FIRST_MS;
      }
    } catch {
      pause = Math.min(pause * 2, kept().length ? SLOW_MS : SLOWEST_MS);
    }
    schedule(document.hidden && !kept().length ? SLOWEST_MS : pause);
  };
  const schedule = (wait) => {
    clearTimeout(timer);
    timer = setTimeout(look, wait * (0.75 + Math.random() / 2)); // not everybody at once
  };

  document.addEventListener("submit", (event) => {
    const form = event.target, name = form.getAttribute("action").split("/").pop();
    if (name === "answer" && !event.submitter) return; // an old browser: it sends by itself
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(form));
    if (name === "answer") fields.answer = event.submitter.value;
    const random = crypto.getRandomValues(new Uint8Array(12));
    fields.tap = [...random].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const entry = { form: name, fields, at: Date.now() };
    // an answer goes ahead of replies, and of several that wait only the last is meant
    if (name === "answer") keep([entry, ...kept().filter((one) => one.form !== name)]);
    else { keep([...kept(), entry]); find("text").value = ""; }
    pause = FIRST_MS;
    sendAll().then(() => schedule(pause));
  });
  const wake = () => { if (!document.hidden) { pause = FIRST_MS; schedule(500); } };
  addEventListener("online", wake);
  document.addEventListener("visibilitychange", wake);
  localise();
  if (kept().length) wake(); else schedule(pause);
})();
