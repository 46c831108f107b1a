// The photos of a form that is not saved yet: kept encrypted beside the draft, so that a killed browser loses none of them.
import { readKeys, read, write } from "./database.js";
import { open, seal } from "./vault.js";

const PREFIX = "draft-photo:";

const keyOf = (sha256) => `${PREFIX}${sha256}`;

/** Keeps one, or tells that there is no room for it. */
export async function keepDraftPhoto({ sha256, bytes, type }) {
  const sealed = { ...(await seal(keyOf(sha256), bytes)), type, n: Date.now() };
  const isKept = await write([["private", sealed, keyOf(sha256)]]).then(() => true, () => false);
  document.dispatchEvent(new Event("room-changed"));
  return isKept;
}

/** What deletes one, or all of them, in a transaction. */
export const dropDraftPhoto = (sha256) => ["private", keyOf(sha256)];
export const dropDraftPhotos = async () => (await keys()).map((key) => ["private", key]);

const keys = async () => (await readKeys("private")).filter((key) => String(key).startsWith(PREFIX));

/** All of them, those that were chosen first first. */
export async function draftPhotos() {
  const found = [];
  for (const key of await keys()) {
    const sealed = await read("private", key);
    const bytes = sealed && (await open(key, sealed).catch(() => null));
    if (bytes) found.push({ sha256: key.slice(PREFIX.length), bytes, type: sealed.type, n: sealed.n });
  }
  return found.sort((one, other) => one.n - other.n);
}
