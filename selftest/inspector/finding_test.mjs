// docs/finding-a-failure.md, done: of each planted fault the cause is read in the terminal, and on the page after the clicks that the
// document counts. What counts as read lies in the window, whole, and under nothing else.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { end, folder, here, inspect, look, open, program, test } from "./browser.mjs";

const faults = [
  { test: "never-ready", message: "worker had not said ready when the time (4 s) ran out", click: true,
    terminal: [/log +reading the key from \/shared\/key/], page: ["workerlogreading the key from /shared/key"] },
  { test: "assert-differs", message: 'assert 1 differs: driver has "c4584bc9cc" (event 5), worker has "C4584BC9CC"', click: false,
    terminal: [], page: [] },
  { test: "expect-not-held", message: 'the condition {"event": {"ro": "worker", "ty": "answer", "in.text": "hello"}} did not hold', click: true,
    terminal: [/answer +\{"text": "helo"\}/], page: ["workeranswertext=helo"] },
  { test: "exits-1-after-done", message: "driver exited with status 1 after it said done", click: true,
    terminal: [/log +OSError: \[Errno 9\] Bad file descriptor/], page: ["driverlogOSError: [Errno 9] Bad file descriptor"] },
  { test: "lost-packet", message: "driver had not said done when the time (4 s) ran out", click: true,
    terminal: [0, 1, 2, 3, 4].map(n => new RegExp(`driver +packet\\.sent +\\{"n": ${n}\\}`)).concat([0, 1, 2, 4].map(n => new RegExp(`worker +packet\\.received +\\{"n": ${n}\\}`))),
    page: [0, 1, 2, 3, 4].map(n => `driverpacket.sentn=${n}`).concat([0, 1, 2, 4].map(n => `workerpacket.receivedn=${n}`)), missing: /packet\.received.{0,4}n=3/ },
];
const windows = {
  "a desktop": { viewport: { width: 1280, height: 800 } },
  "a phone": { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
};

// Waits until some element says `text`, and can be read: wholly in the window, not cut by a box around it, and with nothing on top.
async function read(page, text) {
  await page.waitForFunction(wanted => {
    const says = element => element.textContent.includes(wanted);
    const fits = element => element.scrollWidth <= element.clientWidth + 1 || getComputedStyle(element).display.startsWith("inline");
    const found = [...document.querySelectorAll("body *")].filter(element => says(element) && ![...element.children].some(says));
    return found.some(element => {
      const box = element.getBoundingClientRect();
      if (!box.width || box.top < 0 || box.left < 0 || box.bottom > innerHeight || box.right > innerWidth) return false;
      for (let around = element; around !== document.body; around = around.parentElement) if (getComputedStyle(around).overflowX !== "visible" && !fits(around)) return false;
      return [[box.left + 2, box.top + 2], [box.left + box.width / 2, box.top + box.height / 2], [box.right - 2, box.bottom - 2]].every(([x, y]) => element.contains(document.elementFromPoint(x, y)));
    });
  }, text).catch(error => { throw new Error(`not to be read on the page: ${text}\n${error.message}`); });
}

const project = join(folder(), "planted");
cpSync(join(here, "planted"), project, { recursive: true });
const running = new Promise((resolve, reject) => {
  const run = spawn(program, ["test", "--runtime", "sandbox", "--no-build", "-j", "5"], { cwd: project, stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  run.stdout.on("data", data => { said += data; });
  run.once("error", reject).once("exit", () => resolve(said));
});
const [browser, terminal] = await Promise.all([open(), running]);
const { address } = await inspect(join(project, "interop/reports/latest"));

for (const fault of faults) {
  await test(`${fault.test}: in the terminal`, () => {
    const from = terminal.indexOf(`failed       ${fault.test}~local~local`);
    const lines = terminal.slice(from, terminal.indexOf("    again ", from));
    for (const part of [fault.message, ...fault.terminal]) assert.ok(typeof part === "string" ? lines.includes(part) : part.test(lines), `${part} is not in\n${lines}\nof\n${terminal}`);
    if (fault.missing) assert.doesNotMatch(lines.replaceAll(/\{"n": (\d)\}/g, "n=$1"), fault.missing);
  });
}
for (const [name, options] of Object.entries(windows)) {
  const page = await look(browser, options);
  for (const fault of faults) {
    await test(`${fault.test}: on the page of ${name}, ${fault.click ? "one click" : "no click"}`, async () => {
      await page.goto("about:blank");
      await page.goto(address);
      await read(page, fault.message);
      if (!fault.click) return;
      await page.click(`text=${fault.test}~local~local`);
      await read(page, fault.message);
      for (const part of fault.page) await read(page, part);
      if (fault.missing) assert.doesNotMatch(await page.textContent("main"), fault.missing);
    });
  }
  await test(`nothing went wrong in the page of ${name}`, () => assert.deepEqual(page.troubles, []));
}
await end(browser);
