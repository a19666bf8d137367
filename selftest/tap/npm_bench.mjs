// MB/s of npm's tap-parser on a file, the best of three, without the start of Node.js: node npm_bench.mjs MODULES FILE
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const { Parser } = await import(pathToFileURL(join(process.argv[2], 'node_modules/tap-parser/dist/esm/index.js')))
const document = readFileSync(process.argv[3])
let best = 0
for (let i = 0; i < 3; ++i) {
  const began = performance.now()
  const parser = new Parser({})
  let seen = 0
  parser.on('assert', () => ++seen)
  parser.end(document)
  best = Math.max(best, document.length / (performance.now() - began) / 1e3)
}
console.log(best.toFixed(3))
