// How much room the phone has: a photo is refused before there is none, so that no report is lost.
const WARN = 0.8;
const FULL = 0.95;
const SPARE = 5 * 1024 * 1024;

/** Asks the browser not to throw our data away; it may refuse. */
export const persist = async () => (await navigator.storage?.persist?.()) ?? false;

async function room() {
  const { usage = 0, quota = Infinity } = (await navigator.storage?.estimate?.()) ?? {};
  return { usage, quota };
}

/** ok, warn (80 % is used) or full (95 %). */
export async function level() {
  const { usage, quota } = await room();
  const share = quota > 0 ? usage / quota : 1;
  return share >= FULL ? "full" : share >= WARN ? "warn" : "ok";
}

/** Whether a photo of so many bytes can be kept and reports still fit after it. */
export async function hasRoomFor(bytes) {
  const { usage, quota } = await room();
  return usage + bytes * 2 + SPARE < quota * FULL;
}
