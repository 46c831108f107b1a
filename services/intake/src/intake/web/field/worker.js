// The service worker: the app opens without a network, and what is on the phone is sent when the network is back.
const CACHE = `campo-${APP.version}`;

async function install() {
  const cache = await caches.open(CACHE);
  await cache.addAll(APP.kept);
  const shell = await fetch(APP.shell, { cache: "no-store" });
  if (!shell.ok) throw new Error("the app could not be fetched");
  await cache.put(APP.home, shell);
  await self.skipWaiting();
}

async function activate() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("campo-") && name !== CACHE).map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function send() {
  const { state } = await sendAll();
  if (state === "offline" || state === "retry") throw new Error("not everything was sent");
}

async function fromCache(request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(request)) ?? fetch(request);
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("sync", (event) => event.waitUntil(send()));
self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== self.location.origin) return;
  const isShell = event.request.mode === "navigate" && pathname === APP.home;
  if (isShell) event.respondWith(fromCache(APP.home));
  else if (APP.kept.includes(pathname)) event.respondWith(fromCache(event.request));
});
