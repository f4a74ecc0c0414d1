// pkg's SEA step, called with settings that its command line has no options for.
// usage: node pkg-sea.cjs BUNDLE OUTPUT, run by the Node that goes into the executable

const { resolve } = require('node:path');
const options = require('pkg/lib-es5/options').default;
const { default: sea } = require('pkg/lib-es5/sea');

// pkg works in a temporary directory, where a relative path would end up.
const [bundle, output] = process.argv.slice(2).map((path) => resolve(path));

options.set({});
sea(bundle, {
  targets: [{ nodeRange: `node${process.versions.node}`, platform: 'linux', arch: 'x64', output }],
  seaConfig: {
    // A program that root runs must take no code from its environment, so NODE_OPTIONS is not read.
    execArgvExtension: 'none',
    useCodeCache: true,
  },
}).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
