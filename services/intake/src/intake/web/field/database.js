// The phone's database. `outbox`, `bodies`, `history` and `private` hold encrypted records, `data` what everybody may read.
const NAME = "campo";
const VERSION = 1;
const STORES = { keys: null, outbox: "id", bodies: "id", history: "report", private: null, data: null };

let opened = null;

/** The open database; another tab that deletes it is not held up. */
function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      for (const [name, keyPath] of Object.entries(STORES)) {
        if (!request.result.objectStoreNames.contains(name)) request.result.createObjectStore(name, keyPath ? { keyPath } : {});
      }
    };
    request.onsuccess = () => {
      request.result.onversionchange = () => close();
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
  });
  opened.catch(() => (opened = null));
  return opened;
}

function close() {
  const before = opened;
  opened = null;
  before?.then((database) => database.close());
}

/** Runs `work` in one transaction, which is on the disk when the promise is kept; the value is that of the request that `work` returns. */
async function transact(stores, mode, work) {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(stores, mode, { durability: "strict" });
    const request = work(transaction);
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error ?? new DOMException("aborted", "AbortError"));
  });
}

/** One value, or undefined. */
export const read = (store, key) => transact([store], "readonly", (t) => t.objectStore(store).get(key));

/** All values of a store. */
export const readAll = (store) => transact([store], "readonly", (t) => t.objectStore(store).getAll());

/** The keys of a store. */
export const readKeys = (store) => transact([store], "readonly", (t) => t.objectStore(store).getAllKeys());

/** All or nothing: `puts` are [store, value, key] and `deletes` are [store, key]. */
export function write(puts, deletes = []) {
  const stores = [...new Set([...puts, ...deletes].map(([store]) => store))];
  if (stores.length === 0) return Promise.resolve(); // a transaction about nothing is refused
  return transact(stores, "readwrite", (transaction) => {
    for (const [store, value, key] of puts) transaction.objectStore(store).put(value, ...(key === undefined ? [] : [key]));
    for (const [store, key] of deletes) transaction.objectStore(store).delete(key);
  });
}

/** Puts a value unless the key has one; returns the one that is there afterwards. */
export async function putMissing(store, value, key) {
  await transact([store], "readwrite", (transaction) => {
    const target = transaction.objectStore(store);
    const request = target.get(key);
    request.onsuccess = () => request.result === undefined && target.put(value, key);
  });
  return read(store, key);
}

/** Forgets a record that has arrived, unless it was written anew while it was on its way; `puts` are written with it. */
export function forget({ id, n }, puts = []) {
  const stores = ["outbox", "bodies", ...puts.map(([store]) => store)];
  return transact([...new Set(stores)], "readwrite", (transaction) => {
    const target = transaction.objectStore("outbox");
    const request = target.get(id);
    request.onsuccess = () => {
      if (request.result?.n !== n) return;
      target.delete(id);
      transaction.objectStore("bodies").delete(id);
    };
    for (const [store, value] of puts) transaction.objectStore(store).put(value);
  });
}

/** Forgets the bodies with this beginning that no record sends, in one transaction: what another tab saves meanwhile is kept. */
export function forgetUnsent(beginning) {
  return transact(["outbox", "bodies"], "readwrite", (transaction) => {
    const [outbox, bodies] = ["outbox", "bodies"].map((name) => transaction.objectStore(name));
    const all = bodies.getAllKeys(IDBKeyRange.bound(beginning, `${beginning}\uffff`));
    all.onsuccess = () => {
      for (const id of all.result) {
        const sent = outbox.getKey(id);
        sent.onsuccess = () => sent.result === undefined && bodies.delete(id);
      }
    };
  });
}

/** Changes one value of the outbox if it is still there, and with `n` only as it was then. */
export function change(id, fields, n = null) {
  return transact(["outbox"], "readwrite", (transaction) => {
    const target = transaction.objectStore("outbox");
    const request = target.get(id);
    request.onsuccess = () => request.result && (n === null || request.result.n === n) && target.put({ ...request.result, ...fields });
  });
}

/** Deletes everything, the key first: what is left of a deletion that was cut off can be read by nobody. */
export async function wipe() {
  await transact(Object.keys(STORES), "readwrite", (t) => Object.keys(STORES).forEach((name) => t.objectStore(name).clear()));
  close();
  await new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(NAME);
    request.onsuccess = request.onerror = request.onblocked = resolve;
  });
}
