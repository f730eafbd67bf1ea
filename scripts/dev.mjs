import { main } from '../src/cli/main.ts';

// `npm run dev -- …`: the command line from the sources, as `bin/calib` is from dist.
await main(process.argv.slice(2));
