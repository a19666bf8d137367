// Clicks through the page as a person does, in a real browser.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { end, folder, here, inspect, look, made, open, program, run, test } from "./browser.mjs";

const browser = await open();

// Two programs that send numbered packets through a third, which loses, repeats and delays those that its source names.
const project = join(folder(), "hop");
cpSync(join(here, "hop"), project, { recursive: true });
run(program, ["test", "--runtime", "sandbox", "--no-build"], { cwd: project });
const hop = join(project, "interop/reports/latest");
const cell = readdirSync(join(hop, "cells"))[0];
const truth = { lost: [7, 20, 41], duplicate: [5, 33], reordered: [12, 50] };

async function clickThrough(page, address) {
  await page.goto(address);
  await page.hover("[data-cell]");
  assert.match(await page.textContent("[role=tooltip]"), /passed/);
  await page.click("[data-cell]");
  await page.waitForSelector("main.cell .verdict.passed");
  await page.waitForFunction(() => /driver said doneevent \d+/.test(document.querySelector(".conditions")?.textContent ?? ""));
  await page.click("main.cell .button");
  await page.waitForSelector(".sequence .row");
  assert.match(await page.textContent(".packets"), /numbered: 60 sent by driver, 57 arrived, 3 lost, 2 duplicated, 2 reordered/);

  // A packet, the other role's packet, its JSON.
  const sent = await page.evaluate(() => [...document.querySelectorAll(".row")].find(row => row.textContent.includes("packet.sent")).dataset.event);
  await page.click(`[data-event="${sent}"] time`);
  assert.match(await page.textContent(".detail .json"), /"ty": "packet.sent"/);
  const bytes = (await page.textContent(".detail .json")).match(/"bytes": "(\d+)"/)[1];
  await page.click(".detail [data-to]");
  await page.waitForFunction(() => /packet\.got/.test(document.querySelector(".detail .json")?.textContent ?? ""));
  assert.equal((await page.textContent(".detail .json")).match(/"bytes": "(\d+)"/)[1], bytes);
  assert.match(await page.textContent(".detail"), /sent by driver/);
  await page.keyboard.press("p");
  await page.waitForFunction(() => /packet\.sent/.test(document.querySelector(".detail .json")?.textContent ?? ""));
}

await test("from the matrix to a packet, to the other role's packet, to its JSON", async () => {
  const { address } = await inspect(hop);
  const page = await look(browser);
  await clickThrough(page, address);
  assert.deepEqual(page.troubles, []);
  assert.deepEqual(page.requests.filter(url => !url.startsWith(address) && !url.startsWith("data:")), []);

  await page.keyboard.press("Escape");
  await page.keyboard.press("/");
  await page.keyboard.type('"bytes": "41"');
  await page.waitForFunction(() => document.querySelector("[role=status]")?.textContent === "1 hit");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".row.selected.found");
  assert.match(await page.textContent(".row.selected"), /lost/);
  assert.match(await page.textContent(".detail"), /lost: no other role told of receiving it/);

  // A filter, and the whole state from the address alone.
  await page.click(".types summary");
  await page.click('.types label:has-text("packet.sent")');
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => /60 of \d+ events/.test(document.querySelector(".bar").textContent));
  const again = await look(browser);
  await again.goto(page.url());
  await again.waitForSelector(".row.selected");
  assert.match(await again.textContent(".bar"), /60 of \d+ events/);
  assert.equal(await again.inputValue("[type=search]"), '"bytes": "41"');
  assert.match(await again.textContent(".detail .json"), /"bytes": "41"/);
  assert.deepEqual(again.troubles, []);
});

