// What the phone knows of the agency: places, categories and questions, and who is logged in; kept for work without a network.
import { read, readAll, readKeys, write } from "./database.js";
import { Places } from "./places.js";
import { ask } from "./sending.js";
import { openValue, sealValue } from "./vault.js";

const DAY = "day";

/** The bundle that is on the phone, or a newer one; null when there is none and no network. */
export async function loadBundle() {
  const known = await read("data", "bundle");
  const fresh = await fetchBundle(known?.tag).catch(() => null);
  const bundle = fresh ?? known;
  return bundle ? { ...bundle.body, searchable: new Places(bundle.body.places, bundle.body.search) } : null;
}

async function fetchBundle(tag) {
  const answer = await ask("GET", "/bundle", { headers: tag ? { "If-None-Match": tag } : {} });
  if (!answer.ok) return null;
  const bundle = { tag: answer.headers.get("ETag"), body: await answer.json() };
  await write([["data", bundle, "bundle"]]);
  return bundle;
}

/** The day as {day, state}: online, offline, login, or another when the phone holds the work of another person. */
export async function loadDay() {
  const answer = await ask("GET", "/day").catch(() => null);
  if (answer === null || answer.status >= 500) return { day: await keptDay(), state: "offline" };
  if (!answer.ok) return { day: await keptDay(), state: answer.status === 401 || answer.status === 403 ? "login" : "offline" };
  const day = await answer.json();
  const owner = await read("data", "owner");
  if (owner !== undefined && owner !== day.owner) {
    if ((await readAll("outbox")).length > 0) return { day: null, state: "another" };
    await forgetPrivate();
  }
  const { seal: _, ...kept } = day;
  const found = await fetchCases();
  const whole = { ...kept, cases: found.cases ?? (await keptDay())?.cases ?? null };
  await write([["data", day.owner, "owner"], ["private", await sealValue(DAY, whole), DAY]]);
  return { day: { ...whole, mayEnter: found.mayEnter }, state: "online" };
}

/** The open cases of this operator, from the service that has them, which has a login of its own. */
async function fetchCases() {
  const answer = await ask("GET", "/lavoro/oggi", { headers: { "HX-Request": "true" } }).catch(() => null);
  return answer?.ok ? await answer.json() : { cases: null, mayEnter: answer?.status === 401 };
}

async function keptDay() {
  const known = await read("private", DAY);
  return known ? openValue(DAY, known).catch(() => null) : null;
}

/** What one person kept is not shown to the next. */
async function forgetPrivate() {
  const history = await readAll("history");
  const [drafts, photos] = [await readKeys("private"), await readKeys("bodies")];
  await write([], [...drafts.map((key) => ["private", key]), ...photos.map((id) => ["bodies", id]), ...history.map((one) => ["history", one.report])]);
}
