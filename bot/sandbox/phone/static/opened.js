// What opens over the chat after a tap: a web page, a mini program, a video. None of it leaves the sandbox.

import { el } from "./dom.js";
import { icon } from "./icons.js";

/** `phone` has sheets and toast(text). */
export class Opened {
  #phone;

  constructor(phone) {
    this.#phone = phone;
  }

  /** The page behind a link: its address, and a way to open it outside of the sandbox. */
  page(address, title) {
    const web = /^https?:/iu.test(address ?? "");
    this.#phone.sheets.show("打开网页", (close) => el("div", { class: "page-sheet" },
      el("span", { class: "row-icon big" }, icon("link")),
      el("strong", {}, title || "网页"),
      el("p", { class: "address" }, address || "（没有网址）"),
      el("p", { class: "hint" }, "沙箱里的手机不访问外部网站。"),
      web ? el("a", { class: "primary", href: address, target: "_blank", rel: "noopener noreferrer", on: { click: close } }, "在浏览器中打开") : null,
      el("button", { type: "button", class: "secondary", on: { click: () => this.#copy(address, close) } }, "复制网址")));
  }

  /** The card of a mini program: which one, and at what page it would begin. */
  program({ name, appid, pagepath }) {
    this.#phone.sheets.show(name || "小程序", (close) => el("div", { class: "page-sheet" },
      el("div", { class: "program-card" },
        el("span", { class: "program-head" }, el("span", { class: "program-mark" }, icon("program")), name || "小程序"),
        el("span", { class: "program-picture", "aria-hidden": "true" }, icon("program")),
        el("dl", {}, el("dt", {}, "AppID"), el("dd", {}, appid || "—"), el("dt", {}, "页面"), el("dd", {}, pagepath || "首页")),
        el("small", { class: "program-foot" }, icon("program"), "小程序")),
      el("p", { class: "hint" }, "沙箱里的手机不运行小程序。"),
      el("button", { type: "button", class: "secondary", on: { click: close } }, "关闭小程序")));
  }

  /** The video on the whole screen, begun at once. */
  film(address) {
    this.#phone.sheets.show("视频", () => el("video", { class: "cinema", src: address, controls: true, autoplay: true, playsinline: true, loop: true }),
      { full: true, className: "dark" });
  }

  async #copy(address, close) {
    close();
    try {
      await navigator.clipboard.writeText(address);
      this.#phone.toast("已复制");
    } catch {
      this.#phone.toast("浏览器不允许复制");
    }
  }
}
