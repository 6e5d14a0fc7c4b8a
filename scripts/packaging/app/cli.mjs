import { story } from './story.mjs';

console.log(await story());
