// Builds DOM nodes. Data only ever becomes text nodes or attribute values, never markup.

const SVG = "http://www.w3.org/2000/svg";

/** Return an element; `on` holds listeners, `data` dataset entries, null or false attributes are left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [type, listener] of Object.entries(value)) node.addEventListener(type, listener);
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name === "class") node.className = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(4).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Return an SVG element; `shapes` are [tag, attributes] pairs. */
export function svg(viewBox, shapes, attributes = {}) {
  const root = document.createElementNS(SVG, "svg");
  root.setAttribute("viewBox", viewBox);
  root.setAttribute("aria-hidden", "true");
  root.setAttribute("focusable", "false");
  for (const [name, value] of Object.entries(attributes)) root.setAttribute(name, value);
  for (const [tag, shape] of shapes) {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(shape)) {
      if (name === "text") node.textContent = value;
      else node.setAttribute(name, value);
    }
    root.append(node);
  }
  return root;
}

/** A button whose name for assistive technology is `label`. */
export function button(label, className, onTap, ...children) {
  return el("button", { type: "button", class: className, "aria-label": children.length ? label : null, on: { click: onTap } },
    children.length ? children : label);
}

export function replace(node, ...children) {
  node.replaceChildren(...children.flat(4).filter(Boolean));
}
