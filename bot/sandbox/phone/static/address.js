// Which addresses this page may load: its own server's and no other's.

/** Return the address when it belongs to this page's own server, else null. */
export function ownAddress(address) {
  if (!address) return null;
  try {
    const url = new URL(address, location.href);
    return url.origin === location.origin ? url.href : null;
  } catch {
    return null;
  }
}
