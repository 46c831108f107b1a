// What is being typed: kept encrypted a moment after each change, so that a killed browser loses no sentence.
import { read, write } from "./database.js";
import { openValue, sealValue } from "./vault.js";

const NAME = "draft";
const PAUSE_MS = 400;

export class Draft {
  constructor(form, values, fill) {
    Object.assign(this, { form, values, fill });
    form.addEventListener("input", () => this.later());
    form.addEventListener("change", () => this.later());
  }

  later() {
    clearTimeout(this.timer);
    if (!this.stopped) this.timer = setTimeout(() => (this.storing = this.store()), PAUSE_MS);
  }

  async store() {
    const sealed = await sealValue(NAME, this.values());
    if (!this.stopped) await write([["private", sealed, NAME]]).catch(() => undefined);
  }

  async restore() {
    this.stopped = false;
    const known = await read("private", NAME);
    const values = known && (await openValue(NAME, known).catch(() => null));
    if (values) this.fill(values);
  }

  /** Whether something that was typed is still there. */
  static async exists() {
    return (await read("private", NAME)) !== undefined;
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
    await write([], [["private", NAME]]);
  }
}
