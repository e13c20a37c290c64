// dotenv.mjs FILE: a file of variables as the npm package dotenv reads it, with which AnythingLLM reads its own.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const { parse } = createRequire(join(process.cwd(), "x.js"))("dotenv");
console.log(JSON.stringify(parse(readFileSync(process.argv[2]))));
