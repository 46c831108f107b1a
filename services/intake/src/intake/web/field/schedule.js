// When to send: at start, when the network is back, when somebody asks, and again and again while something is left.
import { count, listen } from "./outbox.js";
import { sendAll } from "./sending.js";
import { holdReserve } from "./storage.js";

const [FIRST, MOST, LEFT] = [2, 60, 60];
let delay = FIRST;
let timer = null;

function again(seconds) {
  clearTimeout(timer);
  timer = setTimeout(attempt, seconds * 1000);
}

async function attempt() {
  clearTimeout(timer);
  const { state, after = 0 } = await sendAll();
  if (state === "busy") return again(FIRST);
  if (state === "offline" || state === "retry") {
    again(Math.max(after, delay * (0.5 + Math.random())));
    delay = Math.min(delay * 2, MOST);
    return undefined;
  }
  delay = FIRST;
  await holdReserve(); // what has left the phone has made room
  document.dispatchEvent(new Event("room-changed"));
  return (await count()).all > 0 ? again(LEFT) : undefined;
}

/** Sends now, and forgets how long it waited before. */
export function sendNow() {
  delay = FIRST;
  return attempt();
}

/** Sends by itself from now on. */
export async function startSending() {
  addEventListener("online", sendNow);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && sendNow());
  listen((message) => {
    if (!message.kept) return;
    askForSync();
    sendNow();
  });
  await sendNow();
}

/** Lets the browser wake the service worker when the network is back, where it can. */
async function askForSync() {
  const registration = await navigator.serviceWorker?.getRegistration("/campo");
  await registration?.sync?.register("campo-send").catch(() => undefined);
}
