// Builds the pages' style sheets, images, icons, fonts and scripts into webkit/src/webkit/static, with a manifest.
// A class, an icon or an element is kept when its whole name is a word of a template; a comment of the template counts.
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import postcss from "postcss";
import { PurgeCSS } from "purgecss";
import rtlcss from "rtlcss";

const HERE = import.meta.dirname;
const ROOT = path.resolve(HERE, "../..");
const MODULES = path.join(HERE, "node_modules");
const ITALIA = path.join(MODULES, "bootstrap-italia/dist");
const TARGET = path.join(ROOT, "webkit/src/webkit/static");
const STAGED = `${TARGET}.part`;
const TEMPLATES = ["webkit/src/webkit/templates/**/*", "services/*/src/*/web/templates/**/*"];
const FONTS = { 400: "regular", 600: "600", 700: "700" };
const LICENCES = {
  "Bootstrap Italia 2.18.3 (style sheet, icons)": "bootstrap-italia/LICENSE",
  "Titillium Web (fonts)": "bootstrap-italia/dist/fonts/Titillium_Web/OFL.txt",
  "htmx 2.0.11 (script)": "htmx.org/LICENSE",
};
const TEXT = /\.(css|js|svg|txt)$/;
const WORTH_COMPRESSING = 1024;

const manifest = {};
const sizes = {};

/** Writes a file under a name that changes with its content; returns that name. */
function emit(name, content) {
  const { name: stem, ext } = path.parse(name);
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 10);
  const file = `${stem}.${hash}${ext}`;
  fs.writeFileSync(path.join(STAGED, file), content);
  manifest[name] = file;
  sizes[name] = [content.length, content.length];
  if (TEXT.test(name) && content.length > WORTH_COMPRESSING) compress(name, file, Buffer.from(content));
  return file;
}

/** Writes a file's compressed forms beside it. */
function compress(name, file, content) {
  const gzip = gzipSync(content, { level: 9 });
  const brotli = brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: content.length } });
  fs.writeFileSync(path.join(STAGED, `${file}.gz`), gzip);
  fs.writeFileSync(path.join(STAGED, `${file}.br`), brotli);
  sizes[name] = [content.length, gzip.length];
}

