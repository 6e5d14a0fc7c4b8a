// A pause in synchronous work.

/** Lets other work run (timers, signals, the page) between two blocks of synchronous work. */
export function breathe(): Promise<void> {
  // A macrotask without setTimeout's clamp to 4 ms in browsers; all runtimes have MessageChannel.
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}
