// Lints an OpenAPI document with redocly's rules: a line for each fault.
import { createConfig, lint } from "@redocly/openapi-core";

const found = await lint({ ref: process.argv[2], config: await createConfig({ extends: ["recommended"] }) });
for (const { severity, ruleId, message, location } of found) {
  console.log(severity, ruleId, location[0]?.pointer ?? "", message.replace(/\s+/g, " "));
}
