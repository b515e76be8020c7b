import { expect, test } from 'vitest'
import { heardIn } from '../../../src/drivers/pulumi/events.ts'

const says = (severity: string, message: string) => heardIn(JSON.stringify({ sequence: 1, timestamp: 1, diagnosticEvent: { message, severity, color: 'raw' } }))
const resource = (kind: string, op: string, type = 'aws:ec2/securityGroup:SecurityGroup') => heardIn(JSON.stringify({ [kind]: { metadata: { op, type, urn: `urn:pulumi:aws::shop::${type}::firewall` } } }))

test('a resource is named as people do', () => {
  expect(resource('resourcePreEvent', 'create')).toEqual({ progress: { kind: 'begins', act: 'create', what: 'aws security group "firewall"' } })
  expect(resource('resOutputsEvent', 'delete-replaced')).toEqual({ progress: { kind: 'done', act: 'delete', what: 'aws security group "firewall"' } })
  expect(resource('resOpFailedEvent', 'update')).toEqual({ progress: { kind: 'failed', act: 'update', what: 'aws security group "firewall"' } })
})

test('what is as it was, what is read, and the stack itself are not told', () => {
  expect(['same', 'read', 'refresh'].map((op) => resource('resOutputsEvent', op))).toEqual([null, null, null])
  expect(resource('resourcePreEvent', 'create', 'pulumi:pulumi:Stack')).toBeNull()
})

test('diagnostics are told without colours, without the SDK talking to itself, and without a stack', () => {
  expect(says('warning', '<{%fg 3%}>warning: <{%reset%}>old\n')).toEqual({ progress: { kind: 'says', level: 'warn', text: 'old' } })
  expect(says('debug', 'registering resource')).toBeNull()
  expect(says('info', '\n')).toBeNull()
  expect(says('info#err', 'Error: it broke\n    at main (/app/index.ts:3:5)\n    at node:internal/process:1:1\n')).toEqual({ progress: { kind: 'says', level: 'info', text: 'Error: it broke' } })
})

test('a line that is none of the engine\'s is nothing', () => {
  expect(['', 'hello', '{', '[]', 'null', '{"cancelEvent":{}}'].map(heardIn)).toEqual([null, null, null, null, null, null])
})
