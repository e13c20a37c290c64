// librechat.mjs FILE: the first custom endpoint of a librechat.yaml, by LibreChat's own schema, or what it refuses.
// Run with the folder that has the npm package librechat-data-provider as the current one.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const here = createRequire(join(process.cwd(), "x.js"));
const { configSchema } = here("librechat-data-provider");
const read = configSchema.strict().safeParse(here("js-yaml").load(readFileSync(process.argv[2], "utf8")));
console.log(JSON.stringify(read.success ? read.data.endpoints.custom[0] : { refused: read.error.issues }));