await test("the page and the JSON name exactly the packets that the hop lost, repeated and delayed", async () => {
  const { address } = await inspect(hop);
  const page = await look(browser, { viewport: { width: 1280, height: 9000 } });  // all rows in sight
  await page.goto(`${address}#/cell/${encodeURIComponent(cell)}/1`);
  await page.waitForFunction(() => document.querySelectorAll(".row em.lost").length > 0 && !document.querySelector(".row .said")?.textContent.endsWith("…"));
  for (const [fate, numbers] of Object.entries(truth)) {
    const rows = await page.evaluate(name => [...document.querySelectorAll(`.row em.${name}`)].map(mark => Number(mark.closest(".row").textContent.match(/bytes=(\d+)/)[1])), fate);
    assert.deepEqual(rows.sort((a, b) => a - b), numbers, `the page's ${fate}`);
  }
  const where = `cell=${encodeURIComponent(cell)}&attempt=1`;
  const facts = Buffer.from(await (await fetch(`${address}facts?${where}`)).arrayBuffer());
  const length = facts.readUInt32LE(4);
  const { columns, packets } = JSON.parse(facts.toString("utf8", 8, 8 + length));
  const column = (name, width = 4) => Array.from({ length: columns[name].length }, (_, i) => width === 4 ? facts.readUInt32LE(8 + length + columns[name].at + 4 * i) : facts[8 + length + columns[name].at + i]);
  const lines = (await (await fetch(`${address}lines?${where}`)).json()).lines.map(line => JSON.parse(line));
  const number = event => Number(lines[event].in.bytes);
  const flags = column("arrow_flags", 1);
  const flagged = flag => column("arrow_sent").filter((_, i) => flags[i] & flag).map(number).sort((a, b) => a - b);
  assert.deepEqual({ lost: column("lost").map(number), duplicate: flagged(1), reordered: flagged(2) }, truth);
  assert.deepEqual(packets.map(({ sent, arrived, lost, duplicated, reordered, unknown }) => [sent, arrived, lost, duplicated, reordered, unknown]), [[60, 57, 3, 2, 2, 0]]);
});

await test("one file, opened from disk, shows the same and asks nobody", async () => {
  const file = join(folder(), "one.html");
  run(program, ["inspect", hop, "--html", file]);
  const page = await look(browser);
  await clickThrough(page, pathToFileURL(file).href);
  assert.deepEqual(page.troubles, []);
  assert.deepEqual(page.requests.filter(url => !url.startsWith("file:") && !url.startsWith("data:") && !url.startsWith("blob:")), []);
});

