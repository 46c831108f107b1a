// What is still on the phone, and what became of what was sent.
import { read, readAll, write } from "./database.js";
import { uuid7 } from "./ids.js";
import { count, listen, mark, waiting } from "./outbox.js";
import { saySame, similarAfterwards } from "./similar.js";
import { level } from "./storage.js";
import { byId, make, say, when } from "./ui.js";
import { openValue, sealValue } from "./vault.js";

const KEPT_DAYS = 7;
const LIST_MS = 1000;
const OTHERS = ["talk", "follow-up", "end"];
let state = "starting";
let drawing = null;
let listed = 0;
let later = null;

/** Shows the numbers now and after every change. */
export function startStatus() {
  listen((message) => {
    if (message.state) state = message.state;
    draw();
  });
  addEventListener("offline", () => setState("offline"));
  document.addEventListener("room-changed", draw);
  byId("history").addEventListener("click", mend);
  return draw();
}

export function setState(found) {
  state = found;
  return draw();
}

/** One drawing at a time: what changes meanwhile is drawn by the next one. */
function draw() {
  drawing ??= Promise.resolve().then(async () => {
    drawing = null;
    await Promise.all([drawNumbers(), drawList()]);
  });
  return drawing;
}

/** The list at most once a second: each of its rows is decrypted, and sending must not wait for that at each record. */
function drawList() {
  const wait = listed + LIST_MS - Date.now();
  if (wait <= 0) return listNow();
  later ??= setTimeout(listNow, wait);
  return null;
}

function listNow() {
  clearTimeout(later);
  later = null;
  listed = Date.now();
  return drawHistory();
}

async function drawNumbers() {
  const numbers = await count();
  const bar = byId("on-phone");
  Object.assign(bar.dataset, { reports: numbers.reports, photos: numbers.photos, talks: numbers.talks, state });
  byId("on-phone-text").textContent = numbers.all ? say("on-phone", numbers) : say("all-sent");
  byId("state-text").textContent = sentence(numbers.all);
  byId("login-needed").hidden = state !== "login";
  byId("another-person").hidden = state !== "another";
  byId("send-now").hidden = !numbers.all || state === "sending";
  const storage = byId("storage");
  storage.dataset.level = await level();
  storage.hidden = storage.dataset.level === "ok";
  storage.textContent = storage.hidden ? "" : say(`storage-${storage.dataset.level}`);
}

function sentence(left) {
  if (left || state === "login" || state === "another") return say(`state-${state}`);
  return say(state === "offline" ? "no-network" : "state-none");
}

async function drawHistory() {
  if (state === "another") return byId("history").replaceChildren();
  const records = await waiting();
  const photos = (report) => records.filter((one) => one.kind === "photo" && one.report === report);
  const queued = records.filter((one) => one.kind === "report").reverse();
  const rows = await Promise.all(queued.map(async (one) => queuedRow(one, photos(one.report), await shownOf(one))));
  rows.push(...records.filter((one) => one.state === "refused" && OTHERS.includes(one.kind)).map(otherRow));
  const past = (await readAll("history")).filter((one) => !queued.some((other) => other.report === one.report));
  past.sort((one, other) => other.at - one.at);
  rows.push(...(await Promise.all(past.slice(0, 50).map(async (one) => pastRow(one, photos(one.report))))));
  byId("history").replaceChildren(...rows);
  byId("history-empty").hidden = rows.length > 0;
  await forgetOld(past);
}

/** A talk, an appointment or an end that was refused. */
function otherRow(one) {
  const lines = [make("p", {}, say("outcome-refused")), make("p", {}, say(`reason-${one.reason}`)), ...mending([one.id])];
  return row(one.id, "refused", [], { category: say(`kind-${one.kind}`) }, lines);
}

const shownOf = async (one) => (await openValue(one.id, one).catch(() => ({}))).shown ?? {};

