// The photos of the form: each is made small when it is chosen and kept at once, or refused with a sentence that stays.
import { draftPhotos, dropDraftPhoto, dropDraftPhotos, isSaved, keepDraftPhoto } from "./draft_photos.js";
import { uuid7 } from "./ids.js";
import { MOST_PHOTOS, prepare } from "./photos.js";
import { hasRoomFor } from "./storage.js";
import { make, say } from "./ui.js";

const [THUMBNAIL, MOST_LEFT_OUT] = [120, 30];

export class PhotoField {
  constructor(input, list, fault) {
    Object.assign(this, { input, list, fault, report: uuid7(), chosen: [], leftOut: [], working: Promise.resolve() });
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
    this.leftOut = [];
    this.report = uuid7();
    this.list.replaceChildren();
    this.fault.replaceChildren();
    this.fault.hidden = true;
  }

  /** Shows those that were chosen before the app was closed. */
  async restore() {
    for (const photo of await draftPhotos()) {
      this.report = photo.report;
      this.show({ ...photo, canvas: await createImageBitmap(new Blob([photo.bytes])).catch(() => null) });
    }
  }

  /** Forgets those that are kept, because the form is closed without them or has been saved. */
  async forget() {
    await dropDraftPhotos(this.report);
  }

  /** The id of the report that the form becomes; another one when a second tab has saved this draft meanwhile. */
  async reportToSave() {
    if (!(await isSaved(this.report))) return this.report;
    this.report = uuid7();
    for (const photo of this.chosen) {
      if (!(await keepDraftPhoto(this.report, photo))) throw new DOMException("no room", "QuotaExceededError");
    }
    return this.report;
  }

  async add(files) {
    for (const file of files) await this.addOne(file);
  }

  async addOne(file) {
    const photo = await prepare(file);
    const fault = photo.fault ?? (await this.faultOf(photo));
    if (fault) this.leaveOut(fault, file.name);
    else if (!this.chosen.some((one) => one.sha256 === photo.sha256)) this.show(photo);
  }

  async faultOf(photo) {
    if (this.chosen.length >= MOST_PHOTOS) return "photo-many";
    const isKept = (await hasRoomFor(photo.bytes.byteLength)) && (await keepDraftPhoto(this.report, photo));
    return isKept ? null : "photo-no-room";
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
    dropDraftPhoto(this.report, sha256);
  }

  /** Says what could not be taken, each once; the desk is told how many and why, without the names of files. */
  leaveOut(reason, name) {
    if (this.leftOut.length < MOST_LEFT_OUT) this.leftOut.push(reason);
    this.fault.append(make("p", { "data-left-out": reason }, say(reason, { name })));
    this.fault.hidden = false;
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
