// The listening session: who talks is written once, and the problems of the talk share it.
import { read, write } from "./database.js";
import { Draft } from "./draft.js";
import { PlaceField, placeName } from "./fields.js";
import { clearHouseholds, startHouseholds } from "./household.js";
import { uuid7 } from "./ids.js";
import { keep, valuePuts } from "./outbox.js";
import { byId, inRome, say, showErrors, showView, when } from "./ui.js";
import { openValue, sealValue } from "./vault.js";

const NAME = "talk";

/** The talk that goes on, or null. */
export async function currentTalk() {
  const known = await read("private", NAME);
  return known ? openValue(NAME, known).catch(() => null) : null;
}

const store = async (talk) => write([["private", await sealValue(NAME, talk), NAME]]);

/** One more problem was taken down. */
export async function countProblem() {
  const talk = await currentTalk();
  if (talk) await store({ ...talk, problems: talk.problems + 1 });
}

export class TalkForm {
  constructor(bundle) {
    this.bundle = bundle;
    this.form = byId("talk");
    this.place = new PlaceField(this.form, "talk-", bundle, () => this.drawFlats());
    this.draft = new Draft("draft-talk", this.form, () => this.values(), (values) => this.restore(values));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    byId("cancel-talk").addEventListener("click", () => this.cancel());
    byId("edit-talk").addEventListener("click", () => this.open());
    byId("end-talk").addEventListener("click", () => this.end());
    byId("follow-up").addEventListener("submit", (event) => {
      event.preventDefault();
      this.agree();
    });
    document.addEventListener("problem-closed", () => this.draw());
    startHouseholds((household) => {
      this.fill(household);
      this.draft.later();
    });
  }

  /** The form of who talks: a new talk begins when it is opened. */
  async open() {
    this.talk = (await currentTalk()) ?? { session_id: uuid7(), started_at: new Date().toISOString(), household: {}, notes: "", problems: 0, agreed: [] };
    this.form.reset();
    clearHouseholds();
    this.fill(this.talk.household);
    this.form.elements["talk-notes"].value = this.talk.notes;
    await this.draft.restore();
    showErrors(this.form, {});
    byId("no-room-talk").hidden = true;
    showView("talk");
    document.dispatchEvent(new Event("room-changed"));
  }

  /** Whether somebody was writing who talks when the app was closed. */
  isUnfinished() {
    return this.draft.exists();
  }

  values() {
    return { talk: this.talk, household: this.household(), notes: this.form.elements["talk-notes"].value };
  }

  restore({ talk, household, notes }) {
    this.talk = { ...this.talk, session_id: talk.session_id, started_at: talk.started_at };
    this.fill(household);
    this.form.elements["talk-notes"].value = notes;
  }

  async cancel() {
    await this.draft.forget();
    await this.show();
  }

  fill(household) {
    const { elements } = this.form;
    for (const name of ["name", "phone", "email"]) elements[`talk-${name}`].value = household.contact?.[name] ?? "";
    elements["talk-language"].value = household.language ?? "it";
    elements["talk-frailty"].checked = household.frailty === true;
    this.place.choose(this.bundle().searchable.place(household.place_id) ? household.place_id : "");
    elements["talk-flat"].value = household.flat ?? "";
  }

  drawFlats() {
    const select = this.form.elements["talk-flat"];
    const flats = this.bundle().searchable.flatsOf(this.form.elements["talk-place_id"].value);
    select.replaceChildren(new Option(say("flat-none"), ""), ...flats.map((one) => new Option(one.label, one.id)));
    select.closest(".field").hidden = flats.length === 0;
  }

  household() {
    const { elements } = this.form;
    const text = (name) => elements[`talk-${name}`].value.trim();
    const contact = Object.fromEntries(["name", "phone", "email"].map((name) => [name, text(name)]).filter(([, value]) => value));
    const flat = text("flat");
    return { contact, place_id: text("place_id") || null, language: text("language"), frailty: elements["talk-frailty"].checked, ...(flat ? { flat } : {}) };
  }

  async save() {
    const household = this.household();
    const errors = {};
    const { email, phone } = household.contact;
    if (email && !/^\S+@\S+\.\S+$/.test(email)) errors["talk-email"] = say("error-email");
    if (phone && (phone.match(/\d/g) ?? []).length < 5) errors["talk-phone"] = say("error-phone");
    showErrors(this.form, errors);
    if (Object.keys(errors).length) return;
    const talk = { ...this.talk, household, notes: this.form.elements["talk-notes"].value.trim() };
    const { session_id: id, started_at, notes } = talk;
    const puts = await valuePuts("talk", `talk:${id}`, { talk: id }, { started_at, household, notes });
    await this.draft.stop();
    try {
      await keep([...puts, ["private", await sealValue(NAME, talk), NAME]], [this.draft.drop]);
    } catch {
      this.draft.resume();
      byId("no-room-talk").hidden = false;
      return byId("no-room-talk").focus();
    }
    this.form.reset();
    clearHouseholds();
    return this.show();
  }

  /** The talk that goes on, or the first view when there is none. */
  async show() {
    await this.draw();
    showView((await currentTalk()) ? "talk-now" : "today");
  }

  async draw() {
    const talk = await currentTalk();
    byId("talk-now").dataset.session = talk?.session_id ?? "";
    byId("resume-talk").hidden = talk === null;
    byId("new-talk").hidden = talk !== null;
    if (!talk) return;
    const { household } = talk;
    byId("talk-who").textContent = household.contact?.name ?? say("talk-nameless");
    byId("talk-where").textContent = placeName(this.bundle(), household.place_id) || say("talk-placeless");
    byId("talk-problems").textContent = say("talk-problems", { n: talk.problems });
    byId("talk-agreed").textContent = talk.agreed.map(when).join(", ");
  }

  /** An appointment, at an hour in Rome. */
  async agree() {
    const form = byId("follow-up");
    const at = inRome(form.elements.at.value);
    const isWrong = Number.isNaN(at.getTime()) || at.getTime() < Date.now();
    showErrors(form, isWrong ? { at: say("error-day") } : {});
    if (isWrong) return;
    const talk = await currentTalk();
    const id = uuid7();
    const body = { at: at.toISOString(), what: form.elements.what.value, place_id: talk.household.place_id, words: form.elements.words.value.trim() };
    const puts = await valuePuts("follow-up", `follow-up:${id}`, { talk: talk.session_id, followUp: id }, body);
    const after = { ...talk, agreed: [...talk.agreed, at.toISOString()] };
    await keep([...puts, ["private", await sealValue(NAME, after), NAME]]);
    form.reset();
    await this.draw();
  }

  async end() {
    const talk = await currentTalk();
    const id = talk.session_id;
    const puts = await valuePuts("end", `end:${id}`, { talk: id }, { ended_at: new Date().toISOString() });
    await keep(puts, [["private", NAME]]);
    await this.show();
  }
}
