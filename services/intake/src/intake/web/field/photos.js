// Photos: made small and upright on the phone before they are kept. What the browser cannot read is kept as it is if the server can.
import { sha256 } from "./ids.js";

const LONGEST = 2048;
const QUALITY = 0.85;
const MOST_BYTES = 20 * 1024 * 1024;
const READ_BY_SERVER = /^image\/(heic|heif)$|\.(heic|heif)$/i;
export const MOST_PHOTOS = 10;

/** The photo of a file as {sha256, bytes, type, canvas}, or {fault} with the code of what is wrong. */
export async function prepare(file) {
  const image = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => null);
  if (image === null) return asItIs(file);
  const scale = Math.min(1, LONGEST / Math.max(image.width, image.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.width * scale));
  canvas.height = Math.max(1, Math.round(image.height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  if (blob === null) return { fault: "photo-unreadable" };
  const bytes = await blob.arrayBuffer();
  return { sha256: await sha256(bytes), bytes, type: "image/jpeg", canvas };
}

async function asItIs(file) {
  if (file.size > MOST_BYTES) return { fault: "photo-large" };
  if (!READ_BY_SERVER.test(file.type) && !READ_BY_SERVER.test(file.name)) return { fault: "photo-unreadable" };
  const bytes = await file.arrayBuffer();
  return { sha256: await sha256(bytes), bytes, type: "image/heic", canvas: null };
}
