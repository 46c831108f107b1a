// Encryption of what was said: AES-GCM with a key that never leaves the browser and cannot be read by this app either.
import { putMissing, read } from "./database.js";

const NAME = "records";
const ALGORITHM = "AES-GCM";

async function key() {
  const known = await read("keys", NAME);
  if (known) return known;
  const made = await crypto.subtle.generateKey({ name: ALGORITHM, length: 256 }, false, ["encrypt", "decrypt"]);
  return putMissing("keys", made, NAME);
}

const bound = (id) => new TextEncoder().encode(id);

/** Encrypts bytes for the record with this id: they cannot be read as those of another one. */
export async function seal(id, bytes) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const data = await crypto.subtle.encrypt({ name: ALGORITHM, iv, additionalData: bound(id) }, await key(), bytes);
  return { iv, data };
}

/** The bytes of a record. */
export async function open(id, { iv, data }) {
  return crypto.subtle.decrypt({ name: ALGORITHM, iv, additionalData: bound(id) }, await key(), data);
}

export const sealValue = (id, value) => seal(id, new TextEncoder().encode(JSON.stringify(value)));

export const openValue = async (id, record) => JSON.parse(new TextDecoder().decode(await open(id, record)));
