// The story, on two threads where the host has them: a bundle must not lose them.
import { openTeam } from 'lethe';
import { story } from './story.mjs';

const team = await openTeam(2);
console.log(`${team.threads} ${await story()}`);
await team.close();
