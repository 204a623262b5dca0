#!/usr/bin/env node
import { apiKey } from './api-key.js'
import { clientSecret } from './client-secret.js'
import type { Command } from './command.js'
import { explain } from './explain.js'
import { inventory } from './inventory.js'
import { keyPair } from './key-pair.js'
import { limitsReset, limitsShow } from './limits.js'
import { openapi } from './openapi.js'
import { paintFor } from './paint.js'
import { runProgram } from './program.js'

const commands: readonly Command[] = [apiKey, clientSecret, keyPair, inventory, explain, openapi, limitsShow, limitsReset]

const print = process.stdout.write.bind(process.stdout)
// A module of the user's may write what it likes, records of its own start for one: the output is the command's alone.
process.stdout.write = process.stderr.write.bind(process.stderr)

const { output, notes, exitCode } = await runProgram(commands, process.argv.slice(2), paintFor(process.stdout, process.env))
if (notes.length > 0) process.stderr.write(`${notes.join('\n')}\n`)
// What was written must leave first: process.exit would cut a pipe off. What a module has left open must not hold the program.
print(output === '' ? '' : `${output}\n`, () => process.stderr.write('', () => process.exit(exitCode)))
