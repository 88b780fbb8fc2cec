// The tab's end of the live connection: through the shared worker, or an own socket where there is none.
import { LiveState } from "./live_state.js";
import { PushSocket } from "./socket.js";

class Link extends EventTarget {
  state = new LiveState();
  status = "connecting";
  rings = false; // this tab was focused last: it rings and notifies
  #post = () => {};

  start() {
    if ("SharedWorker" in window) this.#useWorker();
    else this.#useOwnSocket();
    addEventListener("focus", () => this.#post({ focused: true }));
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#post({ focused: true, connect: true }));
    addEventListener("online", () => this.#post({ connect: true }));
    addEventListener("pagehide", () => this.#post({ bye: true }));
    addEventListener("pageshow", (event) => event.persisted && location.reload()); // the worker has forgotten this tab
    if (document.hasFocus()) this.#post({ focused: true });
  }

  send(message) {
    this.#post({ send: message });
  }

  reconnect() {
    this.#post({ connect: true });
  }

  /** The server's clock, milliseconds. */
  now() {
    return Date.now() + this.state.offset;
  }

  #useWorker() {
    const worker = new SharedWorker(document.body.dataset.worker, { type: "module", name: "cti" });
    worker.port.onmessage = ({ data }) => this.#heard(data);
    this.#post = (message) => worker.port.postMessage(message);
    worker.onerror = () => {
      if (this.status !== "live") this.#useOwnSocket();
    };
  }

  #useOwnSocket() {
    const others = "BroadcastChannel" in window ? new BroadcastChannel("cti") : null;
    const socket = new PushSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`, {
      onFrame: (frame) => this.#heard({ frame }),
      onStatus: (status) => this.#heard({ status }),
    });
    this.rings = document.hasFocus();
    if (others) others.onmessage = () => this.#heard({ rings: false });
    this.#post = (message) => {
      if (message.send) socket.send(message.send);
      if (message.connect) socket.connect();
      if (message.focused) {
        this.#heard({ rings: true });
        others?.postMessage("focused");
      }
    };
    socket.connect();
  }

  #heard({ frame, status, rings, clock }) {
    if (clock) {
      this.state.offset = clock.offset;
      this.state.version = clock.version;
    }
    if (rings !== undefined) this.rings = rings;
    if (frame) {
      const change = this.state.apply(frame);
      if (change) this.#emit(change.kind, change);
      this.#emit("frame", frame);
    }
    if (status) {
      this.status = status;
      this.#emit("status", { status });
    }
  }

  #emit(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }

  /** Call `listener` with the details of each such change. */
  on(kinds, listener) {
    for (const kind of kinds.split(" ")) this.addEventListener(kind, (event) => listener(event.detail));
  }
}

export const link = new Link();
