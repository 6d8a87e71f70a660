// Bytes that have arrived on a socket and are not yet understood.
"use strict";

const READ_SIZE = 64 * 1024;
const LARGE = 1024 * 1024;

class Inbox {
  #bytes = Buffer.alloc(READ_SIZE);
  #start = 0;
  #end = 0;

  // Node's `onread` option: the socket reads into one buffer, and `arrived` is told after each read.
  reader(arrived) {
    return {
      buffer: Buffer.alloc(READ_SIZE),
      callback: (count, buffer) => {
        this.add(buffer.subarray(0, count));
        arrived();
        return true;
      },
    };
  }

  get size() {
    return this.#end - this.#start;
  }

  add(bytes) {
    if (this.#end + bytes.length > this.#bytes.length) this.#makeRoom(bytes.length);
    bytes.copy(this.#bytes, this.#end);
    this.#end += bytes.length;
  }

  #makeRoom(wanted) {
    const size = this.size;
    const larger = size + wanted > this.#bytes.length;
    const target = larger ? Buffer.allocUnsafe((size + wanted) * 2) : this.#bytes;
    this.#bytes.copy(target, 0, this.#start, this.#end);
    this.#bytes = target;
    this.#start = 0;
    this.#end = size;
  }

  // The next `count` bytes, which stay; undefined where there are fewer. Valid until the next add().
  peek(count) {
    return this.size < count ? undefined : this.#bytes.subarray(this.#start, this.#start + count);
  }

  // The next `count` bytes, which go. Valid until the next add().
  take(count) {
    const taken = this.peek(count);
    if (!taken) return undefined;
    this.#start += count;
    if (this.#start === this.#end) this.#empty();
    return taken;
  }

  #empty() {
    this.#start = this.#end = 0;
    if (this.#bytes.length > LARGE) this.#bytes = Buffer.alloc(READ_SIZE); // one large event doesn't keep its memory
  }

  // The bytes up to `end` as text, without it; undefined where it isn't there yet.
  takeTo(end) {
    const at = this.#bytes.subarray(this.#start, this.#end).indexOf(end);
    if (at < 0) return undefined;
    return this.take(at + end.length).toString("utf8", 0, at);
  }
}

module.exports = { Inbox };
