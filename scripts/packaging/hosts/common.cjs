// CommonJS: Node hands out an ES module to `require`.
const { VERSION, openTeam } = require('lethe');
const { als } = require('lethe/als');

openTeam(2).then(async (team) => {
  console.log(`${team.threads} ${als.name} ${VERSION}`);
  await team.close();
});
