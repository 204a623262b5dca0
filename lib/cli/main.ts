#!/usr/bin/env node
import { once } from 'node:events'
import type { Command, Surroundings } from './command.js'
import { paintFor } from './paint.js'
import { runProgram } from './program.js'

/** By their first word. Only what is asked for is loaded: some commands need the whole package. */
const commands: Readonly<Record<string, () => Promise<readonly Command[]>>> = {
  inventory: async () => [(await import('./inventory.js')).inventory],
  explain: async () => [(await import('./explain.js')).explain],
  audit: async () => [(await import('./audit/audit.js')).audit],
  openapi: async () => [(await import('./openapi.js')).openapi],
  limits: async () => import('./limits.js').then(({ limitsShow, limitsReset }) => [limitsShow, limitsReset]),
  'audit-log': async () => [(await import('./audit-verify.js')).auditVerify, (await import('./audit-tail.js')).auditTail],
  'api-key': async () => [(await import('./api-key.js')).apiKey],
  'client-secret': async () => [(await import('./client-secret.js')).clientSecret],
  keys: async () => [
    (await import('./keys/generate.js')).keysGenerate,
    (await import('./keys/rotate.js')).keysRotate,
    (await import('./keys/publish.js')).keysPublish,
    (await import('./keys/inspect.js')).keysInspect,
  ],
  token: async () => [(await import('./token/issue.js')).tokenIssue, (await import('./token/inspect.js')).tokenInspect],
}

const words = process.argv.slice(2)
const [first = ''] = words
const load = Object.hasOwn(commands, first) ? commands[first] : undefined
const known = load === undefined ? (await Promise.all(Object.values(commands).map((one) => one()))).flat() : await load()

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
  get input() {
    return process.stdin
  },
  isTerminal: stdout.isTTY,
  paint: paintFor(stdout, process.env),
  write: async (text) => {
    if (!print(text)) await once(stdout, 'drain', { signal: end.signal }).catch(() => undefined)
  },
  progress: stderr.isTTY ? (text) => void stderr.write(`\r\u001b[K${text}`) : undefined,
  signal: end.signal,
}

const { output, notes, exitCode } = await runProgram(known, words, surroundings)
if (notes.length > 0) stderr.write(`${notes.join('\n')}\n`)
// What was written must leave first: process.exit would cut a pipe off. What a module has left open must not hold the program.
print(output === '' ? '' : `${output}\n`, () => stderr.write('', () => process.exit(exitCode)))
