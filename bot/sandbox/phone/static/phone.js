// Joins the parts of the page: reads who there is, then draws whenever something changes.

import { Chat } from "./chat.js";
import { Clock } from "./clock.js";
import { Console } from "./console.js";
import { el, replace } from "./dom.js";
import { drawHome, drawRoster } from "./home.js";
import { phoneStatus } from "./icons.js";
import { Opened } from "./opened.js";
import { Panels } from "./panels.js";
import { Sheets } from "./sheet.js";
import { Store } from "./store.js";
import { dayNumber, wallTime } from "./time.js";
import { upload } from "./wire.js";

const CLOCK_MILLISECONDS = 1000;
const ACCOUNTS_MILLISECONDS = 5000;
const TOAST_MILLISECONDS = 2600;

const part = (id) => document.getElementById(id);

class Phone {
  clock = new Clock();
  store = new Store();
  sheets = new Sheets(part("layer"), part("screens"));
  panels = new Panels(this);
  opened = new Opened(this);
  #chat = new Chat(part("chat"), this);
  #console = new Console(part("console"), this);
  #time = el("span", { class: "status-time" });
  #toastTimer = 0;
  #day = 0;

  async start() {
    replace(part("statusbar"), this.#time, phoneStatus());
    await Promise.all([this.store.load(), this.clock.refresh()]);
    if (!this.store.people.length) throw new Error("沙箱的配置里没有人，请在 people 或 members 里写上。");
    for (const change of ["people", "open"]) {
      this.store.addEventListener(change, () => {
        this.sheets.close({ back: false });
        this.#draw();
      });
    }
    this.store.addEventListener("chat", () => this.#onChat());
    this.store.addEventListener("trouble", (event) => this.toast(event.detail));
    this.#readAddress();
    window.addEventListener("popstate", () => this.#readAddress());
    setInterval(() => this.#tick(), CLOCK_MILLISECONDS);
    setInterval(() => this.#reloadAccounts(), ACCOUNTS_MILLISECONDS);
    this.#console.followRecord();
  }

  /** The address says who one is and which chat is open, so that it can be shared and gone back to. */
  #readAddress() {
    const query = new URLSearchParams(location.search);
    const wanted = this.store.people.find((person) => person.id === query.get("person") && (!query.get("as") || (query.get("as") === "staff") === person.staff));
    const person = wanted ?? this.store.people[0];
    if (person !== this.store.me) this.store.choosePerson(person.id, person.staff);
    const account = this.store.accountsOf(person).find((one) => one.name === query.get("account")) ?? null;
    this.store.openChat(account ?? (this.#isWide() && !query.has("person") ? this.store.accountsOf(person)[0] ?? null : null));
  }

  #writeAddress() {
    const query = new URLSearchParams({ as: this.store.me.staff ? "staff" : "customer", person: this.store.me.id });
    if (this.store.open) query.set("account", this.store.open.name);
    history.pushState(null, "", `/phone?${query}`);
  }

  #isWide() {
    return window.matchMedia("(min-width: 1100px)").matches;
  }

  become(person) {
    this.store.choosePerson(person.id, person.staff);
    if (this.#isWide()) this.store.openChat(this.store.accountsOf(person)[0] ?? null);
    this.#writeAddress();
  }

  /** Opening an application's chat is an event in WeCom; an official account does not learn of it. */
  open(account) {
    const entering = (account.wecom || account.desk) && this.store.open?.name !== account.name;
    this.store.openChat(account);
    this.#writeAddress();
    if (entering) this.act("enter");
  }

  /** Send a picture; with a menu button (its type and key) the platform tells of the choice first. */
  async sendPicture(picture, item, here) {
    try {
      const mediaId = await upload(here.account.name, "image", await picture());
      if (item && !(await this.act(item.type, { key: item.key, media_id: mediaId }, here))) return;
      await this.act("image", { media_id: mediaId }, here);
    } catch (error) {
      this.toast(error.message);
    }
  }

  back() {
    this.store.openChat(null);
    this.#writeAddress();
  }

  chooseIdentity() {
    this.panels.identities(this.store.people, this.store.me, (person) => this.become(person));
  }

  act(kind, fields, here) {
    return this.store.act(kind, fields, here);
  }

  keepAtEnd() {
    this.#chat.toEnd();
  }

  toast(words) {
    const toast = part("toast");
    toast.textContent = words;
    toast.classList.add("shown");
    clearTimeout(this.#toastTimer);
    this.#toastTimer = setTimeout(() => toast.classList.remove("shown"), TOAST_MILLISECONDS);
  }

  #draw() {
    document.body.dataset.screen = this.store.open ? "chat" : "home";
    document.body.dataset.app = this.store.me.staff ? "wecom" : "wechat";
    part("home").inert = Boolean(this.store.open);
    part("chat").inert = !this.store.open;
    this.#drawLists();
    this.#chat.show();
    this.#showClock();
  }

  #drawLists() {
    for (const [node, draw] of [[part("home"), drawHome], [part("roster"), drawRoster]]) {
      const focused = node.contains(document.activeElement) ? document.activeElement.dataset : null;
      draw(node, this);
      if (focused?.account) node.querySelector(`[data-account="${CSS.escape(focused.account)}"]`)?.focus();
      if (focused?.person) node.querySelector(`[data-person="${CSS.escape(focused.person)}"]`)?.focus();
    }
  }

  #onChat() {
    this.#drawLists();
    this.#chat.show();
  }

  #showClock() {
    this.#time.textContent = wallTime(this.clock.now());
    this.#console.showClock();
  }

  /** Read the sandbox's clock and show it; a new day changes how all times are written. */
  async readClock() {
    await this.clock.refresh();
    this.#showClock();
    this.#chat.onClock();
    const day = dayNumber(this.clock.now());
    if (day !== this.#day) this.#drawLists();
    this.#day = day;
  }

  async #tick() {
    if (document.hidden) return;
    try {
      await this.readClock();
    } catch {
      return;
    }
    const { open } = this.store;
    if (open && this.store.chat(open).typing) this.store.refresh(open);
  }

  async #reloadAccounts() {
    if (document.hidden || this.sheets.isOpen) return;
    try {
      await this.store.reloadAccounts();
    } catch {
      return;
    }
    this.#chat.show();
  }
}

const phone = new Phone();
phone.start().then(
  () => { document.body.dataset.ready = "true"; },
  (error) => {
    document.body.dataset.ready = "failed";
    replace(part("layer"), el("div", { class: "failure", role: "alert" }, el("strong", {}, "打不开沙箱"), el("p", {}, error.message)));
    part("layer").classList.add("open");
  },
);
