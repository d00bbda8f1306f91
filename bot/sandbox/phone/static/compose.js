// The bar under a chat: text or voice, the account's menu, and the panel behind the plus sign.

import { el, replace } from "./dom.js";
import { icon } from "./icons.js";
import { tapMenu } from "./menu_taps.js";
import { chooseVideo } from "./videos.js";

/** `phone` has store, panels, act(kind, fields), and redraws by calling show(account, chat). */
export class Compose {
  #phone;
  #node;
  #account = null;
  #following = null;
  #mode = "menu";
  #panelOpen = false;
  #drawn = "";

  constructor(node, phone) {
    this.#node = node;
    this.#phone = phone;
    node.addEventListener("keydown", (event) => event.key === "Escape" && this.#closePopups());
    document.addEventListener("click", (event) => !event.target.closest(".menubar") && this.#closeSubmenus());
  }

  show(account, chat) {
    if (account.name !== this.#account?.name) {
      this.#mode = account.menu.length ? "menu" : "text";
      this.#panelOpen = false;
    }
    if (!account.menu.length && this.#mode === "menu") this.#mode = "text";
    this.#account = account;
    this.#following = chat.following;
    const state = JSON.stringify([account.name, account.menu, chat.following === false, this.#phone.store.me.id]);
    if (state === this.#drawn) return;
    this.#drawn = state;
    this.#draw();
  }

  forget() {
    this.#drawn = "";
    this.#account = null;
  }

  #draw(focus = null) {
    if (this.#following === false && !this.#account.wecom) replace(this.#node, this.#followBar());
    else if (this.#mode === "menu") replace(this.#node, this.#menuBar());
    else replace(this.#node, this.#inputBar(), this.#panelOpen ? this.#plusPanel() : null);
    if (focus) this.#node.querySelector(focus)?.focus();
  }

  #switch(mode, focus) {
    this.#mode = mode;
    this.#panelOpen = false;
    this.#draw(focus);
  }

  #followBar() {
    return el("div", { class: "followbar" },
      el("button", { type: "button", class: "primary", on: { click: () => this.#phone.act("follow") } }, "关注公众号"),
      el("button", { type: "button", class: "secondary", on: { click: () => this.#phone.panels.scan(this.#account) } }, icon("scan"), "扫一扫"));
  }

  #menuBar() {
    return el("div", { class: "bar menubar", role: "toolbar", "aria-label": this.#account.wecom ? "应用菜单" : "公众号菜单" },
      this.#tool("keyboard", "切换到键盘", () => this.#switch("text", "textarea")),
      this.#account.menu.map((item, index) => this.#menuItem(item, index)));
  }

  #menuItem(item, index) {
    if (!item.children.length) {
      return el("div", { class: "menu-slot" }, el("button", { type: "button", class: "menu-button", on: { click: () => this.#tapMenu(item) } }, item.name));
    }
    const id = `submenu-${index}`;
    const submenu = el("div", { class: "submenu", id, role: "menu", hidden: true },
      item.children.map((child) => el("button", { type: "button", role: "menuitem", on: { click: () => this.#tapMenu(child) } }, child.name)));
    const top = el("button", { type: "button", class: "menu-button", "aria-haspopup": "menu", "aria-expanded": "false", "aria-controls": id,
      on: { click: () => this.#toggleSubmenu(top, submenu) } }, icon("menu"), item.name);
    return el("div", { class: "menu-slot" }, top, submenu);
  }

  #toggleSubmenu(top, submenu) {
    const opening = submenu.hidden;
    this.#closeSubmenus();
    submenu.hidden = !opening;
    top.setAttribute("aria-expanded", String(opening));
  }

  #closeSubmenus() {
    this.#node.querySelectorAll(".submenu").forEach((submenu) => { submenu.hidden = true; });
    this.#node.querySelectorAll("[aria-expanded]").forEach((top) => top.setAttribute("aria-expanded", "false"));
  }

  #closePopups() {
    this.#closeSubmenus();
    if (this.#panelOpen) {
      this.#panelOpen = false;
      this.#draw("[data-plus]");
    }
  }

  #tapMenu(item) {
    this.#closeSubmenus();
    return tapMenu(this.#phone, item, this.#account);
  }

  #tool(name, label, onTap, attributes = {}) {
    return el("button", { type: "button", class: "tool", "aria-label": label, title: label, on: { click: onTap }, ...attributes }, icon(name));
  }

  #inputBar() {
    const voice = this.#mode === "voice";
    return el("div", { class: "bar inputbar" },
      this.#account.menu.length ? this.#tool("menu", "切换到菜单", () => this.#switch("menu", ".menu-button"), { class: "tool to-menu" }) : null,
      voice ? this.#tool("keyboard", "切换到键盘", () => this.#switch("text", "textarea")) : this.#tool("voice", "切换到语音", () => this.#switch("voice", ".hold")),
      voice ? this.#holdToTalk() : this.#textField(),
      this.#tool("plus", "更多功能", () => this.#togglePanel(), { "data-plus": true, "aria-expanded": String(this.#panelOpen) }));
  }

  #holdToTalk() {
    return el("button", { type: "button", class: "hold", on: { click: () => this.#phone.panels.voice(this.#account) } }, "按住 说话");
  }

  #textField() {
    const store = this.#phone.store;
    const account = this.#account;
    const send = el("button", { type: "submit", class: "send" }, "发送");
    const field = el("textarea", { rows: 1, "aria-label": "输入消息", enterkeyhint: "send", maxlength: 2000, autocomplete: "off" });
    const fit = () => {
      field.style.height = "auto";
      field.style.height = `${Math.min(field.scrollHeight, 104)}px`;
      node.classList.toggle("filled", field.value.trim() !== "");
      store.keepDraft(account, field.value);
    };
    const submit = async () => {
      const text = field.value;
      if (!text.trim()) return;
      field.value = "";
      fit();
      if (!(await this.#phone.act("text", { text }))) field.value = text;
      fit();
    };
    const node = el("form", { class: "writing", on: { submit: (event) => { event.preventDefault(); submit(); } } }, field, send);
    field.addEventListener("input", fit);
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      submit();
    });
    field.value = store.chat(account).draft ?? "";
    queueMicrotask(fit);
    return node;
  }

  #togglePanel() {
    this.#panelOpen = !this.#panelOpen;
    if (this.#mode === "voice") this.#mode = "text";
    this.#draw(this.#panelOpen ? ".plus-item" : "[data-plus]");
    this.#phone.keepAtEnd();
  }

  #plusPanel() {
    const { panels } = this.#phone;
    const followed = this.#following !== false;
    const items = [["image", "相册", () => panels.album()], ["video", "视频", () => chooseVideo(this.#phone)], ["pin", "位置", () => panels.place()], ["link", "链接", () => panels.link()]];
    if (this.#account.desk) {
      items.push(["file", "文件", () => this.#phone.act("file")]);
      items.push(["person", "扮演客服", () => panels.servicer(this.#account)]);
    } else if (!this.#account.wecom) {
      items.push(["scan", "扫一扫", () => panels.scan(this.#account)]);
      items.push(followed ? ["unfollow", "取消关注", () => this.#phone.act("unfollow")] : ["follow", "关注", () => this.#phone.act("follow")]);
    }
    return el("div", { class: "plus", role: "group", "aria-label": "更多功能" }, items.map(([name, label, onTap]) =>
      el("button", { type: "button", class: "plus-item", on: { click: onTap } }, el("span", { class: "plus-icon" }, icon(name)), label)));
  }
}
