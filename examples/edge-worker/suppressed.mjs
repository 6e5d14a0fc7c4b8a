// Whom the worker was told to forget, so that an old state cannot bring them back: HMAC-SHA-256 of each id by a secret that is
// not stored with them. Without the secret the list says how many they are and nothing more; with it a guessed id can be
// confirmed, which is what the list is for.
const BYTES = 16;
const encoder = new TextEncoder();

export class Suppressed {
  #key;
  /** Hex of the first bytes of each HMAC. */
  #entries = new Set();

  /** @param {string} [secret] without one nothing is kept and nothing refused. */
  constructor(secret) {
    this.#key = secret
      ? crypto.subtle.importKey('raw', encoder.encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
      : undefined;
  }

  /** Takes the ids of a request to forget. */
  async add({ users = [], items = [], interactions = [] }) {
    for (const user of users) await this.#keep('user', user);
    for (const item of items) await this.#keep('item', item);
    for (const [user, item] of interactions) {
      await this.#keep('has', user); // so that only these users' rows have to be looked through
      await this.#keep('pair', user, item);
    }
  }

  /** How many of them a data set holds. */
  async foundIn({ users, items, userItems: { indptr, indices } }) {
    if (this.#entries.size === 0) return 0;
    let found = 0;
    for (const item of items) if (await this.#has('item', item)) found++;
    for (const user of users) {
      if (await this.#has('user', user)) found++;
      if (!(await this.#has('has', user))) continue;
      const row = users.indexOf(user);
      for (let e = indptr[row]; e < indptr[row + 1]; e++) if (await this.#has('pair', user, items.at(indices[e]))) found++;
    }
    return found;
  }

  bytes() {
    const bytes = new Uint8Array(this.#entries.size * BYTES);
    // In the order of the entries' own values, so that nothing tells when each came.
    [...this.#entries].sort().forEach((hex, n) =>
      bytes.set(
        hex.match(/../g).map((byte) => Number.parseInt(byte, 16)),
        n * BYTES,
      ),
    );
    return bytes;
  }

  load(bytes) {
    for (let at = 0; at < bytes.length; at += BYTES) this.#entries.add(hexOf(bytes.subarray(at, at + BYTES)));
  }

  async #keep(...words) {
    if (this.#key) this.#entries.add(await this.#mac(words));
  }

  async #has(...words) {
    return this.#key !== undefined && this.#entries.has(await this.#mac(words));
  }

  async #mac(words) {
    const mac = await crypto.subtle.sign('HMAC', await this.#key, encoder.encode(JSON.stringify(words)));
    return hexOf(new Uint8Array(mac, 0, BYTES));
  }
}

const hexOf = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
