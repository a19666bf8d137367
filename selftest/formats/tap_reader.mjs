// What npm's tap-parser makes of a document, as JSON: FORMATS_MODULES is where npm put it.
//   node tap_reader.mjs FILE
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const { Parser } = createRequire(join(process.env.FORMATS_MODULES, "package.json"))("tap-parser");

function read(text) {
  const seen = { points: [], subtests: [], odd: [] };
  const parser = new Parser(results => Object.assign(seen, { ok: results.ok, count: results.count, pass: results.pass, fail: results.fail, skip: results.skip, todo: results.todo, failures: results.failures.filter(one => one.tapError).map(one => one.tapError) }));
  parser.on("assert", point => seen.points.push({ id: point.id, ok: point.ok, name: point.name, skip: point.skip, todo: point.todo, diag: point.diag }));
  parser.on("child", child => child.on("complete", results => seen.subtests.push({ count: results.count, fail: results.fail, ok: results.ok, bailout: results.bailout })));
  parser.on("extra", text => seen.odd.push(text));
  parser.on("bailout", reason => seen.odd.push(`bail out: ${reason}`));
  parser.end(text);
  return seen;
}

console.log(JSON.stringify(read(readFileSync(process.argv[2], "utf8"))));
