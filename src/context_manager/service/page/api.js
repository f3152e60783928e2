// Asks the service. Decides where it is, whose memory is meant, and what a refusal says in words.
// The key stays in this tab's session storage and goes nowhere but into requests.

const BASE = new URL("../", import.meta.url);
const KEY = "context-manager.key";
const WHOSE = "context-manager.whose";
const IN_QUERY = new Set(["GET", "PUT", "DELETE"]);

/** A request that was not carried out, in words for a person. */
class Refused extends Error {
  constructor(status, title, detail, wait = null) {
    super(detail);
    Object.assign(this, { status, title, detail, wait });
  }
}

export const key = () => sessionStorage.getItem(KEY) ?? "";

export function setKey(value) {
  if (value) sessionStorage.setItem(KEY, value);
  else sessionStorage.removeItem(KEY);
}

/** Whose memory: user_id, session_id, agent_id; what is left out is the service's own choice. */
export function whose() {
  try {
    return JSON.parse(sessionStorage.getItem(WHOSE) ?? "{}");
  } catch {
    return {};
  }
}

export function setWhose(values) {
  const kept = Object.fromEntries(Object.entries(values).filter(([, value]) => value));
  sessionStorage.setItem(WHOSE, JSON.stringify(kept));
}

/** The answer of a route; raises `Refused`. */
export async function ask(method, path, given = {}) {
  const address = new URL(path, BASE);
  const headers = {};
  if (key()) headers.Authorization = `Bearer ${key()}`;
  const sent = { method, headers, cache: "no-store", credentials: "omit" };
  const values = { ...whose(), ...given };
  if (IN_QUERY.has(method)) {
    for (const [name, value] of Object.entries(values)) {
      if (value !== null && value !== undefined) address.searchParams.set(name, value);
    }
  } else {
    headers["Content-Type"] = "application/json";
    sent.body = JSON.stringify(values);
  }
  const answer = await fetched(address, sent);
  if (answer.ok) return answer.json();
  throw await refusal(answer);
}

/** The address of something that belongs to a memory. */
export const memoryPath = (id, rest = "") => `memory/${encodeURIComponent(id)}${rest}`;

async function fetched(address, sent) {
  try {
    return await fetch(address, sent);
  } catch {
    throw new Refused(
      0,
      "The service does not answer",
      "It may have stopped; start it and try again.",
    );
  }
}

async function refusal(answer) {
  let told = {};
  try {
    told = await answer.json();
  } catch {
    told = { title: "It failed", detail: `The service answered ${answer.status}.` };
  }
  const wait = answer.headers.get("Retry-After");
  if (answer.status === 401) {
    const detail = key()
      ? "The key was refused: it is unknown, revoked or has expired. Enter another one."
      : "This service asks who is there. Make a key with “context-manager keys create” and enter it here.";
    return new Refused(401, key() ? "The key was refused" : "A key is needed", detail);
  }
  if (answer.status === 429) {
    return new Refused(
      429,
      "Too many requests",
      `Try again in ${wait ?? "a few"} seconds.`,
      Number(wait),
    );
  }
  return new Refused(answer.status, told.title ?? "It failed", told.detail ?? "");
}
