#!/usr/bin/env node
import { once } from 'node:events'
import { apiKey } from './api-key.js'
import { audit } from './audit/audit.js'
import { auditTail } from './audit-tail.js'
import { auditVerify } from './audit-verify.js'
import { clientSecret } from './client-secret.js'
import type { Command, Surroundings } from './command.js'
import { explain } from './explain.js'
import { inventory } from './inventory.js'
import { keyPair } from './key-pair.js'
import { limitsReset, limitsShow } from './limits.js'
import { openapi } from './openapi.js'
import { paintFor } from './paint.js'
import { runProgram } from './program.js'

const commands: readonly Command[] = [
  ...[inventory, explain, audit, openapi, limitsShow, limitsReset, auditVerify, auditTail],
  ...[apiKey, clientSecret, keyPair],
]

const end = new AbortController()
const { stdout, stderr } = process
const print = stdout.write.bind(stdout)
// A module of the user's may write what it likes, records of its own start for one: the output is the command's alone.
stdout.write = stderr.write.bind(stderr)
// `portcullis … | head` ends when head does.
stdout.on('error', () => end.abort())
process.once('SIGINT', () => end.abort())

const surroundings: Surroundings = {
  env: process.env,
  isTerminal: stdout.isTTY,
  paint: paintFor(stdout, process.env),
  write: async (text) => {
    if (!print(text)) await once(stdout, 'drain', { signal: end.signal }).catch(() => undefined)
  },
  progress: stderr.isTTY ? (text) => void stderr.write(`\r\u001b[K${text}`) : undefined,
  signal: end.signal,
}

const { output, notes, exitCode } = await runProgram(commands, process.argv.slice(2), surroundings)
if (notes.length > 0) stderr.write(`${notes.join('\n')}\n`)
// What was written must leave first: process.exit would cut a pipe off. What a module has left open must not hold the program.
print(output === '' ? '' : `${output}\n`, () => stderr.write('', () => process.exit(exitCode)))
