// Turns message text into nodes: words stay words, links become buttons. No markup of the text is ever obeyed.

import { el } from "./dom.js";

const ANCHOR = /<a\b([^<>]*)>([^<]*)<\/a\s*>/giu;
const HREF = /\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/iu;
const ADDRESS = /https?:\/\/[\w.~:/?#[\]@!$&'()*+,;=%-]+/giu;
const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'" };

function decode(text) {
  return text.replace(/&(?:amp|lt|gt|quot|#39);/gu, (entity) => ENTITIES[entity]);
}

function isWeb(address) {
  try {
    return ["http:", "https:"].includes(new URL(address).protocol);
  } catch {
    return false;
  }
}

/** Read `weixin://bizmsgmenu?msgmenucontent=…&msgmenuid=…`; null for any other address. */
export function readMenuLink(address) {
  const match = /^weixin:\/\/bizmsgmenu\?(.*)$/iu.exec(address);
  if (!match) return null;
  const query = new URLSearchParams(match[1]);
  const text = query.get("msgmenucontent");
  return text ? { text, id: query.get("msgmenuid") ?? "" } : null;
}

function link(label, address, actions) {
  const option = readMenuLink(address);
  const onTap = option ? () => actions.choose(option) : () => actions.open(address, label);
  return el("button", { type: "button", class: "link", on: { click: onTap } }, label);
}

function words(text, actions) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = match[0].replace(/[.,;:!?)\]'}]+$/u, "");
    nodes.push(text.slice(from, match.index), link(address, address, actions));
    from = match.index + address.length;
  }
  nodes.push(text.slice(from));
  return nodes.filter((node) => node !== "");
}

/**
 * Return the nodes of `text`. `actions.open(address, label)` is called for a web link and
 * `actions.choose({text, id})` for a menu link; an anchor with any other address stays as it was written.
 */
export function richText(text, actions) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(ANCHOR)) {
    const href = HREF.exec(match[1]);
    const address = href ? decode(href[1] ?? href[2] ?? href[3] ?? "").trim() : "";
    if (!readMenuLink(address) && !isWeb(address)) continue;
    nodes.push(...words(text.slice(from, match.index), actions), link(decode(match[2]) || address, address, actions));
    from = match.index + match[0].length;
  }
  nodes.push(...words(text.slice(from), actions));
  return nodes;
}

/** The text without its anchors' markup, for previews. */
export function plainText(text) {
  return text.replace(ANCHOR, (_, __, label) => decode(label)).replace(/\s+/gu, " ").trim();
}
