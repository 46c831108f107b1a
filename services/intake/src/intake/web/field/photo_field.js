// The photos of the form: each is made small when it is chosen, and refused with a sentence when there is no room for it.
import { MOST_PHOTOS, prepare } from "./photos.js";
import { hasRoomFor } from "./storage.js";
import { make, say } from "./ui.js";

const THUMBNAIL = 120;

export class PhotoField {
  constructor(input, list, fault) {
    Object.assign(this, { input, list, fault, chosen: [], working: Promise.resolve() });
    input.addEventListener("change", () => {
      const files = [...input.files];
      input.value = "";
      this.working = this.working.then(() => this.add(files));
    });
    list.addEventListener("click", (event) => {
      const removed = event.target.closest("[data-remove]")?.dataset.remove;
      if (removed) this.remove(removed);
    });
  }

  /** Kept when all chosen files have been read. */
  ready() {
    return this.working;
  }

  clear() {
    this.chosen = [];
    this.list.replaceChildren();
    this.say("");
  }

  async add(files) {
    this.say("");
    for (const file of files) await this.addOne(file);
  }

  async addOne(file) {
    const photo = await prepare(file);
    const fault = photo.fault ?? (await this.faultOf(photo));
    if (fault) this.say(say(fault, { name: file.name }));
    else if (!this.chosen.some((one) => one.sha256 === photo.sha256)) this.show(photo);
  }

  async faultOf(photo) {
    if (this.chosen.length >= MOST_PHOTOS) return "photo-many";
    const before = this.chosen.reduce((sum, one) => sum + one.bytes.byteLength, 0);
    return (await hasRoomFor(before + photo.bytes.byteLength)) ? null : "photo-no-room";
  }

  show(photo) {
    this.chosen.push(photo);
    const remove = make("button", { type: "button", class: "btn btn-outline-primary btn-sm", "data-remove": photo.sha256 }, say("photo-remove", { n: this.chosen.length }));
    this.list.append(make("li", { "data-sha256": photo.sha256 }, thumbnail(photo.canvas), remove));
    photo.canvas = null;
  }

  remove(sha256) {
    this.chosen = this.chosen.filter((one) => one.sha256 !== sha256);
    this.list.querySelector(`[data-sha256="${sha256}"]`)?.remove();
  }

  say(text) {
    this.fault.textContent = text;
    this.fault.hidden = !text;
  }
}

function thumbnail(large) {
  if (large === null) return null;
  const scale = THUMBNAIL / Math.max(large.width, large.height);
  const small = make("canvas", { "aria-hidden": "true" });
  Object.assign(small, { width: Math.max(1, Math.round(large.width * scale)), height: Math.max(1, Math.round(large.height * scale)) });
  small.getContext("2d").drawImage(large, 0, 0, small.width, small.height);
  return small;
}
