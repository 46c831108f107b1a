// What is still on the phone: each record leaves it only when the server has acknowledged it.
import { change, readAll } from "./database.js";
import { writeSurely } from "./storage.js";
import { sealValue } from "./vault.js";

// The form of a record. A newer app reads the older ones; what a newer app has written waits for that app.
export const FORM = 1;
const channel = new BroadcastChannel("campo");
let last = 0;

/** Tells every tab and the service worker what changed. */
export function tell(message) {
  channel.postMessage(message);
  listeners.forEach((listener) => listener(message));
}

const listeners = new Set();
channel.onmessage = ({ data }) => listeners.forEach((listener) => listener(data));
export const listen = (listener) => listeners.add(listener);

function record(id, kind, fields) {
  last = Math.max(last + 1, Date.now());
  return { id, v: FORM, kind, n: last, state: "queued", until: 0, ...fields };
}

/** What is written for a record whose body is sent as JSON. */
export async function valuePuts(kind, id, fields, value) {
  return [["outbox", { ...record(id, kind, fields), ...(await sealValue(id, value)) }]];
}

/** What is written for a photo of a report; its bytes are there already, apart, so that a list of records stays small. */
export function photoPuts(report, { sha256, bytes, type }) {
  return [["outbox", record(`photo:${report}:${sha256}`, "photo", { report, sha256, type, size: bytes.byteLength })]];
}

/** Keeps records, all or none; raises QuotaExceededError when the phone is full. */
export async function keep(puts, deletes = []) {
  await writeSurely(puts, deletes);
  tell({ kept: puts.length });
}

/** All records, those that were made first first. */
export const waiting = async () => (await readAll("outbox")).sort((one, other) => one.n - other.n);

/** How many records of each kind there are. */
export async function count() {
  const records = await waiting();
  const of = (...kinds) => records.filter((one) => kinds.includes(one.kind)).length;
  return { reports: of("report"), photos: of("photo"), talks: of("talk", "follow-up", "end"), all: records.length };
}

export const mark = change;
