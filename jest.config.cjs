// `make unit`, `make integration` and `make e2e` run one project each, `make test` those three. `make e2e-vlan` runs
// the fourth in user-mode-linux, `make e2e-packages` the fifth on what `make dist` made.

// Files have the modes that they are made with, whatever the caller's umask.
process.umask(0o022);

const project = (name) => ({
  displayName: name,
  testEnvironment: '<rootDir>/build/jest-environment.cjs',
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  // @noble/hashes comes as ES modules alone.
  transform: { '\\.ts$|/@noble/.*\\.js$': '<rootDir>/build/jest-transform.cjs' },
  transformIgnorePatterns: ['/node_modules/(?!@noble/)'],
  moduleFileExtensions: ['ts', 'js', 'cjs', 'json', 'node'],
  moduleNameMapper: { '^@2060\\.io/ref-napi$': 'ref-napi' },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
  injectGlobals: true,
});

module.exports = {
  projects: ['unit', 'integration', 'e2e', 'e2e-vlan', 'e2e-packages'].map(project),
  maxWorkers: 2,
  testTimeout: 60_000,
  reporters: ['default', '<rootDir>/build/jest-tally.cjs'],
};
