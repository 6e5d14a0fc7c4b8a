// A pause in synchronous work.

/** Lets other work run (timers, signals, the page) between two blocks of synchronous work. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    const channel = messageChannel();
    if (!channel) return void setTimeout(resolve);
    const { port1, port2 } = channel;
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}

/**
 * A message is a macrotask without setTimeout's clamp to 4 ms in browsers. Vercel's edge runtime has none; Next's sandbox
 * has one that throws.
 */
function messageChannel(): MessageChannel | undefined {
  try {
    return typeof MessageChannel === 'undefined' ? undefined : new MessageChannel();
  } catch {
    return undefined;
  }
}
