// The service worker: the app opens without a network, and what is on the phone is sent when the network is back.
const CACHE = `campo-${APP.version}`;

// A network that loses one request in three still brings every file: each is asked for by itself, and again.
const TRIES = 8;
const FIRST_MS = 500;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function fetched(address, options, tries = TRIES) {
  const answer = await fetch(address, options).catch(() => null);
  if (answer?.ok) return answer;
  if (tries <= 1) throw new Error(`${address} could not be fetched`);
  await pause(FIRST_MS * 2 ** Math.min(TRIES - tries, 4));
  return fetched(address, options, tries - 1);
}

/** Fetches what an attempt before has not kept; the new version is used once all of it is there. */
async function install() {
  const cache = await caches.open(CACHE);
  const keep = async (address) => (await cache.match(address)) ?? cache.put(address, await fetched(address));
  const all = await Promise.allSettled([...APP.kept.map(keep), keepShell(cache)]);
  if (all.some((one) => one.status === "rejected")) throw new Error("the app could not be fetched");
  await self.skipWaiting();
}

/** The page of this version: a server that has changed meanwhile sends one whose files are not here. */
async function keepShell(cache) {
  const shell = await fetched(APP.shell, { cache: "no-store" });
  const text = await shell.clone().text();
  if (!text.includes(APP.kept.find((one) => one.endsWith("/main.js")))) throw new Error("the server has another version");
  await cache.put(APP.home, shell);
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
