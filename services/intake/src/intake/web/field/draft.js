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
    this.timer = setTimeout(() => this.store(), PAUSE_MS);
  }

  async store() {
    const sealed = await sealValue(NAME, this.values());
    if (this.timer !== null) await write([["private", sealed, NAME]]).catch(() => undefined);
  }

  async restore() {
    this.timer = undefined;
    const known = await read("private", NAME);
    const values = known && (await openValue(NAME, known).catch(() => null));
    if (values) this.fill(values);
  }

  /** Whether something that was typed is still there. */
  static async exists() {
    return (await read("private", NAME)) !== undefined;
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = null;
  }

  async forget() {
    this.stop();
    await write([], [["private", NAME]]);
  }
}
