// The chat screen: title bar, messages with time stamps, and the bar to write in.

import { avatar } from "./avatar.js";
import { draw, isShown } from "./bubbles.js";
import { Compose } from "./compose.js";
import { el, replace } from "./dom.js";
import { icon } from "./icons.js";
import { STAMP_GAP_SECONDS, dayNumber, stamp } from "./time.js";

const LONGEST = 300;
const NEAR_END_PIXELS = 80;
const NOTHING = { key: "", day: 0, lines: [] };

/** Return how many of `lines` stand at the end of `drawn` already; null when `lines` does not go on from there. */
function alreadyDrawn(drawn, lines) {
  const start = drawn.indexOf(lines[0]);
  if (start < 0) return drawn.length ? null : 0;
  const kept = drawn.length - start;
  return kept <= lines.length && lines.slice(0, kept).every((line, index) => line === drawn[start + index]) ? kept : null;
}

/** `phone` has store, clock, panels, act(), back(). */
export class Chat {
  #phone;
  #log = el("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": "消息", tabindex: "0" });
  #title = el("h1", { class: "title" });
  #subtitle = el("span", { class: "subtitle" });
  #typing = el("span", { class: "typing", role: "status" });
  #unread = el("span", { class: "back-count" });
  #below = el("button", { type: "button", class: "below", hidden: true });
  #compose;
  #node;
  #drawn = NOTHING;

  constructor(node, phone) {
    this.#node = node;
    this.#phone = phone;
    const footer = el("footer", { class: "compose" });
    this.#compose = new Compose(footer, phone);
    this.#below.addEventListener("click", () => this.toEnd());
    this.#log.addEventListener("scroll", () => this.#nearEnd() && (this.#below.hidden = true));
    replace(node,
      el("header", { class: "titlebar" },
        el("button", { type: "button", class: "back", "aria-label": "返回会话列表", on: { click: () => phone.back() } }, icon("back"), this.#unread),
        el("div", { class: "titles" }, this.#title, this.#typing, this.#subtitle),
        el("button", { type: "button", class: "profile-button", "aria-label": "详细资料", on: { click: () => this.#profile() } }, icon("more"))),
      el("div", { class: "log-frame" }, this.#log, this.#below),
      footer);
  }

  #profile() {
    const { store, panels } = this.#phone;
    panels.profile(store.open, store.chat(store.open));
  }

  /** Draw the open chat, adding only what is new when it is the same chat as before. */
  show() {
    const { store } = this.#phone;
    const account = store.open;
    if (!account) {
      this.#compose.forget();
      this.#drawn = NOTHING;
      return;
    }
    const chat = store.chat(account);
    this.#node.classList.toggle("wecom", account.wecom);
    this.#title.textContent = account.title;
    const typing = chat.pending || chat.typing;
    this.#typing.textContent = typing ? "对方正在输入…" : "";
    this.#node.classList.toggle("is-typing", typing);
    this.#subtitle.textContent = account.wecom ? `${account.corpTitle} · 企业微信` : account.desk ? `${account.corpTitle} · 微信客服` : "";
    const elsewhere = store.unreadInAll();
    this.#unread.textContent = elsewhere ? String(Math.min(99, elsewhere)) : "";
    this.#compose.show(account, chat);
    this.#drawMessages(account, chat.messages);
  }

  /** Time stamps are relative: draw them again when the day of the sandbox changes. */
  onClock() {
    if (this.#phone.store.open && this.#drawn.day !== dayNumber(this.#phone.clock.now())) this.show();
  }

  #drawMessages(account, all) {
    const { store, clock } = this.#phone;
    const key = `${account.name} ${store.me.id} ${store.me.staff}`;
    const day = dayNumber(clock.now());
    const shown = all.filter(isShown).slice(-LONGEST);
    const lines = shown.map((message) => JSON.stringify(message));
    const kept = this.#drawn.key === key && this.#drawn.day === day ? alreadyDrawn(this.#drawn.lines, lines) : null;
    const fresh = shown.slice(kept ?? 0);
    const follows = kept === null || this.#nearEnd() || fresh.some((message) => message.from === "person");
    if (!kept) replace(this.#log, shown.length ? null : this.#introduction(account));
    this.#append(fresh, account, kept ? shown[kept - 1] : null);
    this.#drawn = { key, day, lines };
    if (follows) this.toEnd();
    else if (fresh.length) this.#tellBelow(fresh.length);
  }

  #introduction(account) {
    const { following } = this.#phone.store.chat(account);
    const hint = account.wecom ? "企业微信应用" : account.desk ? "微信客服，直接提问就行" : following ? "还没有消息" : "关注后就可以和它聊天";
    return el("div", { class: "introduction" }, avatar(account.name, account.title, { account: true, className: "large" }), el("strong", {}, account.title), el("p", {}, hint));
  }

  #append(messages, account, last) {
    const { store, clock } = this.#phone;
    const sides = { me: store.me, account };
    const actions = {
      open: (address, title) => this.#phone.opened.page(address, title),
      program: (program) => this.#phone.opened.program(program),
      film: (address) => this.#phone.opened.film(address),
      choose: ({ text, id }) => this.#phone.act("text", { text, option: id }),
      press: (event, key, selected, card) => this.#press(event, key, selected, card),
    };
    let before = last?.at ?? -Infinity;
    for (const message of messages) {
      if (message.at - before > STAMP_GAP_SECONDS) this.#log.append(el("div", { class: "stamp" }, stamp(message.at, clock.now())));
      this.#log.append(draw(message, sides, actions));
      before = message.at;
    }
  }

  // WeCom itself changes nothing on the card: that is for the bot, which gets a code for it with the event.
  async #press(event, key, selected, { task_id = "", card_type }) {
    if (await this.#phone.act(event, { key, task_id, card_type, selected })) this.#phone.toast("已提交");
  }

  #nearEnd() {
    return this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < NEAR_END_PIXELS;
  }

  #tellBelow(count) {
    this.#below.textContent = `${count} 条新消息 ↓`;
    this.#below.hidden = false;
  }

  toEnd() {
    this.#below.hidden = true;
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#log.querySelectorAll("img").forEach((image) => image.complete || image.addEventListener("load", () => { this.#log.scrollTop = this.#log.scrollHeight; }, { once: true }));
  }
}
