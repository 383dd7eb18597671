import { createSocket, type Socket } from "node:dgram";

/** A bad network between two browsers: loses each n-th RTP packet, and delays each by up to so many
 * ms, in turn. What is not RTP (ICE, DTLS, RTCP) passes. */
export class Path {
  readonly #sockets: Socket[] = [];
  readonly #loseEach: number;
  readonly #delays: number[];
  #isClosed = false;

  constructor({ loseEach = 0, delays = [0] } = {}) {
    this.#loseEach = loseEach;
    this.#delays = delays;
  }

  /** The descriptions of both, each pointing at the path instead of at the other side. */
  async between(first: string, second: string): Promise<[string, string]> {
    const ends = [candidate(first), candidate(second)] as const;
    const faces = await Promise.all([open(), open()]);
    this.#sockets.push(...faces);
    for (const side of [0, 1] as const) this.#forward(faces, ends[side === 0 ? 1 : 0], side);
    return [pointTo(first, faces[1]), pointTo(second, faces[0])];
  }

  close(): void {
    this.#isClosed = true;
    for (const socket of this.#sockets) socket.close();
  }

  /** What `side` sends comes to its face, and leaves by the other one for the other end. */
  #forward(faces: Socket[], to: { address: string; port: number }, side: 0 | 1): void {
    let packets = 0;
    faces[side]?.on("message", (packet) => {
      let delay = 0;
      if (isRtp(packet)) {
        packets += 1;
        if (this.#loseEach > 0 && packets % this.#loseEach === 0) return;
        delay = this.#delays[packets % this.#delays.length] ?? 0;
      }
      const send = () => {
        if (!this.#isClosed) faces[1 - side]?.send(packet, to.port, to.address);
      };
      if (delay > 0) setTimeout(send, delay);
      else send();
    });
  }
}

/** RFC 7983: 128 to 191 are RTP and RTCP; RFC 5761: types 64 to 95 are RTCP. */
function isRtp(packet: Buffer): boolean {
  const [first = 0, second = 0] = packet;
  const type = second & 0x7f;
  return first >= 128 && first <= 191 && (type < 64 || type > 95);
}

const CANDIDATE = /^a=candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host.*\r\n/im;

function candidate(sdp: string): { address: string; port: number } {
  const [, address, port] = CANDIDATE.exec(sdp) ?? [];
  if (!address || !port) throw new Error(`no candidate in ${sdp}`);
  return { address, port: Number(port) };
}

/** The one candidate that is left stands for the side behind the socket. */
function pointTo(sdp: string, socket: Socket): string {
  const line = `a=candidate:1 1 udp 2130706431 127.0.0.1 ${socket.address().port} typ host\r\n`;
  const [first] = CANDIDATE.exec(sdp) ?? [""];
  return sdp.replace(first, line).replace(/^a=candidate:(?!1 1 udp 2130706431 ).*\r\n/gm, "");
}

function open(): Promise<Socket> {
  const socket = createSocket("udp4");
  return new Promise((resolve) => socket.bind(0, "127.0.0.1", () => resolve(socket)));
}
