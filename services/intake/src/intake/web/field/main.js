// The operators' app: opens with what is on the phone, then asks the network for what is newer.
import { endSession, startLeaving } from "./leave.js";
import { ProblemForm } from "./problem.js";
import { loadBundle, loadDay } from "./register.js";
import { sendNow, startSending } from "./schedule.js";
import { setState, startStatus } from "./status.js";
import { holdReserve, persist } from "./storage.js";
import { TalkForm, currentTalk } from "./talk.js";
import { drawToday } from "./today.js";
import { byId, showView } from "./ui.js";

// Until the app can be opened without a network, and from then on.
const [TRY_SECONDS, LOOK_SECONDS] = [5, 600];
let bundle = null;

/** A new version takes over by itself; a page on which something is being typed waits for a tap. */
function startUpdates() {
  const { serviceWorker } = navigator;
  const hadOne = serviceWorker.controller !== null;
  keepCurrent();
  serviceWorker.addEventListener("controllerchange", () => {
    if (!hadOne) return;
    if (document.body.dataset.shown === "today") location.reload();
    else byId("update").hidden = false;
  });
  byId("update").addEventListener("click", () => location.reload());
}

/** Looks for the service worker, and for a newer one, again and again: what a bad network cut off is asked for once more. */
async function keepCurrent() {
  const options = { scope: "/campo", type: "module", updateViaCache: "none" };
  const found = await navigator.serviceWorker.register("/campo/sw.js", options).catch(() => null);
  await found?.update().catch(() => undefined);
  const isInstalled = Boolean(found?.active);
  byId("ready").dataset.offline = isInstalled ? "1" : "0";
  setTimeout(keepCurrent, (isInstalled ? LOOK_SECONDS : TRY_SECONDS) * 1000);
}

async function refresh() {
  bundle = (await loadBundle()) ?? bundle;
  const { day, state } = await loadDay();
  byId("no-bundle").hidden = bundle !== null;
  if (bundle !== null) drawToday(bundle, day);
  return state;
}

function startButtons(problem, talk) {
  byId("new-problem").addEventListener("click", () => problem.open(false));
  byId("talk-problem").addEventListener("click", () => problem.open(true));
  byId("new-talk").addEventListener("click", () => talk.open());
  byId("resume-talk").addEventListener("click", () => talk.show());
  byId("back-today").addEventListener("click", () => showView("today"));
  byId("send-now").addEventListener("click", sendNow);
  document.addEventListener("send", sendNow);
}

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** The first time there is nothing to work with until the network has given it. */
async function firstBundle() {
  for (;;) {
    const state = await refresh();
    if (bundle !== null) return state;
    await setState(state === "login" ? "login" : "offline");
    await pause(3);
  }
}

/** Somebody else's work is on this phone: nothing of it is shown, and nothing is added to it. */
async function showStranger() {
  showView("today");
  for (const one of document.querySelectorAll(".field-actions, .of-owner")) one.hidden = true;
  await setState("another");
  byId("ready").dataset.ready = "1";
}

async function start() {
  if (await endSession()) return;
  startUpdates();
  await holdReserve();
  await startStatus();
  startLeaving();
  const state = await firstBundle();
  if (state === "another") return showStranger();
  const known = () => bundle;
  const [problem, talk] = [new ProblemForm(known), new TalkForm(known)];
  startButtons(problem, talk);
  persist();
  await talk.draw();
  showView("today");
  if (await problem.isUnfinished()) await problem.open((await currentTalk()) !== null);
  else if (await talk.isUnfinished()) await talk.open();
  byId("ready").dataset.ready = "1";
  addEventListener("online", refresh);
  await startSending();
  return state === "online" ? undefined : setState(state);
}

start();
