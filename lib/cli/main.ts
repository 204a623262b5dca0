#!/usr/bin/env node
import { apiKey } from './api-key.js'
import { clientSecret } from './client-secret.js'
import type { Command } from './command.js'
import { keyPair } from './key-pair.js'
import { runProgram } from './program.js'

const commands: readonly Command[] = [apiKey, clientSecret, keyPair]

const { output, notes, exitCode } = await runProgram(commands, process.argv.slice(2))
if (notes.length > 0) process.stderr.write(`${notes.join('\n')}\n`)
if (output !== '') process.stdout.write(`${output}\n`)
// What was written must leave first: process.exit would cut a pipe off.
process.exitCode = exitCode
