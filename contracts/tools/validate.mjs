// Validates the documents and examples with independent tools: node validate.mjs CONTRACTS
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Parser } from '@asyncapi/parser'
import Ajv from 'ajv'
import Ajv2020 from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

const home = process.argv[2]
const read = (...path) => JSON.parse(readFileSync(join(home, ...path), 'utf8'))
const faults = []

for (const name of readdirSync(join(home, 'asyncapi'))) {
  const { document, diagnostics } = await new Parser().parse(readFileSync(join(home, 'asyncapi', name), 'utf8'))
  for (const one of diagnostics.filter(one => one.severity < 2)) faults.push(`asyncapi/${name}: ${one.path.join('.')}: ${one.message}`)
  if (!document) faults.push(`asyncapi/${name}: is no document`)
}

let held = 0
for (const [dialect, folder] of [[Ajv2020, 'schemas'], [Ajv, 'schemas/draft-07']]) {
  for (const name of readdirSync(join(home, 'examples'))) {
    const accepts = view => addFormats(new dialect({ strict: true, strictRequired: false })).compile(read(folder, view, name))
    const [producer, consumer] = [accepts('producer'), accepts('consumer')]
    const holds = (accepted, what, expected) => { held++; if (accepted !== expected) faults.push(`${folder}: ${what}: should ${expected ? '' : 'not '}be accepted`) }
    for (const [example, { body }] of Object.entries(read('examples', name))) {
      holds(producer(body), `${name} ${example} by producers`, true)
      holds(consumer({ ...body, later: 1 }), `${name} ${example} with a field of a later revision`, true)
      holds(producer({ ...body, later: 1 }), `${name} ${example} with an unknown field, by producers`, false)
    }
    for (const [example, { body, refused_by: by }] of Object.entries(read('invalid', name))) {
      holds(producer(body), `${name} ${example} by producers`, false)
      holds(consumer(body), `${name} ${example} by consumers`, by === 'producers')
    }
  }
}
console.log(faults.length ? faults.join('\n') : `${readdirSync(join(home, 'asyncapi')).length} documents and ${held} values are as they should be`)
process.exit(faults.length ? 1 : 0)
