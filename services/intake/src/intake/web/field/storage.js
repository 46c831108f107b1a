// How much room the phone has. Browsers tell less than the truth about it, so the app holds some room of its own: when a report does not
// fit any more, that is given up for it, and the phone says so before it is full.
import { readKeys, write } from "./database.js";

const WARN = 0.8;
const FULL = 0.95;
const SPARE = 5 * 1024 * 1024;
const RESERVE = 8 * 1024 * 1024;
const CHUNK = 65_536; // the most random bytes at once
const AGAIN_MS = [0, 200, 500, 1000, 2000];
const reserve = ["data", "reserve"];

/** Asks the browser not to throw our data away; it may refuse. */
export const persist = async () => (await navigator.storage?.persist?.()) ?? false;

async function room() {
  const { usage = 0, quota = Infinity } = (await navigator.storage?.estimate?.()) ?? {};
  return { usage, quota };
}

const hasReserve = async () => (await readKeys(reserve[0])).includes(reserve[1]);

/** Holds room for the last reports, if there is any; random bytes, because others might be stored in less room. */
export async function holdReserve() {
  if (await hasReserve()) return;
  const bytes = new Uint8Array(RESERVE);
  for (let at = 0; at < RESERVE; at += CHUNK) crypto.getRandomValues(bytes.subarray(at, at + CHUNK));
  await write([[reserve[0], bytes.buffer, reserve[1]]]).catch(() => undefined);
}

/** Writes what must not be lost: when it does not fit, into the room that was held for it. */
export async function writeSurely(puts, deletes) {
  try {
    return await write(puts, deletes);
  } catch (error) {
    if (error?.name !== "QuotaExceededError" || !(await hasReserve())) throw error;
  }
  await write([], [reserve]);
  return again(() => write(puts, deletes), AGAIN_MS);
}

/** The room of what was deleted is free a moment later. */
async function again(attempt, [pause, ...pauses]) {
  await new Promise((resolve) => setTimeout(resolve, pause));
  return attempt().catch((error) => {
    if (!pauses.length) throw error;
    return again(attempt, pauses);
  });
}

/** ok, warn (80 % is used, or no room can be held any more) or full (95 %). */
export async function level() {
  const { usage, quota } = await room();
  const share = quota > 0 ? usage / quota : 1;
  if (share >= FULL) return "full";
  return share >= WARN || !(await hasReserve()) ? "warn" : "ok";
}

/** Whether a photo of so many bytes can be kept and reports still fit after it, as far as the browser says. */
export async function hasRoomFor(bytes) {
  const { usage, quota } = await room();
  return usage + bytes + SPARE < quota * FULL;
}
