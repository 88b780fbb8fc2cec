// The JSON API: cookie session, CSRF token, problems as exceptions.

/** What the server said no to. `code` is stable. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? `HTTP ${status}`);
    this.status = status;
    this.code = body.code ?? "unknown";
    this.detail = body.detail;
    this.errors = body.errors ?? [];
    this.claimedBy = body.claimed_by ?? null; // the colleague who has it in hand
  }
}

const csrfField = document.querySelector("meta[name=csrf]");
export const signedOut = new EventTarget();

/** After a new sign-in, here or in another tab, the token is another one. Resolves to who is signed in, or null. */
export async function renewToken() {
  try {
    const answer = await fetch("/api/v1/me", { credentials: "same-origin" });
    if (!answer.ok) return null;
    const { user, csrf } = await answer.json();
    csrfField.setAttribute("content", csrf);
    return user;
  } catch {
    return null;
  }
}

/** One request below /api/v1. Returns {data, etag}; throws Problem, also when the server cannot be reached. */
export async function api(method, path, body, options = {}) {
  try {
    return await once(method, path, body, options);
  } catch (problem) {
    if (problem.code !== "csrf_failed" || (await renewToken()) !== document.body.dataset.user) throw problem;
    return once(method, path, body, options);
  }
}

async function once(method, path, body, { ifMatch, idempotencyKey, keepalive = false }) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRF-Token"] = csrfField.content;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (ifMatch !== undefined && ifMatch !== null) headers["If-Match"] = `"${ifMatch}"`;
  if (idempotencyKey) headers["Idempotency-Key"] = idempotencyKey;
  let response;
  try {
    response = await fetch(`/api/v1${path}`, { method, headers, keepalive, credentials: "same-origin", body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Problem(0, { code: "network" });
  }
  const data = response.status === 204 ? null : await response.json().catch(() => ({}));
  if (response.ok) return { data, etag: response.headers.get("ETag")?.replace(/^(W\/)?"|"$/g, "") ?? null };
  if (response.status === 401) signedOut.dispatchEvent(new Event("signed-out"));
  throw new Problem(response.status, data ?? {});
}

/** A part of a page as HTML, rendered and escaped by the server. */
export async function fetchPart(url) {
  const response = await fetch(url, { headers: { "X-Part": "1" }, credentials: "same-origin", redirect: "manual" });
  if (response.type === "opaqueredirect") signedOut.dispatchEvent(new Event("signed-out"));
  if (!response.ok) throw new Problem(response.status, {});
  const holder = document.createElement("template");
  holder.innerHTML = await response.text();
  return holder.content;
}
