import { story } from '../../story.mjs';

export const runtime = 'edge';
export const GET = async () => new Response(await story());
