// What somebody tests who uses the library: it reads a Blob where the page of the test runner has one, and tells the story.
import { readDataset } from 'lethe';
import { story } from './story.mjs';

test('lethe', async () => {
  const { interactions } = await readDataset(new Blob(['user,item\nann,tea\nbob,milk\n']));
  console.log(`@@${typeof window} ${interactions} ${await story()}`);
});
