// What npm's tap-parser says of the same documents as tap_dump reads: node npm_dump.mjs MODULES < DOCUMENTS
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const { Parser } = await import(pathToFileURL(join(process.argv[2], 'node_modules/tap-parser/dist/esm/index.js')))
const input = readFileSync(0)
const out = []
for (let at = 0; at < input.length;) {
  const end = input.indexOf(10, at)
  const length = Number(input.toString('latin1', at, end))
  const document = input.toString('utf8', end + 1, end + 1 + length)
  at = end + 1 + length
  const points = []
  let plan, bail, results
  const parser = new Parser({})
  parser.on('assert', point =>
    points.push({
      number: point.id,
      ok: point.ok,
      description: point.name,
      directive: point.skip ? 'skip' : point.todo ? 'todo' : '',
      reason: [point.skip, point.todo].find(reason => typeof reason === 'string') ?? '',
    }))
  parser.on('plan', found => (plan ??= [found.start, found.end]))
  parser.on('bailout', reason => (bail ??= reason))
  parser.on('complete', found => (results = found))
  try {
    parser.end(document)
  } catch (error) {
    results = { ok: false, failures: [{ tapError: String(error) }] }
  }
  const errors = results.failures.map(failure => failure.tapError).filter(Boolean)
  out.push(JSON.stringify({ points, plan, bail, ok: results.ok && bail === undefined, errors }))
}
process.stdout.write(out.join('\n') + (out.length ? '\n' : ''))
