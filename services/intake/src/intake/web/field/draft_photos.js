// The photos of a form that is not saved yet: kept at once where they stay, under the id that the report will have. Saving adds only the
// small records that send them, so that a killed browser loses none, and a full phone needs no room for them twice.
import { forgetUnsent, readKeys, read, write } from "./database.js";
import { open, seal } from "./vault.js";

const PREFIX = "photo:";

const idOf = (report, sha256) => `${PREFIX}${report}:${sha256}`;

/** Keeps one, or tells that there is no room for it. */
export async function keepDraftPhoto(report, { sha256, bytes, type }) {
  const id = idOf(report, sha256);
  const body = { id, type, n: Date.now(), ...(await seal(id, bytes)) };
  const isKept = await write([["bodies", body]]).then(() => true, () => false);
  document.dispatchEvent(new Event("room-changed"));
  return isKept;
}

/** Forgets one that was taken off the form. */
export const dropDraftPhoto = (report, sha256) => write([], [["bodies", idOf(report, sha256)]]);

/** Forgets those of a form that was closed; what is sent stays. */
export const dropDraftPhotos = (report) => forgetUnsent(idOf(report, ""));

/** Whether a report with this id was saved, perhaps in another tab that had the same draft. */
export const isSaved = async (report) => (await read("outbox", `report:${report}`)) !== undefined || (await read("history", report)) !== undefined;

/** Those that no record sends. */
async function ids() {
  const sent = new Set(await readKeys("outbox"));
  return (await readKeys("bodies")).filter((id) => !sent.has(id));
}

/** All of them as {report, sha256, bytes, type}, those that were chosen first first. */
export async function draftPhotos() {
  const found = [];
  for (const id of await ids()) {
    const body = await read("bodies", id);
    const bytes = body && (await open(id, body).catch(() => null));
    const [report, sha256] = id.slice(PREFIX.length).split(":");
    if (bytes) found.push({ report, sha256, bytes, type: body.type, n: body.n });
  }
  return found.sort((one, other) => one.n - other.n);
}
