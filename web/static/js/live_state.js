// What is now, folded from the numbered frames. Runs in the worker (for tabs that join) and in every tab.

const PHASE_START = { ringing: "rang_at", talking: "answered_at", wrap_up: "ended_at" };

export class LiveState {
  constructor() {
    this.pops = new Map();
    this.queues = new Map();
    this.agents = new Map();
    this.pbx = new Map();
    this.requests = new Map();
    this.offset = 0; // server clock minus ours, milliseconds
    this.version = null;
    this.asOf = null; // when the last frame came, server time
  }

  /** Take in one frame. Returns what changed: {kind, …} or null. */
  apply(frame) {
    this.asOf = frame.at;
    const { type, data } = frame;
    switch (type) {
      case "hello":
        this.offset = Date.parse(data.server_time) - Date.now();
        this.version = data.version;
        return null;
      case "snapshot":
        return this.#replace(frame);
      case "pop.show":
      case "pop.update": {
        const before = this.pops.get(data.pop_id);
        const pop = this.#since(data, before, frame.at);
        if (type === "pop.show") this.pops.delete(data.pop_id); // a new offer goes to the end
        this.pops.set(data.pop_id, pop);
        return { kind: "pop", pop, fresh: type === "pop.show" };
      }
      case "pop.retract": {
        const before = this.pops.get(data.pop_id);
        this.pops.delete(data.pop_id);
        return before ? { kind: "retract", pop: before, reason: data.reason, by: data.by ?? null } : null;
      }
      case "queue.update":
        if (data.removed) this.queues.delete(`${data.pbx}:${data.name}`);
        else this.queues.set(`${data.pbx}:${data.name}`, data);
        return { kind: "queues" };
      case "agent.update":
        this.agents.set(`${data.pbx}:${data.name}`, data);
        if (data.pbx) this.agents.delete(`null:${data.name}`);
        return { kind: "agents" };
      case "pbx.update":
        this.pbx.set(data.name, data);
        return { kind: "pbx" };
      case "request.update":
        this.requests.set(data.id, data);
        return { kind: "request", request: data };
      case "task.due":
        return { kind: "due", task: data };
      case "task.update":
        return { kind: "task", task: data };
      default:
        return null;
    }
  }

  /** What this person does: of several telephone systems, where they do anything. */
  agent(name) {
    const rows = [...this.agents.values()].filter((agent) => agent.name === name);
    return rows.find((agent) => agent.state !== "offline") ?? rows[0] ?? null;
  }

  /** Everything as one frame, for a tab that has just come. */
  asSnapshot() {
    const list = (map) => [...map.values()];
    const data = { pops: list(this.pops), queues: list(this.queues), agents: list(this.agents), pbx: list(this.pbx), requests: list(this.requests) };
    return { v: 1, type: "snapshot", at: this.asOf, data };
  }

  #replace({ data, at }) {
    const before = this.pops;
    const fill = (items, key) => new Map((items ?? []).map((item) => [key(item), item]));
    this.pops = fill((data.pops ?? []).map((pop) => this.#since(pop, before.get(pop.pop_id), at)), (pop) => pop.pop_id);
    this.queues = fill(data.queues, (queue) => `${queue.pbx}:${queue.name}`);
    this.agents = fill(data.agents, (agent) => `${agent.pbx}:${agent.name}`);
    this.pbx = fill(data.pbx, (pbx) => pbx.name);
    this.requests = fill(data.requests, (request) => request.id);
    const gone = [...before.values()].filter((pop) => !this.pops.has(pop.pop_id));
    return { kind: "snapshot", gone };
  }

  /** When the present phase began: what the timer counts from. */
  #since(pop, before, at) {
    if (pop.since) return pop;
    if (before && before.phase === pop.phase && before.offer === pop.offer) return { ...pop, since: before.since };
    const resumed = before && before.phase === "hold" && pop.phase === "talking";
    return { ...pop, since: (!resumed && pop.call[PHASE_START[pop.phase]]) || at };
  }
}
