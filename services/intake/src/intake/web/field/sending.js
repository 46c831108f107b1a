// Sends what is on the phone: a talk before its reports, a report before its photos. Runs in the page and in the service worker.
import { forget, read, write } from "./database.js";
import { FORM, mark, tell, waiting } from "./outbox.js";
import { open, openValue, sealValue } from "./vault.js";

const BASE = "/v1/field";
const SECONDS = { photo: 120, otherwise: 20 };
const [DESK_MINUTES, BUG_MINUTES] = [15, 5];
const SOON_MS = [300, 1000];
const ROLL_MS = 30 * 60_000;
// What a refusal of the whole session means for the phone; every other 4xx is about one record.
const STOPS = { 401: "login", "not-logged-in": "login", "login-unconfirmed": "login", "another-person": "another", "not-allowed": "another" };
const LATER = new Set([408, 425, 429]);

/** The request of one record. */
const REQUESTS = {
  talk: (one) => ["PUT", `/talks/${one.talk}`],
  report: (one) => ["PUT", `/reports/${one.report}`],
  photo: (one) => ["PUT", `/reports/${one.report}/photos/${one.sha256}`],
  "follow-up": (one) => ["PUT", `/talks/${one.talk}/follow-ups/${one.followUp}`],
  end: (one) => ["POST", `/talks/${one.talk}/end`],
};

/** Asks the server with the session of the pages; raises TypeError without a network and TimeoutError without an answer. */
export async function ask(method, path, { body, type, seconds = SECONDS.otherwise, headers = {} } = {}) {
  const owner = (await read("data", "owner")) ?? "";
  const all = { Accept: "application/json", "Ascolto-Person": owner, ...headers, ...(type ? { "Content-Type": type } : {}) };
  return fetch(path.startsWith("/v1") || path.startsWith("/lavoro") ? path : BASE + path, {
    method,
    body,
    headers: all,
    redirect: "error",
    cache: "no-store",
    signal: AbortSignal.timeout(seconds * 1000),
  });
}

/** Sends everything that can be sent, one tab or worker at a time; returns how it ended: idle, offline, login, another, retry or busy. */
export function sendAll() {
  return navigator.locks.request("campo-sending", { ifAvailable: true }, async (lock) => {
    if (!lock) return { state: "busy" };
    tell({ state: "sending" });
    const found = await sendEach().catch((error) => ({ state: isNetwork(error) ? "offline" : "retry", error: String(error) }));
    tell(found);
    return found;
  });
}

const isNetwork = (error) => error instanceof TypeError || error?.name === "TimeoutError" || error?.name === "AbortError";

async function sendEach() {
  const records = await waiting();
  const stranger = records.length > 0 && (await learnOwner());
  if (stranger) return stranger;
  for (const one of records) {
    if (!(await isDue(one))) continue;
    const stop = await sendOne(one);
    if (stop) return stop;
  }
  return { state: "idle" };
}

/** Whose records these are, when the phone never had a network since they were made: those of who is logged in. */
async function learnOwner() {
  if ((await read("data", "owner")) !== undefined) return null;
  const answer = await ask("GET", "/day");
  if (answer.status === 401 || answer.status === 403) return { state: "login" };
  if (!answer.ok) return { state: "retry" };
  await write([["data", (await answer.json()).owner, "owner"]]);
  return null;
}

/** Whether a record can be sent now: what it belongs to has arrived, and nobody has to mend it first. */
async function isDue(one) {
  if (one.v > FORM || one.state !== "queued" || one.until > Date.now()) return false;
  if (one.kind === "photo") return (await read("outbox", `report:${one.report}`)) === undefined;
  if (one.kind === "talk" || !one.talk) return true;
  const before = await read("outbox", `talk:${one.talk}`);
  if (before !== undefined && before.state === "queued") return false;
  return one.kind !== "end" || !(await waiting()).some((other) => other.talk === one.talk && other.kind !== "end" && other.state === "queued");
}

async function bodyOf(one) {
  if (one.kind === "photo") return { body: await open(one.id, await read("bodies", one.id)), type: one.type, seconds: SECONDS.photo };
  const value = await openValue(one.id, one);
  const { shown: _, ...sent } = value;
  if (one.kind === "talk" || one.kind === "report") sent.sent_at = new Date().toISOString();
  return { body: JSON.stringify(sent), type: "application/json", value };
}

/** The answer; a request that the network lost is made again soon, because on a bad network the next one often arrives. */
async function asked(make) {
  for (const pause of SOON_MS) {
    try {
      return await make();
    } catch (error) {
      if (!(error instanceof TypeError) || !navigator.onLine) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  return make();
}

/** Sends one record; returns why everything has to stop, or nothing. */
async function sendOne(one) {
  const found = await bodyOf(one).catch(() => null);
  if (found === null) return refused(one, 0, "unreadable");
  const { value, ...request } = found;
  const [method, path] = REQUESTS[one.kind](one);
  const answer = await asked(() => ask(method, path, request));
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return arrived(one, value, said);
  if (answer.status === 500) return later(one, BUG_MINUTES, "internal");
  if (answer.status > 500 || LATER.has(answer.status) || slugOf(said) === "not-yet") {
    return { state: "retry", after: Number(answer.headers.get("Retry-After")) || 0 };
  }
  const stop = STOPS[answer.status] ?? STOPS[slugOf(said)];
  if (stop) return { state: stop };
  return refused(one, answer.status, slugOf(said));
}

const slugOf = (said) => String(said.type ?? "").split(/[/:#]/).pop();

/** Forgets a record that the server has; the same transaction writes what became of a report. */
async function arrived(one, value, said) {
  if (one.kind === "photo" && said.sha256 !== one.sha256) return { state: "retry" };
  if (one.kind === "report" && said.report_id !== one.report) return { state: "retry" };
  const puts = one.kind === "report" ? [["history", await outcome(one, value, said)]] : [];
  await forget(one, puts);
  tell({ arrived: one.id });
}

async function outcome(one, value, said) {
  const { tracking_code: code, pin, reasons = [], similar = [] } = said;
  const told = { shown: value.shown, code, pin, reasons, similar, leftOut: value.photos_left_out ?? [] };
  return { report: one.report, at: Date.now(), outcome: said.outcome, ...(await sealValue(`history:${one.report}`, told)) };
}

/** What one record meets does not hold up the others. */
async function later(one, minutes, reason) {
  await mark(one.id, { until: Date.now() + minutes * 60_000, reason }, one.n);
  tell({ later: one.id });
}

/** A photo of a report that the desk has not settled waits on the phone; anything else is shown with its reason, and kept. */
async function refused(one, status, slug) {
  if (slug === "report-waiting") return later(one, DESK_MINUTES, slug);
  if (slug === "invalid" && Date.now() < one.n + ROLL_MS) return later(one, BUG_MINUTES, slug); // a server that is not yet as new as the app
  await mark(one.id, { state: "refused", status, reason: slug }, one.n);
  tell({ refused: one.id });
  return undefined;
}