function queuedRow(one, photos, shown) {
  const isRefused = one.state === "refused";
  const lines = [make("p", {}, say(isRefused ? "outcome-refused" : "outcome-queued"))];
  if (isRefused) {
    lines.push(make("p", {}, say(`reason-${one.reason}`)));
    lines.push(...mending([one.id]));
  }
  return row(one.report, isRefused ? "refused" : "queued", photos, shown, lines);
}

async function pastRow(one, photos) {
  const told = await openValue(`history:${one.report}`, one).catch(() => ({}));
  const lines = [make("p", {}, say(`outcome-${one.outcome}`, { when: when(one.at) }))];
  if (told.code) lines.push(make("p", { class: "code" }, say(told.pin ? "code-and-pin" : "code", told)));
  for (const reason of told.reasons ?? []) lines.push(make("p", {}, say(`reason-${reason}`)));
  lines.push(...missing("photos-left-out", told.leftOut ?? []));
  if (told.same) lines.push(make("p", {}, say("similar-merged")));
  lines.push(...similarAfterwards(one.report, told.similar));
  const made = row(one.report, one.outcome, photos, told.shown ?? {}, lines);
  if (told.code) made.dataset.code = told.code;
  return made;
}

/** How many photos are missing, and each reason once. */
function missing(text, reasons) {
  if (!reasons.length) return [];
  const each = [...new Set(reasons)].map((reason) => make("li", { "data-left-out": reason }, say(`left-out-${reason}`)));
  return [make("p", {}, say(text, { photos: reasons.length })), make("ul", {}, ...each)];
}

function row(report, outcome, photos, shown, lines) {
  const title = make("h4", { class: "h5" }, shown.category ?? "");
  const place = make("p", {}, shown.place ?? "");
  const refused = photos.filter((one) => one.state === "refused");
  const left = photos.length ? make("p", {}, say("photos-left", { photos: photos.length })) : null;
  const lost = refused.length ? [...missing("photos-refused", refused.map((one) => one.reason)), ...mending(refused.map((one) => one.id))] : [];
  const tone = { queued: "card-warning", refused: "card-late" }[outcome] ?? "";
  const attributes = { class: `card-box ${tone}`, "data-report": report, "data-outcome": outcome, "data-photos": String(photos.length) };
  return make("li", attributes, title, place, ...lines, left, ...lost);
}

/** The buttons of what was refused: send it again, or take it off the phone with two taps. */
function mending(ids) {
  const button = (name, text) => make("button", { type: "button", class: "btn btn-outline-primary btn-sm", [`data-${name}`]: ids.join(" ") }, say(text));
  return [make("div", { class: "buttons" }, button("retry", "try-again"), button("drop", "take-off"))];
}

async function mend({ target }) {
  const { retry, drop, same } = target.dataset ?? {};
  if (same !== undefined) await decide(target);
  else if (drop && target.dataset.sure === undefined) {
    target.dataset.sure = "";
    target.textContent = say("take-off-sure");
  } else if (drop) {
    await write([], drop.split(" ").flatMap((id) => [["outbox", id], ["bodies", id]]));
    await Promise.all([draw(), listNow()]);
  } else if (retry) {
    for (const id of retry.split(" ")) await mark(id, { state: "queued", until: 0 });
    document.dispatchEvent(new Event("send"));
  }
}

/** Whether a report that has arrived is the same problem as an earlier one: the server merges them, or it stays by itself. */
async function decide(button) {
  const { same, of } = button.dataset;
  button.disabled = true;
  if (same && !(await saySame(of, same, uuid7()))) {
    button.disabled = false;
    button.textContent = say("similar-offline");
    return;
  }
  const known = await read("history", of);
  const told = await openValue(`history:${of}`, known);
  const sealed = await sealValue(`history:${of}`, { ...told, similar: [], same: same !== "" });
  await write([["history", { ...known, ...sealed }]]);
  await listNow();
}

async function forgetOld(past) {
  const old = past.filter((one) => one.at < Date.now() - KEPT_DAYS * 86_400_000);
  if (old.length) await write([], old.map((one) => ["history", one.report]));
}
