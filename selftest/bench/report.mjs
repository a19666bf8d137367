#!/usr/bin/env node
// How fast the page of `interoper inspect` is, in headless Chromium without a GPU: nothing here fails, it prints numbers.
//   INTEROPER=build/release/bin/interoper INSPECTOR_MODULES=build/release/selftest/inspector/npm node selftest/bench/report.mjs
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { folder, inspect, look, made, open, program } from "../inspector/browser.mjs";

const rounds = 5;
const frames = 120;
const middle = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const say = (what, value, unit, aim) => console.log(`${what.padEnd(62)} ${value.toFixed(value < 10 ? 1 : 0).padStart(7)} ${unit}${aim ? `   (aim: ${aim})` : ""}`);

// From the moment the address is opened until `there` holds in the page, drawn: milliseconds.
async function paintOnce(browser, address, there) {
  const page = await look(browser);
  await page.goto("about:blank");
  await page.goto(address, { waitUntil: "commit" });
  const time = await page.evaluate(async condition => {
    const holds = new Function(`return ${condition}`);
    while (!holds()) await new Promise(requestAnimationFrame);
    await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
    return performance.now();
  }, there);
  await page.close();
  return time;
}

async function firstPaint(browser, address, there) {
  const times = [];
  for (let i = 0; i < rounds; ++i) times.push(await paintOnce(browser, address, there));
  return middle(times);
}

// Does `step` once a frame, and measures from frame to frame; and how long the page's own work took in each.
async function frameTimes(page, step) {
  return page.evaluate(async ([body, count]) => {
    const act = new Function("i", body);
    const gaps = [];
    let last = await new Promise(requestAnimationFrame);
    for (let i = 0; i < count; ++i) {
      act(i);
      const now = await new Promise(requestAnimationFrame);
      gaps.push(now - last);
      last = now;
    }
    gaps.sort((a, b) => a - b);
    return { half: gaps[Math.floor(count / 2)], most: gaps[Math.floor(count * 0.95)] };
  }, [step, frames]);
}

function sayFrames(what, { half, most }) {
  say(`${what}, median frame`, half, "ms", "16.7");
  say(`${what}, 95 % of frames below`, most, "ms");
}

const browser = await open();

const aMillion = made("million");
const million = await inspect(aMillion);
const timeline = `${million.address}#/cell/flood~a~b/1`;
const rowsRead = "/step \\d/.test(document.querySelector('.row .said > span')?.closest('.rows').textContent ?? '')";
{
  const start = performance.now();
  await (await fetch(`${million.address}facts?cell=flood~a~b&attempt=1`)).arrayBuffer();
  say("1,000,000 events: read and matched by the server, once", performance.now() - start, "ms");
}
say("1,000,000 events: first paint, read before", await firstPaint(browser, timeline, rowsRead), "ms", "1000");
{
  // Each in a server that has read nothing yet.
  const cold = async there => {
    const times = [];
    for (let i = 0; i < rounds; ++i) {
      const fresh = await inspect(aMillion);
      times.push(await paintOnce(browser, `${fresh.address}#/cell/flood~a~b/1`, there));
      fresh.server.kill("SIGKILL");
    }
    return middle(times);
  };
  say("1,000,000 events: first paint, cold", await cold(rowsRead), "ms", "1000");
  say("1,000,000 events: all of them on the page, cold", await cold("/ lost/.test(document.querySelector('.packets')?.textContent ?? '')"), "ms");
}
{
  const page = await look(browser);
  await page.goto(timeline);
  await page.waitForFunction(() => / lost/.test(document.querySelector(".packets")?.textContent ?? ""));
  sayFrames("1,000,000 events: scroll the list", await frameTimes(page, "document.querySelector('.rows').scrollTop += 97"));
  const wheel = "document.querySelector('.lanes').dispatchEvent(new WheelEvent('wheel', {deltaY: i < 60 ? -100 : 100, clientX: 700, clientY: 250, cancelable: true}))";
  sayFrames("1,000,000 events: zoom the lanes in and out", await frameTimes(page, wheel));
  await page.close();
}

const report = made("matrix");
const cellsThere = "document.querySelector('[data-cell]')";
const matrix = await inspect(report);
say("5,280 cells: first paint", await firstPaint(browser, matrix.address, cellsThere), "ms", "1000");
{
  const page = await look(browser);
  await page.goto(matrix.address);
  await page.waitForSelector("[data-cell]");
  sayFrames("5,280 cells: scroll the matrix", await frameTimes(page, "scrollBy(0, 40)"));
  await page.close();
}
{
  const file = join(folder(), "one.html");
  const start = performance.now();
  spawnSync(program, ["inspect", report, "--html", file]);
  say("5,280 cells: written as one file", performance.now() - start, "ms", "2000");
  say("5,280 cells: the one file", statSync(file).size / 1e6, "MB", "5");
  say("5,280 cells: the one file's first paint", await firstPaint(browser, pathToFileURL(file).href, cellsThere), "ms", "1000");
}
await browser.close();
process.exit(0);
