// Takes pictures of the pages that terminal_pages.py wrote.
//   terminal_pictures.mjs PAGES FOLDER
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { look, open } from "./browser.mjs";

const [pages, out] = process.argv.slice(2);
const largestBytes = 200 * 1000;
mkdirSync(out, { recursive: true });
const browser = await open();
for (const file of readdirSync(pages).filter(name => name.endsWith(".html")).sort()) {
  const page = await look(browser, { viewport: { width: 1700, height: 900 } });
  await page.goto(`file://${resolve(pages, file)}`);
  const path = join(out, file.replace(/html$/, "png"));
  await page.locator(".terminal").screenshot({ path });
  const size = statSync(path).size;
  console.log(`${path}: ${Math.round(size / 1000)} kB`);
  if (size > largestBytes) throw new Error(`${path}: ${size} bytes`);
  await page.close();
}
await browser.close();
process.exit(0);
