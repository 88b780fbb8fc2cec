// SharedWorker: owns the one socket of this browser. Tabs are ports; the one focused last may ring.
import { LiveState } from "./live_state.js";
import { PushSocket } from "./socket.js";

const tabs = new Set();
const state = new LiveState();
let status = "connecting";
let ringer = null;
let synced = false;

const tell = (message) => tabs.forEach((tab) => tab.postMessage(message));

const socket = new PushSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`, {
  onFrame(frame) {
    state.apply(frame);
    if (frame.type === "snapshot") synced = true;
    tell({ frame });
  },
  onStatus(now) {
    status = now;
    tell({ status });
  },
});

function makeRinger(tab) {
  if (ringer === tab) return;
  ringer?.postMessage({ rings: false });
  ringer = tab;
  ringer?.postMessage({ rings: true });
}

function leave(tab) {
  tabs.delete(tab);
  if (ringer === tab) makeRinger([...tabs].at(-1) ?? null);
}

onconnect = ({ ports: [tab] }) => {
  tabs.add(tab);
  tab.onmessage = ({ data }) => {
    if (data.send) socket.send(data.send);
    if (data.focused) makeRinger(tab);
    if (data.connect) socket.connect();
    if (data.bye) leave(tab);
  };
  tab.postMessage({ clock: { offset: state.offset, version: state.version } });
  if (synced) tab.postMessage({ frame: state.asSnapshot() });
  tab.postMessage({ status });
  if (ringer === null) makeRinger(tab);
  socket.connect();
};
