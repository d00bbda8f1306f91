// The list of conversations, drawn into the phone's first screen and into the panel beside it.

import { avatar } from "./avatar.js";
import { isShown, preview } from "./bubbles.js";
import { el, replace } from "./dom.js";
import { icon } from "./icons.js";
import { listTime } from "./time.js";

// A load test can leave thousands behind; the address (?person=) still reaches every one of them.
const MOST_PEOPLE = 48;

function conversation(store, clock, account, onOpen) {
  const chat = store.chat(account);
  const last = chat.messages.findLast(isShown);
  const unread = store.unread(account);
  const open = store.open?.name === account.name;
  const words = chat.draft ? [el("em", {}, "[草稿] "), chat.draft] : last ? preview(last) : chat.following === false ? "未关注" : "暂无消息";
  return el("button", { type: "button", class: `conversation ${open ? "current" : ""}`.trim(), "aria-current": open ? "true" : null, data: { account: account.name },
    on: { click: () => onOpen(account) } },
  el("span", { class: "conversation-picture" }, avatar(account.name, account.title, { account: true }),
    unread ? el("span", { class: "badge", "aria-label": `${unread} 条未读` }, String(Math.min(99, unread))) : null),
  el("span", { class: "conversation-words" },
    el("span", { class: "conversation-line" }, el("strong", {}, account.title), last ? el("time", {}, listTime(last.at, clock.now())) : null),
    el("span", { class: "conversation-preview" }, words)));
}

function conversations(store, clock, onOpen) {
  const latest = (account) => store.chat(account).messages.at(-1)?.at ?? 0;
  return [...store.accountsOf(store.me)].sort((a, b) => latest(b) - latest(a)).map((account) => conversation(store, clock, account, onOpen));
}

/** Draw the first screen of the phone. */
export function drawHome(node, phone) {
  const { store, clock } = phone;
  const unread = store.unreadInAll();
  const name = store.me.staff ? "企业微信" : "微信";
  node.classList.toggle("wecom", store.me.staff);
  replace(node,
    el("header", { class: "titlebar" },
      el("button", { type: "button", class: "identity", "aria-label": `当前身份 ${store.me.name}，切换身份`, on: { click: () => phone.chooseIdentity() } },
        avatar(store.me.id, store.me.name, { className: "small" })),
      el("div", { class: "titles" }, el("h1", { class: "title" }, unread ? `${name}(${unread})` : name)),
      el("button", { type: "button", class: "profile-button", "aria-label": "切换身份", on: { click: () => phone.chooseIdentity() } }, icon("person"))),
    el("nav", { class: "conversations", "aria-label": "会话" }, conversations(store, clock, (account) => phone.open(account))),
    el("p", { class: "home-note" }, `你是${store.me.name}，点左上角换一个身份`));
}

function identity(person, store, onChoose) {
  const current = person === store.me;
  return el("button", { type: "button", class: `identity-card ${current ? "current" : ""}`.trim(), "aria-pressed": String(current), data: { person: person.id },
    on: { click: () => onChoose(person) } },
  avatar(person.id, person.name), el("span", {}, person.name));
}

/** Draw the panel beside the phone: who you are, and this person's conversations. */
export function drawRoster(node, phone) {
  const { store, clock } = phone;
  const groups = [["客户 · 微信", store.people.filter((person) => !person.staff)], ["企业成员 · 企业微信", store.people.filter((person) => person.staff)]];
  replace(node,
    el("header", { class: "brand" }, el("span", { class: "brand-mark", "aria-hidden": "true" }, "知"), el("div", {}, el("strong", {}, "知客沙箱"), el("small", {}, "以任何客户或成员的身份聊天"))),
    groups.filter(([, people]) => people.length).map(([title, people]) =>
      el("section", { class: "panel" }, el("h2", {}, title), el("div", { class: "identities" }, people.slice(0, MOST_PEOPLE).map((person) => identity(person, store, (chosen) => phone.become(chosen)))))),
    el("section", { class: "panel grow" }, el("h2", {}, `${store.me.name}的会话`),
      el("nav", { class: "conversations", "aria-label": "会话" }, conversations(store, clock, (account) => phone.open(account)))));
}
