// The control API of the sandbox as this page uses it, and the only place that knows its field names.

async function call(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error("连接不上沙箱，请确认沙箱进程还在运行。");
  }
  const text = await response.text();
  let answer = {};
  try {
    answer = text ? JSON.parse(text) : {};
  } catch {
    answer = { error: text };
  }
  if (!response.ok) throw new Error(answer.error || answer.reason || `沙箱回答了 ${response.status}。`);
  return answer;
}

function post(path, body) {
  return call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

function list(answer, name) {
  return Array.isArray(answer) ? answer : answer[name] ?? [];
}

/** A menu button: {name, type, key, url, children}. */
function readButton(raw) {
  const children = raw.sub_button?.list ?? raw.sub_button ?? raw.children ?? [];
  return { name: raw.name ?? "", type: raw.type ?? "", key: raw.key ?? "", url: raw.url ?? "", children: children.map(readButton) };
}

function readMenu(raw) {
  const buttons = Array.isArray(raw) ? raw : raw?.button ?? raw?.menu?.button ?? [];
  return buttons.map(readButton);
}

/** An account: {name, title, wecom, corp, corpTitle, kind, menu, scenes}. */
function readAccount(raw) {
  const wecom = (raw.channel ?? raw.platform) === "wecom" || "corp_id" in raw;
  return {
    name: raw.name,
    title: raw.title ?? raw.name,
    wecom,
    corp: raw.corp_id ?? null,
    corpTitle: raw.corp_title ?? "",
    kind: raw.kind ?? "service",
    originalId: raw.original_id ?? "",
    menu: readMenu(raw.menu),
    scenes: raw.scenes ?? raw.qrcodes ?? [],
  };
}

function readPerson(raw) {
  const staff = "userid" in raw || raw.kind === "member";
  return { id: raw.id ?? raw.userid, name: raw.name ?? raw.id ?? raw.userid, staff, corp: raw.corp_id ?? null };
}

export async function fetchAccounts() {
  return list(await call("/sandbox/accounts"), "accounts").map(readAccount);
}

export async function fetchPeople() {
  const answer = await call("/sandbox/people");
  return [...list(answer, "people"), ...(answer.members ?? [])].map(readPerson);
}

/** {messages, following, pending} of one person and account. */
export async function fetchChat(account, person) {
  const answer = await call(`/sandbox/chat?${new URLSearchParams({ account, person })}`);
  return {
    messages: list(answer, "messages"),
    following: answer.following ?? answer.state?.following ?? null,
    pending: Number(answer.pending ?? answer.state?.pending ?? 0) > 0,
  };
}

export function act(account, person, kind, fields = {}) {
  return post("/sandbox/act", { account, person, act: kind, wait: false, ...fields });
}

export function fetchClock() {
  return call("/sandbox/clock");
}

export function advanceClock(seconds, step) {
  return post("/sandbox/clock/advance", { seconds, step });
}

/** Lines after number `after`, waiting up to `wait` seconds for one. */
export function fetchRecord(after, wait, signal) {
  return call(`/sandbox/record?${new URLSearchParams({ after, wait })}`, { signal });
}

/** Call `onNews` when the chat has changed; comes back by itself after a broken connection. Returns its end. */
export function follow(account, person, onNews) {
  let socket = null;
  let ended = false;
  let delay = 500;
  const connect = () => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    socket = new WebSocket(`${scheme}://${location.host}/sandbox/live?${new URLSearchParams({ account, person })}`);
    socket.addEventListener("open", () => {
      delay = 500;
      onNews();
    });
    socket.addEventListener("message", onNews);
    socket.addEventListener("close", () => {
      if (ended) return;
      setTimeout(() => ended || connect(), delay);
      delay = Math.min(delay * 2, 8000);
    });
  };
  connect();
  return () => {
    ended = true;
    socket.close();
  };
}
