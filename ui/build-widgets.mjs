// Builds the SDK and the two web components, each a file of its own that needs nothing else, and
// fails if one has grown beyond what a page should have to load.
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";

const root = fileURLToPath(new URL(".", import.meta.url));
const KIB = 1024;

/** `format`: `es` exports, `iife` is loaded by a script element, as a module or not. */
const pieces = [
  { entry: "sdk/src/index.ts", file: "sdk/sidetone.js", format: "es", limit: 10 * KIB },
  { entry: "sdk/src/index.ts", file: "sdk/sidetone.global.js", format: "iife", limit: 10 * KIB },
  { entry: "embed/annotate/index.ts", file: "embed/sidetone-annotate.js", format: "iife", limit: 15 * KIB },
  { entry: "embed/rate/index.ts", file: "embed/sidetone-rate.js", format: "iife", limit: 15 * KIB },
];

for (const { entry, file, format } of pieces) {
  const [folder, name] = file.split("/");
  await build({
    root,
    configFile: false,
    logLevel: "warn",
    // A classic script knows where it came from only while it runs for the first time.
    define: format === "iife" ? { "import.meta.url": "(document.currentScript?.src || location.href)" } : {},
    build: {
      target: "es2022",
      outDir: `dist/${folder}`,
      emptyOutDir: false,
      minify: true,
      lib: { entry, formats: [format], name: "sidetone", fileName: () => name },
    },
  });
}

await mkdir(`${root}dist/sdk`, { recursive: true });
for (const file of ["sidetone.d.ts", "package.json", "README.md"])
  await copyFile(`${root}sdk/${file}`, `${root}dist/sdk/${file}`);

let grown = false;
for (const { file, limit } of pieces) {
  const size = gzipSync(await readFile(`${root}dist/${file}`), { level: 9 }).length;
  console.log(`${file}: ${size} of ${limit} bytes, gzip`);
  grown ||= size > limit;
}
if (grown) {
  console.error("a file is larger than its limit");
  process.exit(1);
}
