// What the page knows: who there is, who the user is, which chat is open, and what stands in each chat.
// Tells its listeners with the events "people", "chat" (detail: account name), "open" and "trouble".

import * as wire from "./wire.js";

const SEEN = "zhike-phone-seen-until";

function readSeen() {
  try {
    return JSON.parse(sessionStorage.getItem(SEEN) ?? "{}");
  } catch {
    return {};
  }
}

export class Store extends EventTarget {
  accounts = [];
  people = [];
  /** The person whom the user plays, or null. */
  me = null;
  /** The account whose chat is open, or null. */
  open = null;
  #chats = new Map();
  #seen = readSeen();
  #followed = [];
  #fetching = new Map();

  async load() {
    [this.accounts, this.people] = await Promise.all([wire.fetchAccounts(), wire.fetchPeople()]);
  }

  /** Menus and QR codes change while the sandbox runs. */
  async reloadAccounts() {
    this.accounts = await wire.fetchAccounts();
    if (this.open) this.open = this.accounts.find((account) => account.name === this.open.name) ?? null;
  }

  accountsOf(person) {
    return this.accounts.filter((account) => account.wecom === person.staff && (!person.corp || account.corp === person.corp));
  }

  chat(account) {
    return this.#chats.get(account.name) ?? { messages: [], following: null, pending: false, typing: false, quota: null, draft: "" };
  }

  /** How many of the account's messages have come since the chat was last looked at. */
  unread(account) {
    const seen = this.#seen[this.#key(account)] ?? { at: 0, same: 0 };
    const { messages } = this.chat(account);
    const later = messages.filter((message) => message.at > seen.at);
    const same = messages.filter((message) => message.at === seen.at).slice(seen.same);
    return [...same, ...later].filter((message) => message.from === "account").length;
  }

  unreadInAll() {
    return this.me ? this.accountsOf(this.me).reduce((sum, account) => sum + this.unread(account), 0) : 0;
  }

  choosePerson(id, staff) {
    this.#followed.forEach((end) => end());
    this.me = this.people.find((person) => person.id === id && person.staff === staff) ?? null;
    this.open = null;
    this.#chats.clear();
    this.#fetching.clear();
    this.#followed = this.me ? this.accountsOf(this.me).map((account) => this.#follow(account)) : [];
    this.#tell("people");
  }

  openChat(account) {
    this.open = account;
    if (account) this.markSeen(account);
    this.#tell("open");
  }

  /** Many messages can bear the same moment, so the number of those is kept with it. */
  markSeen(account) {
    const { messages } = this.chat(account);
    if (!messages.length) return;
    const at = Math.max(...messages.map((message) => message.at));
    this.#seen[this.#key(account)] = { at, same: messages.filter((message) => message.at === at).length };
    sessionStorage.setItem(SEEN, JSON.stringify(this.#seen));
  }

  /** Who does something where: what begins in one chat is meant for it, whatever is open when it ends. */
  here() {
    return { account: this.open, person: this.me };
  }

  /** Let the person do something, in the open chat unless another is given; true when the sandbox took it. */
  async act(kind, fields = {}, { account, person } = this.here()) {
    if (!account) return false;
    try {
      await wire.act(account.name, person.id, kind, fields);
    } catch (error) {
      this.#tell("trouble", error.message);
      return false;
    }
    if (this.me === person) await this.refresh(account);
    return true;
  }

  /** Let a servicer do something in the open chat, which is one of WeChat customer service. */
  async serve(servicer, kind, fields = {}, { account, person } = this.here()) {
    try {
      await wire.serve(account.name, servicer, person.id, kind, fields);
    } catch (error) {
      this.#tell("trouble", error.message);
      return;
    }
    if (this.me === person) await this.refresh(account);
  }

  /** Get what a menu button of the open chat brings by itself. */
  async takeMaterial(id) {
    const { account, person } = this.here();
    try {
      await wire.takeMaterial(account.name, person.id, id);
    } catch (error) {
      this.#tell("trouble", error.message);
      return;
    }
    if (this.me === person) await this.refresh(account);
  }

  /** Read the chat again; calls during a reading are joined into one more. */
  refresh(account) {
    const running = this.#fetching.get(account.name);
    if (running) {
      running.again = true;
      return running.done;
    }
    const state = { again: false, done: null };
    this.#fetching.set(account.name, state);
    state.done = this.#read(account, state);
    return state.done;
  }

  async #read(account, state) {
    const person = this.me;
    try {
      do {
        state.again = false;
        const chat = await wire.fetchChat(account.name, person.id);
        if (this.me !== person) return;
        this.#chats.set(account.name, { ...this.chat(account), ...chat });
        if (this.open?.name === account.name) this.markSeen(account);
        this.#tell("chat", account.name);
      } while (state.again);
    } catch (error) {
      this.#tell("trouble", error.message);
    } finally {
      if (this.#fetching.get(account.name) === state) this.#fetching.delete(account.name);
    }
  }

  keepDraft(account, draft) {
    this.#chats.set(account.name, { ...this.chat(account), draft });
  }

  #follow(account) {
    return wire.follow(account.name, this.me.id, () => this.refresh(account));
  }

  #key(account) {
    return `${account.name} ${this.me.staff ? "staff" : "customer"} ${this.me.id}`;
  }

  #tell(type, detail = null) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
