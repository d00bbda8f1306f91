// Draws one message of a chat: bubble, card, or grey notice.

import { avatar } from "./avatar.js";
import { card } from "./cards.js";
import { button, el } from "./dom.js";
import { icon, map, waves } from "./icons.js";
import { plainText, richText } from "./richtext.js";
import { mediaAddress } from "./wire.js";

const MESSAGE_KINDS = new Set(["text", "image", "voice", "video", "shortvideo", "location", "link", "file", "music"]);
const LABELS = { image: "[图片]", voice: "[语音]", video: "[视频]", shortvideo: "[视频]", location: "[位置]", link: "[链接]", file: "[文件]", mpnews: "[图文]", music: "[音乐]" };
const OWN_BUBBLE = new Set(["text", "voice", "menu"]);

// What the person did that is no message. Taps on the menu leave no trace in a chat, as in WeChat.
function deed(message) {
  switch (message.kind) {
    case "follow": return message.text ? `你扫描二维码（${message.text}）关注了对方` : "你已关注对方，可以开始聊天了";
    case "unfollow": return "你已取消关注";
    case "scan": return message.text ? `你扫描了二维码（${message.text}）` : "你扫描了二维码";
    default: return null;
  }
}

/** Is there anything of this message to see in a chat? */
export function isShown(message) {
  return message.from !== "person" || MESSAGE_KINDS.has(message.kind) || deed(message) !== null;
}

/** One line about the message for the conversation list. */
export function preview(message) {
  const { kind, text, content } = message;
  if (message.from === "person" && deed(message)) return deed(message);
  if (kind === "text" || message.from === "system") return plainText(text);
  if (kind === "menu") return plainText(content.head || text);
  if (kind === "news") return `[图文] ${content.articles?.[0]?.title ?? ""}`;
  if (kind === "markdown") return text.replace(/<[^<>]*>/gu, "").replace(/[#*>`]/gu, "").replace(/\s+/gu, " ").trim();
  return LABELS[kind] ?? (content.title || content.main_title?.title || `[${kind}]`);
}

function voiceSeconds(content) {
  return Math.min(60, Math.round([...(content.recognition ?? "")].length * 0.3 + 1.8));
}

function voice(content) {
  const seconds = voiceSeconds(content);
  const length = Math.min(5, 1 + Math.floor(seconds / 4));
  const parts = [el("div", { class: `bubble voice length-${length}` }, waves(), el("span", {}, `${seconds}″`))];
  if (content.recognition) parts.push(el("div", { class: "transcript" }, content.recognition));
  return parts;
}

function missingPicture() {
  return el("div", { class: "picture placeholder" }, icon("image"), el("span", {}, "图片"));
}

// The platform keeps media for three days; after that only their place is left.
function picture(content) {
  if (!content.media_id) return missingPicture();
  const image = el("img", { class: "picture", src: mediaAddress(content.media_id), alt: "图片" });
  image.addEventListener("error", () => image.replaceWith(missingPicture()), { once: true });
  return image;
}

function missingFilm(content) {
  return el("div", { class: "picture placeholder film" }, icon("play"), el("span", {}, content.title || "视频"));
}

function length(seconds) {
  const whole = Math.max(1, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function film(content, actions) {
  if (!content.media_id) return missingFilm(content);
  const address = mediaAddress(content.media_id);
  const time = el("span", { class: "film-length" });
  const frame = el("video", { src: address, muted: true, preload: "auto", playsinline: true });
  const node = button("播放视频", "picture film-frame", () => actions.film(address), frame, el("span", { class: "film-play" }, icon("play")), time);
  frame.addEventListener("loadedmetadata", () => { time.textContent = length(frame.duration); }, { once: true });
  frame.addEventListener("error", () => node.replaceWith(missingFilm(content)), { once: true });
  return node;
}

function place(content) {
  const [title, ...rest] = (content.label || "位置").split(" ");
  return el("div", { class: "card place" }, el("strong", {}, title), rest.length ? el("small", {}, rest.join(" ")) : null, map(content.label ?? ""));
}

function sharedLink(content, actions) {
  return el("button", { type: "button", class: "card shared", on: { click: () => actions.open(content.url, content.title) } },
    el("strong", {}, content.title || content.url),
    el("span", { class: "shared-row" }, el("small", {}, content.description || content.url || ""), el("span", { class: "thumb" }, icon("link"))));
}

function choices(content, actions) {
  return el("div", { class: "bubble menu" },
    el("div", { class: "menu-head" }, richText(content.head, actions)),
    el("div", { class: "menu-options" }, content.options.map(({ id, label }) => button(label, "link option", () => actions.choose({ text: label, id })))),
    el("div", { class: "menu-tail" }, richText(content.tail, actions)));
}

function body(message, actions) {
  const { kind, text, content } = message;
  switch (kind) {
    case "text": return el("div", { class: "bubble" }, richText(text, actions));
    case "image": return picture(content);
    case "voice": return voice(content);
    case "video":
    case "shortvideo": return film(content, actions);
    case "location": return place(content);
    case "link": return sharedLink(content, actions);
    case "menu": return choices(content, actions);
    default: return card(kind, content, actions) ?? el("div", { class: "bubble" }, text || preview(message));
  }
}

function notice(words, className = "notice") {
  return el("div", { class: className }, words);
}

/** Draw the message; `sides` is {me: {id, name}, account: {name, title, wecom}}. */
export function draw(message, sides, actions) {
  if (message.from === "system") return notice(message.text, message.via === "tip" ? "notice tip" : "notice");
  const mine = message.from === "person";
  if (mine && deed(message)) return notice(deed(message));
  const who = mine ? sides.me.name : sides.account.title;
  const wide = message.kind === "news" && !sides.account.wecom;
  if (wide) return el("div", { class: "row wide", role: "group", "aria-label": who }, body(message, actions));
  const picture = mine ? avatar(sides.me.id, sides.me.name) : avatar(sides.account.name, sides.account.title, { account: true });
  // A servicer's own words bear their name; else a customer could not tell who speaks, as in WeChat itself.
  const sender = message.via === "servicer" ? message.content.servicer : sides.account.wecom && !mine ? sides.account.title : "";
  return el("div", { class: `row ${mine ? "mine" : "theirs"} ${OWN_BUBBLE.has(message.kind) ? "" : "plain"}`.trim(), role: "group", "aria-label": `${who}说` },
    picture,
    el("div", { class: "said" }, sender ? el("span", { class: "sender" }, sender) : null, body(message, actions)));
}
