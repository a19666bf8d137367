// What the browser tests and the pictures share: `interoper inspect`, and Debian's Chromium looking at it.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const here = dirname(fileURLToPath(import.meta.url));
export const program = process.env.INTEROPER ?? join(here, "../../build/release/bin/interoper");
const skipped = 77;
const chromiumPath = process.env.CHROMIUM ?? "/usr/bin/chromium";
// No promise of speed: what tells a slow machine from one that waits for ever.
export const patience = 120_000;

if (!existsSync(chromiumPath)) {
  console.log(`skipped: there is no ${chromiumPath}; scripts/deps --test installs it`);
  process.exit(skipped);
}
// npm's modules stand in the build tree: INSPECTOR_MODULES says where.
const { chromium } = createRequire(join(process.env.INSPECTOR_MODULES ?? here, "package.json"))("playwright-core");

process.setMaxListeners(100);  // each folder and server goes when we do

export function folder() {
  const path = mkdtempSync(join(tmpdir(), "interoper-inspector-"));
  process.on("exit", () => rmSync(path, { recursive: true, force: true }));
  return path;
}

export function run(command, args, options = {}) {
  const done = spawnSync(command, args, { encoding: "utf8", timeout: patience, ...options });
  if (done.status !== 0) throw new Error(`${command} ${args.join(" ")}: exit status ${done.status}\n${done.stdout}${done.stderr}`);
  return done.stdout;
}

export function made(kind) {
  const path = join(folder(), kind);
  run("python3", [join(here, "make_report.py"), kind, path]);
  return path;
}

// Serves the report until this process ends; the address.
export async function inspect(report) {
  const server = spawn(program, ["inspect", report], { env: { ...process.env, CI: "1" }, stdio: ["ignore", "pipe", "inherit"] });
  process.on("exit", () => server.kill("SIGKILL"));
  const address = await new Promise((resolve, reject) => {
    server.stdout.once("data", data => resolve(String(data).trim()));
    server.once("exit", code => reject(new Error(`interoper inspect ended with ${code}`)));
  });
  server.unref();
  server.stdout.unref();
  return { address, server };
}

export async function open() {
  return chromium.launch({ executablePath: chromiumPath, timeout: patience,
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
}

// A page that remembers what went wrong in it, and every request it made.
export async function look(browser, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, ...options });
  page.setDefaultTimeout(patience);
  const troubles = [];
  const requests = [];
  page.on("pageerror", error => troubles.push(error.message));
  page.on("console", message => { if (message.type() === "error") troubles.push(message.text()); });
  page.on("request", request => requests.push(request.url()));
  return Object.assign(page, { troubles, requests });
}

// Cases, told in TAP's words; one that fails does not end the others.
let failures = 0;
export async function test(name, body) {
  try {
    await body();
    console.log(`ok - ${name}`);
  } catch (error) {
    ++failures;
    console.log(`not ok - ${name}\n${error.stack}`);
  }
}

// After the last case.
export async function end(browser) {
  await browser.close();
  process.exit(failures ? 1 : 0);
}
