// The operators' app: opens with what is on the phone, then asks the network for what is newer.
import { Draft } from "./draft.js";
import { endSession, startLeaving } from "./leave.js";
import { ProblemForm } from "./problem.js";
import { loadBundle, loadDay } from "./register.js";
import { sendNow, startSending } from "./schedule.js";
import { setState, startStatus } from "./status.js";
import { persist } from "./storage.js";
import { TalkForm, currentTalk } from "./talk.js";
import { drawToday } from "./today.js";
import { byId, showView } from "./ui.js";

let bundle = null;

/** A new version takes over by itself; a page on which something is being typed waits for a tap. */
function startUpdates() {
  const { serviceWorker } = navigator;
  const hadOne = serviceWorker.controller !== null;
  serviceWorker.register("/campo/sw.js", { scope: "/campo", type: "module", updateViaCache: "none" });
  serviceWorker.addEventListener("controllerchange", () => {
    if (!hadOne) return;
    if (document.body.dataset.shown === "today") location.reload();
    else byId("update").hidden = false;
  });
  byId("update").addEventListener("click", () => location.reload());
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

async function start() {
  if (await endSession()) return;
  startUpdates();
  await startStatus();
  startLeaving();
  const state = await firstBundle();
  const known = () => bundle;
  const [problem, talk] = [new ProblemForm(known), new TalkForm(known)];
  startButtons(problem, talk);
  persist();
  await talk.draw();
  showView("today");
  if (await Draft.exists()) await problem.open((await currentTalk()) !== null);
  byId("ready").dataset.ready = "1";
  addEventListener("online", refresh);
  await startSending();
  return state === "online" ? undefined : setState(state);
}

start();
