// Sends one record per key read from standard input, one a line: node producer.mjs BOOTSTRAP TOPIC [compatible]
import { readFileSync } from 'node:fs'
import { Producer, compatibilityPartitioner, stringSerializers } from '@platformatic/kafka'

const [bootstrap, topic, compatible] = process.argv.slice(2)
const { KAFKA_USER: username, KAFKA_PASSWORD: password } = process.env
const producer = new Producer({
  ...(username && { sasl: { mechanism: 'SCRAM-SHA-512', username, password } }),
  clientId: 'keys',
  bootstrapBrokers: [bootstrap],
  serializers: stringSerializers,
  // Without this line half of the keys go to another partition than with the Java client.
  ...(compatible ? { partitioner: compatibilityPartitioner } : {})
})
const keys = readFileSync(0, 'utf8').split('\n').filter(Boolean)
await producer.send({ messages: keys.map(key => ({ topic, key, value: key })) })
await producer.close()
