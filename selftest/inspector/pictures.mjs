// Takes the pictures of docs/pictures: what a reader of the README should see before anything else.
//   pictures.mjs REPORT FOLDER
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { inspect, look, open } from "./browser.mjs";

const [report, out] = process.argv.slice(2);
const largestBytes = 200 * 1000;
mkdirSync(out, { recursive: true });
const run = JSON.parse(readFileSync(join(report, "report.json"), "utf8"));
const failed = run.cells.find(cell => cell.verdict === "failed" && cell.blame);
const across = run.cells.find(cell => cell.id === "channel-reliable~telehash-js~telehash-go");
const { address } = await inspect(report);
const browser = await open();

// The packets of the channel itself: from the first to the last that was written.
async function zoomToPackets(page) {
  const id = encodeURIComponent(across.id);
  const { lines } = await (await fetch(`${address}lines?cell=${id}&attempt=1`)).json();
  const events = lines.map(line => JSON.parse(line));
  const written = events.filter(event => event.ty === "channel.write");
  const first = written[0];
  const last = events.findLast(event => event.ty === "channel.rcv.packet");
  const room = (last.us - first.us) * 0.08;
  await page.goto(`${address}#/cell/${id}/1?at=${first.seq}&from=${Math.round(first.us - room)}&to=${Math.round(last.us + room)}`);
  await page.waitForSelector(".detail .json .key");
}

const wide = { viewport: { width: 1160, height: 660 } };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 1.5, isMobile: true, hasTouch: true };
const pictures = {
  "matrix": [wide, page => page.goto(address)],
  "cell-failed": [wide, page => page.goto(`${address}#/cell/${encodeURIComponent(failed.id)}`)],
  "timeline": [wide, zoomToPackets],
  "timeline-dark": [{ ...wide, colorScheme: "dark" }, zoomToPackets],
  "phone-timeline": [phone, zoomToPackets],
};
for (const [name, [options, show]] of Object.entries(pictures)) {
  const page = await look(browser, options);
  await show(page);
  await page.waitForFunction(() => document.querySelector("main") && !document.querySelector(".loading"));
  await page.waitForTimeout(1000);  // pieces that are still on their way
  const path = join(out, `${name}.png`);
  await page.screenshot({ path });
  const size = statSync(path).size;
  console.log(`${path}: ${Math.round(size / 1000)} kB`);
  if (size > largestBytes || page.troubles.length) throw new Error(`${path}: ${size} bytes; ${page.troubles}`);
  await page.close();
}
await browser.close();
process.exit(0);
