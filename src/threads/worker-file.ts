// The worker's script as a file beside this one. Swapped in the package's forms for hosts that start workers from the text
// (scripts/package.mjs): their bundlers would look for the file.

/** Starts the file as a worker. Bundlers look for exactly this form. */
export const workerFromFile: (() => Worker) | undefined = () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
