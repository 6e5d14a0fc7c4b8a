import { story } from './story.mjs';
export default {
  fetch: async () => new Response(await story()),
  async test() {
    console.log(`@@story ${await story()}`);
  },
};
