// What is being typed into a form: kept encrypted a moment after each change, so that a killed browser loses no sentence.
import { read, write } from "./database.js";
import { openValue, sealValue } from "./vault.js";

const PAUSE_MS = 400;

export class Draft {
  constructor(name, form, values, fill) {
    Object.assign(this, { name, form, values, fill });
    form.addEventListener("input", () => this.later());
    form.addEventListener("change", () => this.later());
  }

  later() {
    clearTimeout(this.timer);
    if (!this.stopped) this.timer = setTimeout(() => (this.storing = this.store()), PAUSE_MS);
  }

  async store() {
    const sealed = await sealValue(this.name, this.values());
    if (!this.stopped) await write([["private", sealed, this.name]]).catch(() => document.dispatchEvent(new Event("room-changed")));
  }

  async restore() {
    this.stopped = false;
    const known = await read("private", this.name);
    const values = known && (await openValue(this.name, known).catch(() => null));
    if (values) this.fill(values);
  }

  /** Whether something that was typed is still there. */
  async exists() {
    return (await read("private", this.name)) !== undefined;
  }

  /** What forgets it in the transaction that saves the form. */
  get drop() {
    return ["private", this.name];
  }

  /** Writes nothing from now on: what is being written is there when the promise is kept. */
  async stop() {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.storing;
  }

  /** Goes on after a stop: what is in the form was not saved after all. */
  resume() {
    this.stopped = false;
    this.later();
  }

  async forget() {
    await this.stop();
    await write([], [this.drop]);
  }
}
