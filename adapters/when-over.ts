import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { nextTick } from '../lib/turns.js'

/** What is to be done when a connection closes, for answers that wait for their turn on it. */
const queues = new WeakMap<Socket, Set<() => void>>()

/**
 * Calls `listener` once, when an answer is over: sent, or its client has left. When a connection closes, Node says so to the response that holds it
 * and to none that waits behind: who sends requests together and leaves would keep open whatever their answers hold, files above all.
 */
export function whenOver(request: Pick<IncomingMessage, 'socket'>, response: ServerResponse, listener: () => void): void {
  const { socket } = request
  // Not every host has connections of its own.
  if (response.closed || (socket instanceof EventEmitter && socket.destroyed)) nextTick(listener)
  else if (response.socket !== null || !(socket instanceof EventEmitter)) response.once('close', listener)
  else {
    const queue = queueOf(socket)
    const over = () => {
      queue.delete(over)
      response.off('close', over)
      listener()
    }
    queue.add(over)
    response.once('close', over)
  }
}

/** One listener for all of a connection: eleven would make Node warn of a leak. */
function queueOf(socket: Socket): Set<() => void> {
  const known = queues.get(socket)
  if (known !== undefined) return known
  const queue = new Set<() => void>()
  queues.set(socket, queue)
  socket.once('close', () => {
    for (const over of queue) over()
  })
  return queue
}
