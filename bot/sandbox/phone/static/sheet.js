// Panels that slide over the screen of the phone: one at a time, closed by Escape, the grey beside them or a choice.

import { el, replace } from "./dom.js";
import { icon } from "./icons.js";

const FOCUSABLE = "button:not([disabled]), input, textarea, select, a[href]";

export class Sheets {
  #layer;
  #behind;
  #back = null;

  constructor(layer, behind) {
    this.#layer = layer;
    this.#behind = behind;
    layer.addEventListener("keydown", (event) => this.#onKey(event));
    layer.addEventListener("click", (event) => event.target === layer && this.close());
  }

  get isOpen() {
    return this.#layer.classList.contains("open");
  }

  /** Show a panel with a title; `build(close)` returns its content. `full` fills the screen. */
  show(title, build, { full = false, className = "" } = {}) {
    this.#back = this.isOpen ? this.#back : document.activeElement;
    const panel = el("div", { class: `sheet ${full ? "full" : ""} ${className}`.trim(), role: "dialog", "aria-modal": "true", "aria-label": title },
      el("header", { class: "sheet-head" },
        el("button", { type: "button", class: "sheet-close", "aria-label": "关闭", on: { click: () => this.close() } }, icon("close")),
        el("h2", {}, title)),
      el("div", { class: "sheet-body" }, build(() => this.close())));
    replace(this.#layer, panel);
    this.#layer.classList.add("open");
    this.#behind.inert = true;
    (panel.querySelector("[data-first]") ?? panel.querySelector(".sheet-body button, .sheet-body input, .sheet-body textarea") ?? panel.querySelector("button")).focus();
  }

  /** `back`: give the focus back to where it was; not when the chat behind the panel has gone too. */
  close({ back = true } = {}) {
    if (!this.isOpen) return;
    this.#layer.classList.remove("open");
    replace(this.#layer);
    this.#behind.inert = false;
    if (back && this.#back?.isConnected) this.#back.focus();
    this.#back = null;
  }

  #onKey(event) {
    if (event.key === "Escape") this.close();
    if (event.key !== "Tab") return;
    const stops = [...this.#layer.querySelectorAll(FOCUSABLE)];
    const edge = event.shiftKey ? stops[0] : stops.at(-1);
    if (document.activeElement !== edge) return;
    event.preventDefault();
    (event.shiftKey ? stops.at(-1) : stops[0])?.focus();
  }
}

/** A form of fields and one button; `fields` are {name, label, value, kind, required}. */
export function form(fields, action, onDone) {
  const controls = fields.map((field) => ({ field, control: control(field) }));
  const node = el("form", { class: "fields", on: { submit: (event) => {
    event.preventDefault();
    const values = Object.fromEntries(controls.map(({ field, control: input }) => [field.name, field.kind === "check" ? input.checked : input.value.trim()]));
    const missing = controls.find(({ field }) => field.required && !values[field.name]);
    if (missing) missing.control.focus();
    else onDone(values);
  } } },
  controls.map(({ field, control: input }) => el("label", { class: field.kind === "check" ? "check" : "field" }, el("span", {}, field.label), input)),
  el("button", { type: "submit", class: "primary" }, action));
  return node;
}

function control({ name, value = "", kind = "text", placeholder = null }) {
  const common = { name, placeholder, autocomplete: "off" };
  if (kind === "check") return el("input", { ...common, type: "checkbox", role: "switch", class: "switch", checked: Boolean(value) });
  if (kind === "long") return el("textarea", { ...common, rows: 3, "data-first": true }, value);
  return el("input", { ...common, type: "text", value });
}

/** One row of a list in a sheet. */
export function row(title, detail, onTap, picture = null) {
  return el("button", { type: "button", class: "list-row", on: { click: onTap } },
    picture, el("span", { class: "list-words" }, el("span", {}, title), detail ? el("small", {}, detail) : null));
}


