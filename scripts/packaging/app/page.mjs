import { story } from './story.mjs';

story().then(
  (line) => (globalThis.letheResult = line),
  (error) => (globalThis.letheResult = `error: ${error}`),
);
