// continue_dev.mjs FILE: the models of a Continue configuration, as Continue has them after it has put secrets in place.
// Run with the folder that has the npm package @continuedev/config-yaml as the current one.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const place = join(process.cwd(), "node_modules/@continuedev/config-yaml/dist/index.js");
const { parseConfigYaml, unrollAssistantFromContent, validateConfigYaml } = await import(pathToFileURL(place));
const text = readFileSync(process.argv[2], "utf8");
const secrets = { resolveFQSNs: async (names) => names.map((fqsn) => ({ found: true, fqsn, value: "a secret" })) };
const slug = { uriType: "slug", fullSlug: { ownerSlug: "a", packageSlug: "b", versionSlug: "c" } };
const options = { renderSecrets: true, platformClient: secrets, orgScopeId: null, currentUserSlug: "me", onPremProxyUrl: null };
const { config } = await unrollAssistantFromContent(slug, text, { getContent: async () => text }, options);
console.log(JSON.stringify({ problems: validateConfigYaml(parseConfigYaml(text)), models: config.models }));
