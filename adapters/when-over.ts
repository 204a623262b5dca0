import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { nextTick } from '../lib/turns.js'

/**
 * Calls `listener` once, when an answer is over: sent, or its client has left. When a connection closes, Node says so to the response that holds it
 * and to none that waits behind: who sends requests together and leaves would keep open whatever their answers hold, files above all.
 */
export function whenOver({ socket }: Pick<IncomingMessage, 'socket'>, response: ServerResponse, listener: () => void): void {
  if (response.closed) nextTick(listener)
  // Not every host has connections of its own.
  else if (response.socket !== null || !(socket instanceof EventEmitter)) response.once('close', listener)
  else {
    const forget = onceClosed(socket, over)
    response.once('close', over)

    function over(): void {
      forget()
      response.off('close', over)
      listener()
    }
  }
}

/** What is to be done when a connection closes. */
const awaited = new WeakMap<Socket, Set<() => void>>()

/** Calls `listener` when the connection closes; what it returns calls that off. */
export function onceClosed(socket: Socket, listener: () => void): () => void {
  if (socket.destroyed) {
    nextTick(listener)
    return () => undefined
  }
  const listeners = listenersOf(socket)
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

/** One listener for all of a connection: eleven would make Node warn of a leak. */
function listenersOf(socket: Socket): Set<() => void> {
  const known = awaited.get(socket)
  if (known !== undefined) return known
  const listeners = new Set<() => void>()
  awaited.set(socket, listeners)
  socket.once('close', () => {
    for (const listener of listeners) listener()
  })
  return listeners
}