/** The text of every template. */
function readTemplates() {
  const files = fs.globSync(TEMPLATES, { cwd: ROOT, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => path.join(entry.parentPath, entry.name)).sort();
  return paths.map((file) => ({ file: path.relative(ROOT, file), text: fs.readFileSync(file, "utf8") }));
}

/** Bootstrap Italia's rules for what the templates name, then our own rules, all of them. */
async function styles(templates) {
  const raw = fs.readFileSync(path.join(ITALIA, "css/bootstrap-italia.min.css"), "utf8").replace(/^\uFEFF/, "");
  const content = templates.map(({ text }) => ({ raw: text, extension: "html" }));
  const [kept] = await new PurgeCSS().purge({ content, css: [{ raw }], keyframes: true, fontFace: true });
  const own = fs.globSync("css/*.css", { cwd: HERE }).sort();
  return [kept.css, ...own.map((name) => fs.readFileSync(path.join(HERE, name), "utf8"))].join("\n");
}

/** Text of an address in which a bare per cent sign may stand, as browsers read it. */
function decode(data) {
  return data.replace(/%([0-9a-f]{2})/gi, (_, byte) => String.fromCharCode(parseInt(byte, 16)));
}

/** Replaces images inside the style sheet by files: `data:` addresses stay forbidden to pages. */
function takeImagesOut(root) {
  root.walkDecls((rule) => {
    rule.value = rule.value.replace(/url\((["'])data:image\/svg\+xml[^,]*?(;base64)?,(.*?)\1\)/g, (_, _quote, base64, data) => {
      const svg = base64 ? Buffer.from(data, "base64").toString() : decode(data);
      const name = `image-${createHash("sha256").update(svg).digest("hex").slice(0, 6)}.svg`;
      return `url(${manifest[name] ?? emit(name, svg)})`;
    });
    if (/url\(["']?data:/.test(rule.value)) throw new Error(`${rule}: this kind of image is not taken out`);
  });
}

/** Gives each font of our rules its file. */
function putFontsIn(root) {
  root.walkDecls("src", (rule) => {
    rule.value = rule.value.replace(/url\(titillium-(\d+)\.woff2\)/g, (_, weight) => {
      const file = `fonts/Titillium_Web/titillium-web-v10-latin-ext_latin-${FONTS[weight]}.woff2`;
      return `url(${emit(`titillium-${weight}.woff2`, fs.readFileSync(path.join(ITALIA, file)))})`;
    });
  });
}

/** Drops comments but licences, and the space that the syntax does not need. */
function squeeze(root) {
  root.walkComments((comment) => (comment.text.startsWith("!") ? undefined : comment.remove()));
  root.walk((node) => {
    node.raws.before = node.raws.after = "";
    node.raws.between = node.type === "decl" ? ":" : "";
    node.raws.semicolon = false;
    if (node.type === "rule") node.selector = node.selectors.join(",");
  });
  return root.toString();
}

/** Writes the style sheet from left to right, and the one from right to left. */
async function buildStyles(templates) {
  const root = postcss.parse(await styles(templates));
  takeImagesOut(root);
  putFontsIn(root);
  const css = squeeze(root);
  emit("kit.css", css);
  emit("kit.rtl.css", rtlcss.process(css));
}

/** Writes one sprite of the icons that templates name; throws when `icon(…)` names one that does not exist. */
function buildIcons(templates) {
  const sprite = fs.readFileSync(path.join(ITALIA, "svg/sprites.svg"), "utf8");
  const symbols = new Map([...sprite.matchAll(/<symbol id="([^"]+)".*?<\/symbol>/gs)].map(([text, id]) => [id, text]));
  for (const { file, text } of templates) {
    for (const [, id] of text.matchAll(/\bicon\(\s*["']([^"']+)["']/g)) {
      if (!symbols.has(id)) throw new Error(`${file}: Bootstrap Italia has no icon ${id}`);
    }
  }
  const words = new Set(templates.flatMap(({ text }) => text.match(/\bit-[a-z0-9-]+/g) ?? []));
  const used = [...symbols].filter(([id]) => words.has(id)).map(([, text]) => text);
  emit("icons.svg", `<svg xmlns="http://www.w3.org/2000/svg">${used.join("")}</svg>\n`);
}

/** Writes our own images, the script of staff pages, and the licences of what is served. */
function copyTheRest() {
  for (const file of fs.globSync("images/*", { cwd: HERE }).sort()) emit(path.basename(file), fs.readFileSync(path.join(HERE, file)));
  emit("htmx.js", fs.readFileSync(path.join(MODULES, "htmx.org/dist/htmx.min.js"), "utf8"));
  const licences = Object.entries(LICENCES).map(([title, file]) => `${title}\n\n${fs.readFileSync(path.join(MODULES, file), "utf8")}`);
  emit("licences.txt", licences.join(`\n${"-".repeat(80)}\n\n`));
}

/** Prints the size of each file, and of what a public page loads beside its own text. */
function report() {
  const line = (title, names) => {
    const [plain, sent] = [0, 1].map((form) => names.reduce((sum, name) => sum + sizes[name][form], 0));
    console.log(`${title.padEnd(24)} ${String(plain).padStart(8)} ${String(sent).padStart(8)}`);
  };
  const [images, others] = [true, false].map((wanted) => Object.keys(sizes).filter((name) => name.startsWith("image-") === wanted));
  console.log(`${"bytes".padEnd(24)} ${"plain".padStart(8)} ${"sent".padStart(8)}`);
  for (const name of others) line(name, [name]);
  line(`${images.length} images`, images);
  line("a public page", others.filter((name) => /^(kit\.css|icons\.svg|titillium)/.test(name)));
}

/** Builds everything beside the present build, and then replaces that. */
async function build() {
  fs.rmSync(STAGED, { recursive: true, force: true });
  fs.mkdirSync(STAGED, { recursive: true });
  const templates = readTemplates();
  await buildStyles(templates);
  buildIcons(templates);
  copyTheRest();
  fs.writeFileSync(path.join(STAGED, "manifest.json"), `${JSON.stringify(manifest, null, 1)}\n`);
  fs.rmSync(TARGET, { recursive: true, force: true });
  fs.renameSync(STAGED, TARGET);
  report();
}

build().catch((error) => {
  console.error(`assets: ${error.message}`);
  process.exitCode = 1;
});
