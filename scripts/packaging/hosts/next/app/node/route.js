import { openTeam } from 'lethe';
import { story } from '../../story.mjs';

export const dynamic = 'force-dynamic';
export async function GET() {
  const team = await openTeam(2);
  const { threads } = team;
  await team.close();
  return new Response(`${threads} ${await story()}`);
}
