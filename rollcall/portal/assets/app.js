// What the app does with a script: where somebody is, notifications. All else works without one.
"use strict";
(() => {
  const page = document.getElementById("app");
  const { root } = page.dataset;
  const $ = (id) => document.getElementById(id);
  const tell = (id, text) => {
    const place = $(id);
    if (place) place.textContent = text;
  };

  const send = (path, fields) =>
    fetch(root + path, {
      method: "POST",
      headers: { "X-Fetch": "1" },
      body: new URLSearchParams({ nonce: page.dataset.nonce, ...fields }),
    });

  if ("serviceWorker" in navigator && page.dataset.worker) {
    navigator.serviceWorker.register(`${root}/sw.js`, { scope: `${root}/` }).catch(() => {});
  }

  // --- where I am
  const report = $("report");
  const words = report ? report.dataset : {};

  async function sendFix({ coords }) {
    const fields = {
      key: `${Date.now()}-${Math.random().toString(36).slice(2)}`,
      latitude: coords.latitude,
      longitude: coords.longitude,
      accuracy_m: coords.accuracy,
    };
    const answered = await send("/app/location", fields).catch(() => null);
    const told = answered && answered.ok ? (await answered.json()).stored : "failed";
    tell("report-told", { city: words.city, precise: words.precise }[told] || words.failed);
    report.disabled = false;
  }

  function reportNow() {
    report.disabled = true;
    tell("report-told", words.looking);
    const fail = (error) => {
      tell("report-told", error.code === 1 ? words.denied : words.unknown);
      report.disabled = false;
    };
    navigator.geolocation.getCurrentPosition(sendFix, fail, {
      enableHighAccuracy: words.consent === "precise",
      timeout: 60000,
      maximumAge: 0,
    });
  }

  if (report && "geolocation" in navigator) {
    report.hidden = false;
    $("report-needs").hidden = true;
    report.addEventListener("click", reportNow);
    if (words.atOnce) reportNow();
  }

  // --- notifications
  const area = $("push");

  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));

  async function hand(subscription) {
    const { endpoint, keys } = subscription.toJSON();
    const answered = await send("/app/subscription", { endpoint, ...keys }).catch(() => null);
    return Boolean(answered && answered.ok);
  }

  async function subscribe() {
    const { on, off, asking, denied, failed, key } = area.dataset;
    tell("push-told", asking);
    const allowed = await Notification.requestPermission();
    if (allowed !== "granted") return tell("push-told", denied);
    try {
      const worker = await navigator.serviceWorker.ready;
      const told = { userVisibleOnly: true, applicationServerKey: bytes(key) };
      const taken = await hand(await worker.pushManager.subscribe(told));
      tell("push-told", taken ? on : failed);
      if (taken) show(true, off);
    } catch {
      tell("push-told", failed);
    }
  }

  async function unsubscribe() {
    const { off, failed } = area.dataset;
    const answered = await send("/app/subscription/forget", {}).catch(() => null);
    if (!answered || !answered.ok) return tell("push-told", failed);
    const worker = await navigator.serviceWorker.ready;
    const known = await worker.pushManager.getSubscription();
    if (known) await known.unsubscribe().catch(() => {});
    tell("push-told", off);
    show(false);
  }

  function show(isOn) {
    $("push-on").hidden = isOn;
    $("push-off").hidden = !isOn;
  }

  async function renew() {
    // browsers renew subscriptions by themselves: the server is told whenever the app is opened
    const worker = await navigator.serviceWorker.ready;
    const known = await worker.pushManager.getSubscription();
    const isOn = Boolean(known) && area.dataset.state === "on" && (await hand(known));
    show(isOn);
  }

  if (area && "PushManager" in window && "Notification" in window) {
    area.hidden = false;
    $("push-on").addEventListener("click", subscribe);
    $("push-off").addEventListener("click", unsubscribe);
    renew().catch(() => {});
  }
})();
