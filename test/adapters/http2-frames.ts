import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** Frames of HTTP/2 (RFC 9113 §4) as no client library would send them. */
export class RawHttp2 {
  private constructor(readonly socket: Socket) {}

  static open(port: number): Promise<RawHttp2> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
        socket.write(frame(4, 0, 0, Buffer.alloc(0)))
        resolve(new RawHttp2(socket))
      })
      socket.once('error', reject)
      socket.resume()
    })
  }

  /** Asks with these headers, pseudo-headers first, and ends the stream, or leaves it open for data. */
  request(stream: number, headers: ReadonlyArray<readonly [string, string]>, { ends = true } = {}): this {
    this.socket.write(frame(1, ends ? 0x05 : 0x04, stream, Buffer.concat(headers.map(([name, value]) => literal(name, value)))))
    return this
  }

  /** A piece of a body, after which more is to come. */
  data(stream: number, text: string): this {
    this.socket.write(frame(0, 0, stream, Buffer.from(text)))
    return this
  }

  /** Resets a stream that was not ended: Node's own client ends it first. */
  reset(stream: number, code: number): this {
    this.socket.write(frame(3, 0, stream, Buffer.of(0, 0, 0, code)))
    return this
  }
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** A header as it is: not indexed, not compressed (RFC 7541 §6.2.2). Both texts are shorter than 127 bytes. */
function literal(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(0, name.length), Buffer.from(name), Buffer.of(value.length), Buffer.from(value)])
}
