#!/usr/bin/env node
import { apiKey } from './api-key.js'
import { audit } from './audit/audit.js'
import { clientSecret } from './client-secret.js'
import type { Command } from './command.js'
import { keyPair } from './key-pair.js'
import { limitsReset, limitsShow } from './limits.js'
import { runProgram } from './program.js'

const commands: readonly Command[] = [apiKey, audit, clientSecret, keyPair, limitsShow, limitsReset]

const print = process.stdout.write.bind(process.stdout)
// A module of the user's may write what it likes, records of its own start for one: the output is the command's alone.
process.stdout.write = process.stderr.write.bind(process.stderr)

const { output, notes, exitCode } = await runProgram(commands, process.argv.slice(2))
if (notes.length > 0) process.stderr.write(`${notes.join('\n')}\n`)
// What was written must leave first: process.exit would cut a pipe off. What a module has left open must not hold the program.
print(output === '' ? '' : `${output}\n`, () => process.stderr.write('', () => process.exit(exitCode)))
