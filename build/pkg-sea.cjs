// pkg's SEA step, called with what its command line has no option for.
// usage: node pkg-sea.cjs BUNDLE OUTPUT, run by the Node that goes into the executable

const { resolve } = require('node:path');
const options = require('pkg/lib-es5/options').default;
const { default: sea } = require('pkg/lib-es5/sea');

// pkg works in a temporary directory, so a relative path would end there.
const [bundle, output] = process.argv.slice(2).map((path) => resolve(path));

options.set({});
sea(bundle, {
  targets: [{ nodeRange: `node${process.versions.node}`, platform: 'linux', arch: 'x64', output }],
  seaConfig: {
    // A program that root runs takes no code from its environment: NODE_OPTIONS is not read.
    execArgvExtension: 'none',
    useCodeCache: true,
  },
}).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