await test("a hostile report is harmless, wherever one looks", async () => {
  const report = made("hostile");
  const { address } = await inspect(report);
  const file = join(folder(), "hostile.html");
  run(program, ["inspect", report, "--html", file]);
  for (const base of [address, pathToFileURL(file).href]) {
    const page = await look(browser);
    for (const place of ["#/", "#/cell/odd", "#/cell/wide", "#/cell/evil~a~b", "#/cell/evil~a~b/1"]) {
      await page.goto("about:blank");
      await page.goto(base + place);
      await page.waitForSelector("main:not(.loading)");
      await page.waitForFunction(() => !document.querySelector(".loading"));
      if (place === "#/cell/evil~a~b") await page.waitForSelector(".around .deciding");
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${place} is wider than the window`);
      if (place === "#/") await page.hover("[data-absent]");
    }
    for (let event = 0; event < 18; ++event) {  // each of them, also the one of 4 MiB
      await page.keyboard.press("j");
      await page.waitForSelector(".row.selected");
      await page.waitForSelector(".detail .json");
    }
    await page.goto(base + "#/cell/evil~a~b");
    await page.waitForSelector(".prose");
    const state = await page.evaluate(() => ({ title: document.title, polluted: {}.polluted, frames: document.querySelectorAll("iframe").length,
      scripts: document.querySelectorAll("#page script, #page img:not([src='']), #page [onerror]").length,
      links: [...document.querySelectorAll("a")].filter(link => /^javascript:/i.test(link.getAttribute("href") ?? "")).length }));
    assert.doesNotMatch(state.title, /^owned/);
    assert.deepEqual({ ...state, title: "" }, { title: "", polluted: undefined, frames: 0, scripts: 0, links: 0 });
    assert.deepEqual(page.troubles, []);
  }
});

await test("of a timeline that is gone nothing is claimed, and the verdict stays", async () => {
  const report = made("hostile");
  rmSync(join(report, "cells"), { recursive: true });
  const { address } = await inspect(report);
  const page = await look(browser);
  await page.goto(`${address}#/cell/evil~a~b`);
  await page.waitForFunction(() => /not known/.test(document.querySelector(".conditions")?.textContent ?? ""));
  assert.match(await page.textContent("main .note"), /cells.evil~a~b.1\.jsonl/);
  assert.match(await page.textContent(".verdict"), /failed/);
  assert.doesNotMatch(await page.textContent(".conditions"), /not read yet|not started/);
  assert.deepEqual(page.troubles, []);
});

await test("a cell that is a run of many tests says how many of them worked, as the terminal does", async () => {
  const report = made("hostile");
  const path = join(report, "report.json");
  const record = JSON.parse(readFileSync(path, "utf8"));
  const well = { verdict: "passed", reason: "", message: "", blame: null };
  const [cell] = record.cells;
  Object.assign(cell, well);
  Object.assign(cell.attempts[0], well, { results: ["a passed", "a passed", "b unsupported", "c unsupported"].map(one => {
    const [name, verdict] = one.split(" ");
    return { name, verdict, reason: "", message: "", duration_ms: null, seq: 1 };
  }) });
  writeFileSync(path, JSON.stringify(record));
  assert.match(run(program, ["show", report]), /passed +evil~a~b .*1 of 3 passed/);
  const { address } = await inspect(report);
  const page = await look(browser);
  await page.goto(address);
  assert.match(await page.textContent('[data-cell="evil~a~b"]'), /passed 1\/3$/);
});

const million = made("million");

await test("a million events are shown, found and walked through", async () => {
  const { address } = await inspect(million);
  const page = await look(browser);
  await page.goto(`${address}#/cell/flood~a~b/1`);
  await page.waitForSelector(".sequence .row");
  await page.waitForFunction(() => document.querySelector(".bar").textContent.includes("1,000,000 events"));  // the first ones come before
  assert.ok(await page.evaluate(() => document.querySelectorAll(".row").length) < 100);
  await page.keyboard.press("End");
  await page.waitForFunction(() => /"seq": 999999/.test(document.querySelector(".detail .json")?.textContent ?? ""));
  await page.keyboard.press("/");
  await page.keyboard.type("step 500000 of");
  await page.waitForFunction(() => document.querySelector("[role=status]")?.textContent === "1 hit");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => /step 500000 of/.test(document.querySelector(".row.selected")?.textContent ?? ""));
  await page.keyboard.press("Escape");
  await page.keyboard.press("z");
  assert.match(await page.evaluate(() => location.hash), /at=500000/);
  // From the cell to its timeline nothing is read again.
  await page.goto(`${address}#/cell/flood~a~b`);
  await page.waitForSelector(".conditions");
  const asked = page.requests.filter(url => url.includes("facts?")).length;
  await page.click("main.cell .button");
  await page.waitForSelector(".sequence .row");
  assert.equal(page.requests.filter(url => url.includes("facts?")).length, asked);
  assert.deepEqual(page.troubles, []);
});

await test("a long timeline's beginning is there before its end, and says so", async () => {
  const { address } = await inspect(million);
  const page = await look(browser);
  let goOn;
  const held = new Promise(resolve => { goOn = resolve; });
  await page.route(url => url.pathname === "/facts" && !url.searchParams.has("first"), async route => { await held; await route.continue(); });
  await page.goto(`${address}#/cell/flood~a~b/1`);
  await page.waitForFunction(() => document.querySelector(".packets")?.textContent === "the first 20,480 of 1,000,000 events; reading the rest …");
  await page.waitForFunction(() => /step 3 of/.test(document.querySelector(".rows").textContent));  // a line comes while the rest is awaited
  assert.equal(await page.evaluate(() => document.querySelectorAll(".row em.lost").length), 0);  // who saw a part knows no fates
  goOn();
  await page.waitForFunction(() => /sent by driver, .* lost/.test(document.querySelector(".packets")?.textContent ?? ""));
  assert.match(await page.textContent(".bar"), /1,000,000 events/);
  assert.deepEqual(page.troubles, []);
});

await test("where it was decided early is told before a long timeline is read to its end, and asks for no more lines than it shows", async () => {
  const { address } = await inspect(million);
  const page = await look(browser);
  let goOn;
  const held = new Promise(resolve => { goOn = resolve; });
  await page.route(url => url.pathname === "/facts" && !url.searchParams.has("first"), async route => { await held; await route.continue(); });
  await page.route("**/report.json", async route => {
    const report = await (await route.fetch()).json();
    const failure = { verdict: "failed", reason: "assert", message: "decided early", blame: { role: "driver", implementation: "b", attempt: 1, seq: 2000 } };
    Object.assign(report.cells[0], failure);
    Object.assign(report.cells[0].attempts[0], failure);
    await route.fulfill({ json: report });
  });
  await page.goto(`${address}#/cell/flood~a~b`);
  await page.waitForFunction(() => /step 2000 of/.test(document.querySelector(".around .deciding")?.textContent ?? ""));
  assert.match(await page.textContent(".conditions"), /not read yet/);  // who saw a part knows nothing of the rest
  const asked = page.requests.filter(url => url.includes("/lines?")).map(url => new URL(url).searchParams);
  assert.ok(asked.reduce((sum, one) => sum + Number(one.get("to")) - Number(one.get("from")), 0) < 100);
  goOn();
  await page.waitForFunction(() => !/not read yet/.test(document.querySelector(".conditions").textContent));
  assert.match(await page.textContent(".around .deciding"), /step 2000 of/);
  assert.deepEqual(page.troubles, []);
});

await test("a run that goes on is followed, to its end", async () => {
  const going = join(folder(), "going");
  mkdirSync(join(going, "interop/tests"), { recursive: true });
  writeFileSync(join(going, "interop/tests/_implementations.json"), "{}");
  for (const name of ["one", "two"]) writeFileSync(join(going, `interop/tests/${name}.md`), '```json\n{ "timeout": "100s" }\n```\n# Waits\n');
  // Each driver goes on when it is told to, by a file beside it.
  writeFileSync(join(going, "th-test"), `#!/bin/sh
echo '{"id":1,"ty":"ready"}'
if [ $2 = worker ]; then exec cat > /dev/null; fi
until [ -e "$(dirname "$0")/say" ]; do sleep 0.1; done
echo 'so far so good' >&2
until [ -e "$(dirname "$0")/$1" ]; do sleep 0.1; done
echo '{"id":2,"ty":"done"}'
`, { mode: 0o755 });
  const running = spawn(program, ["test", "--runtime", "sandbox", "--no-build", "-j", "2"], { cwd: going, stdio: "ignore" });
  process.on("exit", () => running.kill("SIGKILL"));
  const ended = new Promise(resolve => running.once("exit", resolve));
  const report = join(going, "interop/reports/latest");
  while (!existsSync(join(report, "cells/two~local~local/1.jsonl"))) await new Promise(resolve => setTimeout(resolve, 50));
  const { address } = await inspect(report);
  const matrix = await look(browser);
  await matrix.goto(address);
  await matrix.waitForSelector('[data-cell="two~local~local"].running');
  assert.match(await matrix.textContent(".note"), /goes on/);
  assert.equal(await matrix.$(".troubles"), null);
  const timeline = await look(browser);
  await timeline.goto(`${address}#/cell/two~local~local/1`);
  await timeline.waitForSelector(".row");
  assert.doesNotMatch(await timeline.textContent(".rows"), /so far so good/);
  writeFileSync(join(going, "say"), "");
  await timeline.waitForFunction(() => /so far so good/.test(document.querySelector(".rows").textContent));
  writeFileSync(join(going, "one"), "");
  await matrix.waitForSelector('[data-cell="one~local~local"].passed');
  await matrix.waitForSelector('[data-cell="two~local~local"].running');
  writeFileSync(join(going, "two"), "");
  await ended;
  await matrix.waitForSelector('[data-cell="two~local~local"].passed');
  await matrix.waitForSelector(".note", { state: "detached" });
  await timeline.waitForFunction(() => /exited/.test(document.querySelector(".rows").textContent) && document.querySelector(".crumbs .passed"));
  assert.deepEqual([...matrix.troubles, ...timeline.troubles], []);
});

await test("5,280 cells keep their filters in the address, and the keyboard reaches them", async () => {
  const { address } = await inspect(made("matrix"));
  const page = await look(browser);
  await page.goto(address);
  await page.waitForSelector("[data-cell]");
  assert.equal(await page.evaluate(() => document.querySelectorAll("[data-cell]").length), 5280);

  // What went wrong is told once a kind, and together the kinds are all that went wrong.
  assert.equal(await page.locator(".troubles li").count(), 5);
  await page.click(".troubles > button");
  const kinds = await page.evaluate(() => [...document.querySelectorAll(".troubles li")].map(kind => 1 + Number((kind.querySelector(".like")?.textContent ?? "0").replace(/\D/g, ""))));
  const wrong = await page.evaluate(() => document.querySelectorAll("[data-cell].failed, [data-cell].error, [data-cell].aborted").length);
  assert.equal(kinds.length, 17);  // each of 15 clients failed; errors; what was aborted
  assert.equal(kinds.reduce((sum, count) => sum + count), wrong);
  await page.click(".troubles .like");
  assert.equal(await page.getAttribute(".troubles .like", "aria-expanded"), "true");
  assert.ok(await page.evaluate(() => document.querySelectorAll(".troubles li:first-child a").length > 2));

  // Who plays in no test stands beneath the tables, with the reason, and makes no table of its own.
  assert.equal(await page.locator(".tests table").count(), 22);
  await page.click(".bar button.link");
  await page.click(".absences li summary");
  assert.match(await page.textContent(".absences li"), /role not offered: client-15 does not play driver 16.*worker server-00 · driver client-15/);

  await page.click(".chip.error");
  await page.selectOption("[aria-label=test]", "test-07");
  await page.keyboard.press("/");
  await page.keyboard.type("client-1");
  await page.waitForFunction(() => location.hash.includes("q=client-1"));
  const note = await page.textContent(".note");
  const again = await look(browser);
  await again.goto(page.url());
  await again.waitForSelector(".note");
  assert.equal(await again.textContent(".note"), note);
  assert.equal(await again.getAttribute(".chip.error", "aria-pressed"), "true");
  await again.focus("[data-cell]");
  const before = await again.evaluate(() => document.activeElement.dataset.cell);
  await again.keyboard.press("ArrowRight");
  assert.notEqual(await again.evaluate(() => document.activeElement.dataset.cell), before);
  await again.keyboard.press("Enter");
  await again.waitForSelector("main.cell");
  assert.deepEqual([...page.troubles, ...again.troubles], []);
});

await test("on a phone the page is not wider than the screen", async () => {
  const { address } = await inspect(hop);
  const page = await look(browser, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  for (const place of ["#/", `#/cell/${encodeURIComponent(cell)}`, `#/cell/${encodeURIComponent(cell)}/1?at=20`]) {
    await page.goto("about:blank");
    await page.goto(address + place);
    await page.waitForSelector("main:not(.loading)");
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), place);
  }
  assert.deepEqual(page.troubles, []);
});

await test("the server tells nothing to who calls it by another name, and ends with Ctrl-C", async () => {
  const { address, server } = await inspect(hop);
  const status = host => new Promise((resolve, reject) => {
    http.get(`${address}report.json`, { headers: { host }, agent: false }, response => { response.resume(); resolve(response.statusCode); }).on("error", reject);
  });
  assert.equal(await status(new URL(address).host), 200);
  assert.equal(await status("evil.example"), 403);
  server.ref();
  const ended = new Promise(resolve => server.once("exit", resolve));
  server.kill("SIGINT");
  assert.equal(await ended, 0);
});

await end(browser);
