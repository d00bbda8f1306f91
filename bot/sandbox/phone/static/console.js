// The panel with the sandbox's clock and the last lines of its record.

import { el, replace } from "./dom.js";
import { icon } from "./icons.js";
import { fullDate, wallSeconds } from "./time.js";
import { advanceClock, fetchRecord, fetchRecordEnd } from "./wire.js";

// Label, seconds, and the step: fine enough for the platforms' retries, coarse enough for a day to pass soon.
const JUMPS = [["+1分钟", 60, 0.25], ["+1小时", 3600, 5], ["+1天", 86400, 120]];
const SHOWN_LINES = 60;
const WAIT_SECONDS = 20;
const RETRY_MILLISECONDS = 3000;

const WORDS = { push: "推送", answer: "回答", shown: "显示", gave_up: "放弃", call: "调用", dropped: "丢弃", recalled: "撤回" };
const KINDS = {
  text: "文字", image: "图片", voice: "语音", video: "视频", shortvideo: "短视频", location: "位置", link: "链接",
  news: "图文", mpnews: "图文", menu: "选择题", music: "音乐", file: "文件", textcard: "卡片", markdown: "Markdown", template_card: "卡片",
  scancode_push: "菜单扫码", scancode_waitmsg: "菜单扫码", pic_sysphoto: "菜单拍照", pic_photo_or_album: "菜单选图", pic_weixin: "菜单选图", location_select: "菜单选位置",
  view_miniprogram: "小程序", template_card_event: "卡片按钮", template_card_menu_event: "卡片菜单",
  follow: "关注", unfollow: "取消关注", scan: "扫码", click: "菜单", view: "菜单链接", enter: "进入应用",
};
const RESULTS = { reply: "回复", empty: "已收到", invalid: "无效", timeout: "超时", reset: "断开", refused: "拒绝", status: "状态码" };
const VIA = { passive: "被动回复", custom_send: "客服消息", message_send: "应用消息", tip: "系统提示" };
const CAUSES = { duplicate: "内容和刚发过的相同", unlicensed: "成员没有接口许可", "limit or fault": "超出频率，或设了故障" };
const FAULTS = { drop_before_accept: "受理前断开" };

/** One line of the record as {tone, word, detail}. */
export function describe(line) {
  const word = WORDS[line.what] ?? line.what;
  switch (line.what) {
    case "push": return { tone: "out", word, detail: [KINDS[line.kind] ?? line.kind, line.text, line.attempt > 1 ? `第 ${line.attempt} 次` : ""].filter(Boolean).join(" · ") };
    case "answer": return { tone: line.result === "reply" || line.result === "empty" ? "good" : "bad", word, detail: [RESULTS[line.result] ?? line.result, line.status].filter(Boolean).join(" · ") };
    case "shown": return { tone: line.via === "tip" ? "bad" : "good", word, detail: [VIA[line.via] ?? line.via, line.text || KINDS[line.kind] || line.kind].filter(Boolean).join(" · ") };
    case "gave_up": return { tone: "bad", word, detail: `推送 ${line.push} 没有得到回答` };
    case "call": return { tone: line.errcode || line.fault ? "bad" : "", word, detail: [line.path, line.errcode ? `errcode ${line.errcode}` : "", FAULTS[line.fault] ?? line.fault].filter(Boolean).join(" · ") };
    case "dropped": return { tone: "bad", word, detail: [CAUSES[line.cause] ?? line.cause, (line.people ?? []).join("、")].filter(Boolean).join(" · ") };
    case "recalled": return { tone: "", word, detail: "应用消息已撤回" };
    default: return { tone: "", word, detail: [line.account, line.person, line.text].filter(Boolean).join(" · ") };
  }
}

/** `phone` has clock, readClock() and toast(text). */
export class Console {
  #phone;
  #date = el("p", { class: "clock-date" });
  #time = el("p", { class: "clock-time", role: "timer", "aria-label": "沙箱时间" });
  #mode = el("span", { class: "clock-mode" });
  #lines = el("ol", { class: "lines", "aria-label": "平台记录", tabindex: "0" });
  #buttons;

  constructor(node, phone) {
    this.#phone = phone;
    this.#buttons = JUMPS.map(([label, seconds, step]) => el("button", { type: "button", on: { click: () => this.#advance(seconds, step) } }, label));
    replace(node,
      el("section", { class: "panel clock" }, el("h2", {}, icon("clock"), "沙箱时钟", this.#mode), this.#time, this.#date, el("div", { class: "jumps", role: "group", "aria-label": "拨快时钟" }, this.#buttons)),
      el("section", { class: "panel grow" }, el("h2", {}, icon("record"), "平台记录"), this.#lines));
  }

  showClock() {
    const { clock } = this.#phone;
    this.#time.textContent = wallSeconds(clock.now());
    this.#date.textContent = fullDate(clock.now());
    this.#mode.textContent = clock.virtual ? "虚拟" : "真实";
    this.#mode.title = clock.virtual ? "时间只在拨快时前进" : "跟随这台机器的时间";
    this.#buttons.forEach((button) => { button.hidden = !clock.virtual; });
  }

  async #advance(seconds, step) {
    this.#buttons.forEach((button) => { button.disabled = true; });
    try {
      await advanceClock(seconds, step);
      await this.#phone.readClock();
    } catch (error) {
      this.#phone.toast(error.message);
    } finally {
      this.#buttons.forEach((button) => { button.disabled = false; });
    }
  }

  /** Follow the record from its last lines on, for as long as the page lives. */
  async followRecord() {
    let after = null;
    for (;;) {
      try {
        after ??= Math.max(0, (await fetchRecordEnd()) - SHOWN_LINES);
        const { lines, last } = await fetchRecord(after, WAIT_SECONDS);
        after = last;
        this.#add(lines);
      } catch {
        await new Promise((resume) => { setTimeout(resume, RETRY_MILLISECONDS); });
      }
    }
  }

  #add(lines) {
    const pinned = this.#lines.scrollHeight - this.#lines.scrollTop - this.#lines.clientHeight < 40;
    this.#lines.append(...lines.slice(-SHOWN_LINES).map((line) => this.#line(line)));
    while (this.#lines.childElementCount > SHOWN_LINES) this.#lines.firstElementChild.remove();
    if (pinned) this.#lines.scrollTop = this.#lines.scrollHeight;
  }

  #line(line) {
    const { tone, word, detail } = describe(line);
    const who = [line.account, line.person].filter(Boolean).join(" / ");
    return el("li", { class: `line ${tone}`.trim() },
      el("span", { class: "line-head" }, el("b", {}, word), el("span", {}, who), el("time", {}, wallSeconds(line.at))),
      detail ? el("span", { class: "line-detail" }, detail) : null);
  }
}
