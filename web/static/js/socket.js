// The push socket: hello, subscribe or resume, numbered frames, back-off. One per browser (worker) or per tab.

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15000;
const PING_EVERY_MS = 15000;
const SILENCE_MS = 40000;

export class PushSocket {
  #url;
  #onFrame;
  #onStatus;
  #socket = null;
  #stream = null;
  #hello = null;
  #seq = null;
  #pause = FIRST_PAUSE_MS;
  #timer = null;
  #heard = 0;

  constructor(url, { onFrame, onStatus }) {
    this.#url = url;
    this.#onFrame = onFrame;
    this.#onStatus = onStatus;
    setInterval(() => this.#keepAlive(), PING_EVERY_MS);
  }

  /** Connect now, whatever the back-off says. */
  connect() {
    clearTimeout(this.#timer);
    if (this.#socket && this.#socket.readyState <= WebSocket.OPEN) return;
    this.#onStatus("connecting");
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#heard = Date.now();
    socket.onmessage = (event) => {
      if (socket === this.#socket) this.#received(JSON.parse(event.data));
    };
    socket.onclose = (event) => {
      if (socket === this.#socket) this.#closed(event.code);
    };
  }

  send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #received(frame) {
    this.#heard = Date.now();
    if (frame.type === "hello") {
      this.#hello = { stream: frame.data.stream, seq: frame.seq };
      this.#onFrame(frame);
      this.send(this.#stream === null ? { type: "subscribe" } : { type: "subscribe", stream: this.#stream, since: this.#seq });
      return;
    }
    if (frame.type === "snapshot") {
      if (this.#hello) this.#stream = this.#hello.stream; // the old stream was not known any more, or this is the first
    } else if (this.#seq !== null && frame.seq <= this.#seq) {
      return;
    } else if (this.#seq !== null && frame.seq > this.#seq + 1) {
      this.#startOver();
      return;
    }
    this.#seq = frame.seq;
    if (frame.type === "snapshot" || frame.type === "resumed") {
      this.#hello = null;
      this.#pause = FIRST_PAUSE_MS;
      this.#onFrame(frame);
      this.#onStatus("live");
    } else if (frame.type !== "pong" && frame.type !== "error") {
      this.#onFrame(frame);
    }
  }

  /** A hole in the numbers: what is shown may be wrong, so ask for everything. */
  #startOver() {
    this.#stream = null;
    this.#seq = null;
    this.send({ type: "subscribe" });
  }

  #closed(code) {
    this.#socket = null;
    if (code === 4401 || code === 4403) {
      this.#stream = null;
      this.#seq = null;
      this.#onStatus(code === 4401 ? "signed-out" : "forbidden");
      return;
    }
    this.#onStatus("connecting");
    if (code === 4408) this.#stream = null;
    const soon = code === 1012 || code === 4408;
    const pause = soon ? 200 + Math.random() * 300 : this.#pause * (0.75 + Math.random() / 2);
    if (!soon) this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
    this.#timer = setTimeout(() => this.connect(), pause);
  }

  /** A half-open connection looks alive for minutes: ask, and give up on silence. */
  #keepAlive() {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    if (Date.now() - this.#heard > SILENCE_MS) {
      const silent = this.#socket;
      this.#closed(1006);
      silent.onclose = null;
      silent.close();
    } else {
      this.send({ type: "ping" });
    }
  }
}
