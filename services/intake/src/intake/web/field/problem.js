// One problem: category, questions, place, words, photos and who reports it. Saving keeps all of it on the phone at once.
import { asked, danger, missing, sent } from "./questions.js";
import { Draft } from "./draft.js";
import { draftPhotos } from "./draft_photos.js";
import { PlaceField, answersIn, fillCategories, placeName, questionField } from "./fields.js";
import { keep, photoPuts, valuePuts } from "./outbox.js";
import { PhotoField } from "./photo_field.js";
import { SimilarQuestion, findSimilar } from "./similar.js";
import { currentTalk, countProblem } from "./talk.js";
import { byId, say, showErrors, showView } from "./ui.js";

const CONTACT = ["name", "phone", "email"];

export class ProblemForm {
  constructor(bundle) {
    this.bundle = bundle;
    this.form = byId("problem");
    this.photos = new PhotoField(byId("photos"), byId("problem-photos"), byId("photo-fault"));
    this.similar = new SimilarQuestion(bundle);
    this.place = new PlaceField(this.form, "", bundle, () => this.drawQuestions());
    this.draft = new Draft("draft", this.form, () => this.values(), (values) => this.fill(values));
    this.form.addEventListener("change", (event) => this.changed(event));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    byId("cancel-problem").addEventListener("click", () => this.close(this.talk ? "talk-now" : "today"));
  }

  get category() {
    return this.bundle().categories.categories.find((one) => one.code === this.form.elements.category.value);
  }

  /** Opens the form, for a problem of the talk that goes on or for one by itself. */
  async open(inTalk) {
    this.talk = inTalk ? await currentTalk() : null;
    fillCategories(this.form.elements.category, this.bundle().categories);
    this.clear();
    this.place.choose(this.talk?.household.place_id ?? "");
    byId("problem-contact").hidden = this.talk !== null;
    await this.draft.restore();
    await this.photos.restore();
    this.drawQuestions();
    showErrors(this.form, {});
    byId("saved").hidden = true;
    showView("problem");
    document.dispatchEvent(new Event("room-changed")); // a phone that is nearly full says so before something is written
  }

  /** Whether something was typed or photographed when the app was closed. */
  async isUnfinished() {
    return (await this.draft.exists()) || (await draftPhotos()).length > 0;
  }

  /** Nothing that was typed stays in the page. */
  clear() {
    this.form.reset();
    this.photos.clear();
    this.similar.close(null);
    this.place.choose("");
  }

  changed(event) {
    if (event.target.name === "category" || event.target.name?.startsWith("answer-")) this.drawQuestions();
  }

  /** The questions of the category after the answers so far, and whom to call when they tell of a danger. */
  drawQuestions() {
    const { category } = this;
    const answers = answersIn(this.form, category);
    const wanted = asked(category, answers, this.place.place?.kind ?? "");
    const box = byId("questions");
    const shown = [...box.children].map((one) => one.dataset.question).join(" ");
    if (shown !== wanted.map((one) => one.code).join(" ") || box.dataset.category !== category?.code) {
      box.replaceChildren(...wanted.map((one) => questionField(one, answers[one.code])));
      box.dataset.category = category?.code ?? "";
    }
    this.drawDanger(danger(this.bundle(), category, answers));
  }

  drawDanger(found) {
    const box = byId("danger");
    box.hidden = found === null;
    byId("save-problem").disabled = found !== null;
    if (found === null) return;
    byId("danger-name").textContent = found.label;
    for (const one of box.querySelectorAll("[data-call]")) one.hidden = !found.calls.includes(one.dataset.call);
  }

  values() {
    const { elements } = this.form;
    const text = (name) => elements[name].value.trim();
    const values = { category: text("category"), place_id: text("place_id"), description: text("description"), language: text("language"), frailty: elements.frailty.checked };
    return { ...values, answers: answersIn(this.form, this.category), ...Object.fromEntries(CONTACT.map((name) => [name, text(name)])) };
  }

