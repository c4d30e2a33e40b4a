// The app's service worker: shows notifications, and says so when there is no connection.
// It keeps nothing of anybody's, and never answers by itself: a tap opens the page.
"use strict";

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(APP.cache).then((cache) => cache.addAll(APP.kept)));
  self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  const drop = (names) =>
    Promise.all(
      names.filter((n) => n.startsWith("app-") && n !== APP.cache).map((n) => caches.delete(n)),
    );
  event.waitUntil(caches.keys().then(drop).then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { mode, method, url } = event.request;
  if (mode === "navigate") {
    event.respondWith(fetch(event.request).catch(() => caches.match(APP.offline)));
  } else if (method === "GET" && APP.kept.includes(new URL(url).pathname)) {
    event.respondWith(caches.match(event.request).then((kept) => kept || fetch(event.request)));
  }
});

function read(data) {
  try {
    return (data && data.json()) || {};
  } catch {
    return {};
  }
}

self.addEventListener("push", (event) => {
  const { title, body, url, id } = read(event.data);
  const shown = { body: body || "", data: { url }, icon: `${APP.root}/app/icons/icon-192.png` };
  if (id) {
    shown.tag = id; // a copy replaces what it repeats
  }
  event.waitUntil(self.registration.showNotification(title || "!", shown));
});

// Only pages of ours are opened, whatever a notification says.
function find(url) {
  const home = new URL(`${APP.root}/app`, self.location.origin);
  try {
    const asked = new URL(url || home, home);
    return asked.origin === home.origin ? asked.href : home.href;
  } catch {
    return home.href;
  }
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = find((event.notification.data || {}).url);
  const show = (pages) => {
    const open = pages.find((page) => page.url === url);
    return open ? open.focus() : self.clients.openWindow(url);
  };
  event.waitUntil(
    self.clients.matchAll({ type: "window", includeUncontrolled: true }).then(show),
  );
});
