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
  if (!response.ok) throw new Error(answer.error || `沙箱回答了 ${response.status}。`);
  return answer;
}

function post(path, body) {
  return call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

/** A menu button: {name, type, key, url, appid, pagepath, id, children}; `id` names the material or article behind it. */
function readButton(raw) {
  const children = raw.sub_button?.list ?? raw.sub_button ?? [];
  const { name = "", type = "", key = "", url = "", appid = "", pagepath = "" } = raw;
  return { name, type, key, url, appid, pagepath, id: raw.media_id ?? raw.article_id ?? "", children: children.map(readButton) };
}

function readMenu(raw) {
  return (raw ?? []).map(readButton);
}

/** A QR code: {scene, title, ticket, url, image, ends}; `ends` is null for a permanent one, `url` what a scanner reads. */
function readCode(raw) {
  return { scene: raw.scene, title: raw.title ?? "", ticket: raw.ticket, url: raw.url, image: raw.image ?? null, ends: raw.ends ?? null };
}

/** An account: {name, title, wecom, desk, servicers, corp, corpTitle, kind, originalId, menu, codes}. */
function readAccount(raw) {
  return {
    name: raw.name,
    title: raw.title,
    wecom: raw.channel === "wecom",
    desk: raw.channel === "kf",
    servicers: raw.servicers ?? [],
    corp: raw.corp_id ?? null,
    corpTitle: raw.corp_title ?? "",
    kind: raw.kind,
    originalId: raw.original_id ?? "",
    menu: readMenu(raw.menu),
    codes: (raw.scenes ?? []).map(readCode),
  };
}

function readPerson(raw) {
  return { id: raw.id, name: raw.name, staff: raw.kind === "member", corp: raw.corp_id ?? null };
}

/** What a message says besides its text, in one flat object whoever sent it. */
function readContent(raw) {
  const fields = raw.fields ?? {};
  const card = raw[raw.kind];
  const content = { ...raw, ...(card && typeof card === "object" && !Array.isArray(card) ? card : {}) };
  content.media_id ??= fields.MediaId;
  if (raw.from !== "person") return content;
  content.url = fields.Url ?? null;
  content.title = raw.kind === "link" ? raw.text : null;
  content.description = fields.Description ?? null;
  content.label = fields.Label ?? raw.text;
  content.recognition = raw.kind === "voice" ? raw.text : null;
  return content;
}

/** A message: {at, from: "person" | "account" | "system", kind, via, text, content}. */
function readMessage(raw) {
  return { at: raw.at, from: raw.from, kind: raw.kind, via: raw.via ?? null, text: String(raw.text ?? ""), content: readContent(raw) };
}

export async function fetchAccounts() {
  return (await call("/sandbox/accounts")).accounts.map(readAccount);
}

export async function fetchPeople() {
  const { people, members } = await call("/sandbox/people");
  return [...people, ...members].map(readPerson);
}

/** {messages, following, pending, typing, quota} of one person and account; quota is {left, until} or null. */
export async function fetchChat(account, person) {
  const answer = await call(`/sandbox/chat?${new URLSearchParams({ account, person })}`);
  return {
    messages: answer.messages.map(readMessage),
    following: answer.following,
    pending: answer.pending > 0,
    typing: Boolean(answer.typing),
    quota: answer.quota ?? null,
    session: answer.session ?? null,
  };
}

export function act(account, person, kind, fields = {}) {
  return post("/sandbox/act", { account, person, act: kind, wait: false, ...fields });
}

/** Let a servicer of WeChat customer service do something about a person's chat. */
export function serve(account, servicer, person, kind, fields = {}) {
  return post("/sandbox/kf/servicer", { account, servicer, person, act: kind, wait: false, ...fields });
}

/** Tap a menu button that brings a material or an article by itself. */
export function takeMaterial(account, person, id) {
  return post("/sandbox/menu/material", { account, person, id });
}

export function fetchClock() {
  return call("/sandbox/clock");
}

export function advanceClock(seconds, step) {
  return post("/sandbox/clock/advance", { seconds, step });
}

/** Lines after number `after`, waiting up to `wait` seconds for one. */
export function fetchRecord(after, wait) {
  return call(`/sandbox/record?${new URLSearchParams({ after, wait })}`);
}

/** The number of the newest line: what the sandbox answers to whoever asks from beyond the end. */
export async function fetchRecordEnd() {
  return (await fetchRecord(Number.MAX_SAFE_INTEGER, 0)).last;
}

/** Keep a file with the platform, as the phone does before it sends one; returns its media id. */
export async function upload(account, type, blob) {
  const query = new URLSearchParams({ account, type });
  const answer = await call(`/sandbox/media?${query}`, { method: "POST", headers: { "Content-Type": blob.type }, body: blob });
  return answer.media_id;
}

export function mediaAddress(mediaId) {
  return `/sandbox/media/${encodeURIComponent(mediaId)}`;
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