  fill(values) {
    const { elements } = this.form;
    for (const name of ["category", "description", "language", ...CONTACT]) elements[name].value = values[name] ?? "";
    elements.frailty.checked = values.frailty === true;
    if (values.place_id) this.place.choose(values.place_id);
    byId("questions").replaceChildren(...asked(this.category, values.answers ?? {}, this.place.place?.kind ?? "").map((one) => questionField(one, values.answers[one.code])));
    byId("questions").dataset.category = this.category?.code ?? "";
  }

  errors(values) {
    const found = {};
    if (!values.category) found.category = say("error-category");
    for (const code of missing(this.category, values.answers, this.place.place?.kind ?? "")) found[`answer-${code}`] = say("error-answer");
    if (!values.place_id) found["place-search"] = say("error-place");
    if (!/[\p{L}\p{N}\p{P}\p{S}]/u.test(values.description)) found.description = say("error-description");
    if (values.description.length > 4000) found.description = say("error-long");
    if (values.email && !/^\S+@\S+\.\S+$/.test(values.email)) found.email = say("error-email");
    if (values.phone && (values.phone.match(/\d/g) ?? []).length < 5) found.phone = say("error-phone");
    return found;
  }

  async save() {
    const values = this.values();
    const errors = this.errors(values);
    showErrors(this.form, errors);
    if (Object.keys(errors).length || danger(this.bundle(), this.category, values.answers) || this.saving) return;
    this.saving = byId("save-problem").disabled = true;
    try {
      await this.photos.ready();
      const compared = await this.compare(values);
      if (compared === null) return;
      await this.draft.stop();
      await navigator.locks.request("campo-saving", () => this.keep(values, compared)); // one tab at a time
    } catch (error) {
      this.draft.resume();
      byId("no-room").hidden = false;
      byId("no-room").focus();
      console.error(error.name);
    } finally {
      this.saving = byId("save-problem").disabled = false;
    }
  }

  /** The report of somebody else that this one joins, or that there is none; null when the form is to be changed. Offline nobody is asked. */
  async compare(values) {
    const { found } = navigator.onLine ? await findSimilar(this.category, values) : { found: null };
    if (found === null) return {};
    const joins = found.length ? await this.similar.ask(found) : "";
    return joins === null ? null : { compared: true, ...(joins ? { joins } : {}) };
  }

  /** Report and photos in one transaction: all of it is on the phone, or none. */
  async keep(values, compared) {
    const report = await this.photos.reportToSave();
    const leftOut = this.photos.leftOut.length ? { photos_left_out: this.photos.leftOut } : {};
    const body = { ...this.body(values), ...compared, ...leftOut };
    const puts = await valuePuts("report", `report:${report}`, { report, ...(this.talk ? { talk: this.talk.session_id } : {}) }, body);
    for (const photo of this.photos.chosen) puts.push(...photoPuts(report, photo));
    await keep(puts, [this.draft.drop]);
    if (this.talk) await countProblem();
    document.body.dataset.saved = report;
    byId("saved").hidden = false;
    await this.close(this.talk ? "talk-now" : "today");
  }

  /** The report as it is sent; what the household of a talk shares is in each of its reports too, so that none depends on it. */
  body(values) {
    const { name, phone, email, answers, ...rest } = values;
    const household = this.talk?.household;
    const contact = household?.contact ?? Object.fromEntries(Object.entries({ name, phone, email }).filter(([, value]) => value));
    const shared = household ? { language: household.language, frailty: household.frailty, session_id: this.talk.session_id } : {};
    const flat = household?.flat && household.place_id === values.place_id ? { flat: household.flat } : {};
    const shown = { category: this.category.label, place: placeName(this.bundle(), values.place_id) };
    const given = sent(this.category, answers, this.place.place?.kind ?? "");
    return { captured_at: new Date().toISOString(), ...rest, answers: given, contact, ...shared, ...flat, shown };
  }

  async close(view) {
    await this.draft.forget();
    await this.photos.forget();
    this.clear();
    byId("no-room").hidden = true;
    showView(view);
    document.dispatchEvent(new Event("problem-closed"));
  }
}

