// Draws one message of a chat: bubble, card, or grey notice.

import { ownAddress } from "./address.js";
import { avatar } from "./avatar.js";
import { card } from "./cards.js";
import { button, el } from "./dom.js";
import { icon, map, waves } from "./icons.js";
import { plainText, richText } from "./richtext.js";

const EVENT_NOTICES = {
  follow: "你已关注该公众号",
  subscribe: "你已关注该公众号",
  unfollow: "你已取消关注该公众号",
  unsubscribe: "你已取消关注该公众号",
  scan: "你扫描了二维码",
  SCAN: "你扫描了二维码",
};
// What WeChat itself does not show in the chat: a tap on the menu leaves no trace there.
const SILENT = new Set(["click", "CLICK", "view", "VIEW", "enter", "enter_agent", "raw_event", "event"]);
const LABELS = { image: "[图片]", voice: "[语音]", video: "[视频]", shortvideo: "[视频]", location: "[位置]", link: "[链接]", file: "[文件]", music: "[音乐]" };
const OWN_BUBBLE = new Set(["text", "voice", "msgmenu", "menu"]);

/** The content of a message in one flat object, wherever the sandbox put it. */
export function contentOf(message) {
  const nested = message[message.kind];
  return { ...message, ...message.fields, ...(nested && typeof nested === "object" && !Array.isArray(nested) ? nested : {}) };
}

function text(content) {
  return String(content.text ?? content.content ?? "");
}

/** Is there anything of this message to see in a chat? */
export function isShown(message) {
  return message.from !== "person" || !SILENT.has(message.kind);
}

/** One line about the message for the conversation list. */
export function preview(message) {
  const content = contentOf(message);
  if (message.kind === "text" || message.from === "system") return plainText(text(content)) || EVENT_NOTICES[message.kind] || "";
  if (message.kind === "msgmenu" || message.kind === "menu") return plainText(content.head_content ?? content.head ?? "");
  if (message.kind === "news" || message.kind === "mpnews") return `[图文] ${content.articles?.[0]?.title ?? ""}`;
  if (message.kind === "markdown") return plainText(text(content)).replace(/[#*>`]/gu, "").trim();
  return LABELS[message.kind] ?? EVENT_NOTICES[message.kind] ?? content.title ?? content.main_title?.title ?? `[${message.kind}]`;
}

function voiceSeconds(content) {
  const spoken = content.seconds ?? content.duration;
  return Math.min(60, Math.max(1, Math.round(spoken ?? [...String(content.recognition ?? "")].length * 0.3 + 1.2)));
}

function voice(content) {
  const seconds = voiceSeconds(content);
  const length = Math.min(5, 1 + Math.floor(seconds / 4));
  const parts = [el("div", { class: `bubble voice length-${length}` }, waves(), el("span", {}, `${seconds}″`))];
  if (content.recognition) parts.push(el("div", { class: "transcript" }, content.recognition));
  return parts;
}

function picture(content) {
  const address = ownAddress(content.url ?? content.pic_url ?? content.picurl);
  return address
    ? el("img", { class: "picture", src: address, alt: content.label ?? "图片" })
    : el("div", { class: "picture placeholder" }, icon("image"), el("span", {}, "图片"));
}

function place(content) {
  const latitude = Number(content.latitude ?? content.lat ?? 0);
  const longitude = Number(content.longitude ?? content.lon ?? 0);
  const [title, ...rest] = String(content.label || "位置").split(" ");
  return el("div", { class: "card place" },
    el("strong", {}, title),
    el("small", {}, rest.join(" ") || `${latitude.toFixed(4)}, ${longitude.toFixed(4)}`),
    map(latitude, longitude));
}

function sharedLink(content, actions) {
  return el("button", { type: "button", class: "card shared", on: { click: () => actions.open(content.url, content.title) } },
    el("strong", {}, content.title || content.url),
    el("span", { class: "shared-row" }, el("small", {}, content.description || content.url), el("span", { class: "thumb" }, icon("link"))));
}

function choices(content, actions) {
  const options = content.list ?? content.options ?? [];
  return el("div", { class: "bubble menu" },
    el("div", { class: "menu-head" }, richText(String(content.head_content ?? content.head ?? ""), actions)),
    el("div", { class: "menu-options" }, options.map((option) => {
      const label = option.content ?? option.label ?? "";
      return button(label, "link option", () => actions.choose({ text: label, id: String(option.id) }));
    })),
    content.tail_content ?? content.tail ? el("div", { class: "menu-tail" }, richText(String(content.tail_content ?? content.tail), actions)) : null);
}

function body(message, actions) {
  const content = contentOf(message);
  switch (message.kind) {
    case "text": return el("div", { class: "bubble" }, richText(text(content), actions));
    case "image": return picture(content);
    case "voice": return voice(content);
    case "video":
    case "shortvideo": return el("div", { class: "picture placeholder film" }, icon("play"), el("span", {}, content.title || "视频"));
    case "location": return place(content);
    case "link": return sharedLink(content, actions);
    case "msgmenu":
    case "menu": return choices(content, actions);
    default: return card(message.kind, content, actions) ?? el("div", { class: "bubble" }, text(content) || preview(message));
  }
}

function notice(message) {
  const words = text(contentOf(message)) || EVENT_NOTICES[message.kind] || message.kind;
  return el("div", { class: message.via === "tip" || message.kind === "tip" ? "notice tip" : "notice" }, words);
}

/** Draw the message; `sides` is {me: {id, name}, account: {name, title, wecom}}. */
export function draw(message, sides, actions) {
  if (message.from === "system" || message.via === "tip" || (message.from === "person" && message.kind in EVENT_NOTICES)) return notice(message);
  const mine = message.from === "person";
  const who = mine ? sides.me.name : sides.account.title;
  const wide = ["news", "mpnews", "template_card", "template"].includes(message.kind) && !sides.account.wecom;
  if (wide) return el("div", { class: "row wide", role: "group", "aria-label": who }, body(message, actions));
  const picture = mine ? avatar(sides.me.id, sides.me.name) : avatar(sides.account.name, sides.account.title, { account: true });
  const named = sides.account.wecom && !mine;
  return el("div", { class: `row ${mine ? "mine" : "theirs"} ${OWN_BUBBLE.has(message.kind) ? "" : "plain"}`.trim(), role: "group", "aria-label": `${who}说` },
    picture,
    el("div", { class: "said" }, named ? el("span", { class: "sender" }, sides.account.title) : null, body(message, actions)));
}
