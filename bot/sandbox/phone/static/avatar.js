// Rounded square avatars from a name: its initials on a colour that stays the same for the same id.

import { el } from "./dom.js";

const TONES = 10;

function hash(text) {
  let value = 2166136261;
  for (const character of text) value = Math.imul(value ^ character.codePointAt(0), 16777619) >>> 0;
  return value;
}

/** Two characters at most: the last two of a Chinese personal name, the first of an account, else initials. */
export function initials(name, { account = false } = {}) {
  const characters = [...name.trim()];
  if (!characters.length) return "?";
  if (/\p{Script=Han}/u.test(name)) {
    const han = characters.filter((c) => /\p{Script=Han}/u.test(c));
    return account ? han.slice(0, 2).join("") : han.slice(-2).join("");
  }
  const words = name.trim().split(/[\s._-]+/u).filter(Boolean);
  return words.slice(0, 2).map((word) => [...word][0].toUpperCase()).join("");
}

export function avatar(id, name, { account = false, className = "" } = {}) {
  return el("span", { class: `avatar tone-${hash(id) % TONES} ${account ? "of-account" : ""} ${className}`.trim(), "aria-hidden": "true" },
    initials(name, { account }));
}
