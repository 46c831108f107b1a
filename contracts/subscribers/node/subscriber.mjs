// Subscribes to every public topic and writes one line per event: node subscriber.mjs BOOTSTRAP GROUP FILE (credentials in KAFKA_…)
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { Consumer, stringDeserializers } from '@platformatic/kafka'

const topics = ['intake.reports', 'routing.cases', 'subsidies.measures', 'notify.messages']
// The field that this program reads of each type. Types that are not listed are skipped, other fields are ignored.
const wanted = {
  'report-registered.v1': 'category',
  'report-withdrawn.v1': 'reason',
  'report-joined.v1': 'main_id',
  'case-opened.v1': 'route',
  'case-held.v1': 'reason',
  'case-escalated.v1': 'missed',
  'case-resolved.v1': 'outcome',
  'case-merged.v1': 'main_id',
  'case-raised.v1': 'rule',
  'budget-exhausted.v1': 'measure',
  'message-sent.v1': 'template',
  'message-failed.v1': 'reason',
  'message-suppressed.v1': 'reason'
}

const [bootstrap, group, file] = process.argv.slice(2)
const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').filter(Boolean) : []
const seen = new Set(lines.map(line => JSON.parse(line).id)) // in your program: a table, written in one transaction with the effect

function rowOf (message) {
  const header = name => message.headers.get(name)
  const row = { id: header('ce_id'), type: header('ce_type') }
  if (seen.has(row.id)) return { ...row, skipped: 'copy' }
  if (!(row.type in wanted)) return { ...row, skipped: 'unknown' }
  const value = JSON.parse(message.value)[wanted[row.type]]
  return { ...row, subject: header('ce_subject'), sequence: header('ce_sequence'), value }
}

const { KAFKA_USER: username, KAFKA_PASSWORD: password, KAFKA_CA: ca } = process.env
const consumer = new Consumer({
  ...(username && { sasl: { mechanism: 'SCRAM-SHA-512', username, password } }),
  ...(ca && { tls: { ca: readFileSync(ca) } }),
  groupId: group,
  clientId: group,
  bootstrapBrokers: [bootstrap],
  sessionTimeout: 10_000,
  heartbeatInterval: 2_000,
  deserializers: stringDeserializers
})
const stream = await consumer.consume({ topics, mode: 'committed', fallbackMode: 'earliest', autocommit: false, maxWaitTime: 200 })
for await (const message of stream) {
  const row = rowOf(message)
  seen.add(row.id)
  appendFileSync(file, JSON.stringify(row) + '\n')
  await message.commit() // only after the effect: a crash repeats events and loses none
}
